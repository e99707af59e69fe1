"""Which guide an utterance asks for. PURE: an index of lines goes in, scored ids come out.

Texts are compared by the features they share (words, word pairs, runs of characters), each weighed by how rare it is.
Over those likenesses a kernel ridge regression learns what speaks for a guide and, as much, what speaks against it: a
word that many guides' lines share counts for none of them. rapidfuzz brings a misspelt word back to a known one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2s
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from scipy import linalg, sparse

from bot.language.normalize import Normalizer, Utterance


class Outcome(StrEnum):
    GUIDE = "guide"
    CHOICES = "choices"
    UNKNOWN = "unknown"
    COMMAND = "command"


@dataclass(frozen=True)
class Scored:
    id: str
    score: float  # 0 to 1


@dataclass(frozen=True)
class Match:
    """What free text means. `guides` are best first, at most CHOICES_SHOWN when torn."""

    outcome: Outcome
    guides: tuple[Scored, ...] = ()
    command: str = ""


@dataclass(frozen=True)
class Thresholds:
    """Where sure, torn and unknown part. Chosen on the guides' `check:` lines and lines that no guide covers."""

    sure: float = 0.26  # from here the best guide is given
    torn: float = 0.14  # below, nothing is offered
    margin: float = 0.1  # a second guide closer than this makes it a question back
    near: float = 0.5  # only guides with this share of the best score are offered


Weights = NDArray[np.float32]  # lines x ids
Learnt = MutableMapping[str, Weights]  # by what it was learnt from

CHOICES_SHOWN = 3
BACKGROUND = ""  # the id of lines that no guide is about
_RUNS = (3, 4, 5)  # lengths of the character runs
_KIND_WEIGHT = {"w": 1.0, "b": 0.7, "c": 0.5}  # words carry most; runs of characters forgive spelling
_SNAP_SCORE = 82  # rapidfuzz ratio from which an unknown word is taken for a known one
_SNAP_LENGTH = 4  # shorter words are too easily another word
_RIDGE = 0.3  # how much the regression is held back from learning single lines by heart
_LINE_WEIGHT = 0.6  # of the best single line beside the regression's 1: it knows wordings that only one line has


def _features(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        yield "w" + word
    for left, right in pairwise(words):
        yield f"b{left} {right}"
    for word in words:
        run = f" {word} "
        for length in _RUNS:
            for at in range(len(run) - length + 1):
                yield "c" + run[at : at + length]


class Vocabulary:
    """How rare each feature is, and which words are known."""

    def __init__(self, lines: Iterable[Utterance]) -> None:
        found: Counter[str] = Counter()
        count = 0
        for line in lines:
            found.update(set(_features(line.folded)))
            count += 1
        self._column = {feature: number for number, feature in enumerate(found)}
        self._rarity = {feature: math.log((count + 1) / (seen + 0.5)) for feature, seen in found.items()}
        self._unseen = math.log((count + 1) / 0.5)
        self._words = sorted(feature[1:] for feature in found if feature[0] == "w")
        self._known = frozenset(self._words)
        self._snap = lru_cache(maxsize=8192)(self._nearest)

    def rows(self, lines: Iterable[Utterance]) -> sparse.csr_matrix:
        """A row a line, of length 1 when every feature is known.

        A feature that no line has still counts in the length: it makes everything else less sure.
        """
        starts, columns, weights = [0], [], []
        for line in lines:
            words = [self._snap(word) for word in line.folded]
            counts = Counter(_features(words))
            row = {
                feature: (1 + math.log(count)) * self._rarity.get(feature, self._unseen) * _KIND_WEIGHT[feature[0]]
                for feature, count in counts.items()
            }
            length = math.sqrt(sum(weight * weight for weight in row.values())) or 1.0
            for feature, weight in row.items():
                if feature in self._column:
                    columns.append(self._column[feature])
                    weights.append(weight / length)
            starts.append(len(columns))
        shape = (len(starts) - 1, len(self._column))
        return sparse.csr_matrix((np.array(weights, dtype=np.float32), columns, starts), shape=shape)

    def _nearest(self, word: str) -> str:
        if word in self._known or len(word) < _SNAP_LENGTH or word.isdigit():
            return word
        near = process.extractOne(word, self._words, scorer=fuzz.ratio, score_cutoff=_SNAP_SCORE)
        return near[0] if near else word


class Index:
    """Lines with the id that each speaks for."""

    def __init__(
        self, lines: Iterable[tuple[str, Utterance]], vocabulary: Vocabulary, learnt: Learnt | None = None
    ) -> None:
        """`learnt` spares learning what was learnt before from the same lines, and is given what is learnt now."""
        by_owner = sorted(lines, key=lambda line: line[0])
        self._vocabulary = vocabulary
        self._ids = sorted({owner for owner, _ in by_owner})
        if not by_owner:
            return
        owners = np.array([self._ids.index(owner) for owner, _ in by_owner])
        self._starts = np.searchsorted(owners, np.arange(len(self._ids)))  # the first line of each id
        rows = vocabulary.rows(line for _, line in by_owner)
        self._columns = rows.T.tocsr()
        learnt = {} if learnt is None else learnt
        key = _digest(by_owner)
        if (weights := learnt.get(key)) is None:
            weights = learnt[key] = _learn(rows, owners)
        self._weights = weights

    def rank(self, utterance: Utterance) -> list[Scored]:
        """Every id with its score, best first; an utterance that shares nothing with any line scores 0 for all."""
        if not self._ids:
            return []
        cosines = (self._vocabulary.rows([utterance]) @ self._columns).toarray()[0]
        best = np.maximum.reduceat(cosines, self._starts)
        scores = (cosines @ self._weights + _LINE_WEIGHT * best) / (1 + _LINE_WEIGHT)
        return [Scored(self._ids[at], float(scores[at])) for at in np.argsort(-scores, kind="stable")]


def _learn(rows: sparse.csr_matrix, owners: NDArray[np.intp]) -> Weights:
    """Kernel ridge regression: how much each line (row) speaks for each owner (column)."""
    likeness = (rows @ rows.T).toarray()
    likeness[np.diag_indices_from(likeness)] += _RIDGE
    wanted = (owners[:, None] == np.arange(owners[-1] + 1)).astype(np.float32)
    factor = linalg.cho_factor(likeness, overwrite_a=True, check_finite=False)
    return np.asarray(linalg.cho_solve(factor, wanted, overwrite_b=True, check_finite=False))


def _digest(lines: Sequence[tuple[str, Utterance]]) -> str:
    """Names what `_learn` learns from: the lines and every constant that weighs them."""
    constants = repr((_RUNS, sorted(_KIND_WEIGHT.items()), _SNAP_SCORE, _SNAP_LENGTH, _RIDGE))
    said = "\n".join(f"{owner}\t{line.key}" for owner, line in lines)
    return blake2s(f"{constants}\n{said}".encode(), digest_size=16).hexdigest()


def decide(scored: Sequence[Scored], thresholds: Thresholds) -> Match:
    """One guide, a few to choose from, or unknown. The background is a rival that is never offered."""
    ranked = [one for one in scored if one.id != BACKGROUND]
    background = next((one.score for one in scored if one.id == BACKGROUND), 0.0)
    if not ranked or ranked[0].score < max(thresholds.torn, background):
        return Match(Outcome.UNKNOWN, tuple(ranked[:CHOICES_SHOWN]))
    best = ranked[0]
    rivals = [one for one in ranked[1:] if one.score >= best.score * thresholds.near]
    second = max(rivals[0].score if rivals else 0.0, background)
    is_torn = best.score - second < thresholds.margin
    if best.score >= thresholds.sure and not is_torn:
        return Match(Outcome.GUIDE, tuple(ranked[:CHOICES_SHOWN]))
    return Match(Outcome.CHOICES, (best, *rivals[: CHOICES_SHOWN - 1]))


class Matcher:
    """An index of guides and the thresholds that judge it."""

    def __init__(
        self,
        lines: Iterable[tuple[str, str]],
        normalizer: Normalizer,
        background: Iterable[str] = (),
        thresholds: Thresholds | None = None,
        learnt: Learnt | None = None,
    ) -> None:
        self.normalizer = normalizer
        self.thresholds = thresholds or Thresholds()
        normalized = [(owner, normalizer(text)) for owner, text in lines]
        normalized += [(BACKGROUND, normalizer(text)) for text in background]
        self.vocabulary = Vocabulary(line for _, line in normalized)
        self._index = Index(normalized, self.vocabulary, learnt)

    def rank(self, text: str) -> list[Scored]:
        """Every guide, best first, and the background among them."""
        return self._index.rank(self.normalizer(text))

    def match(self, text: str) -> Match:
        return decide(self.rank(text), self.thresholds)
