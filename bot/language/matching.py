"""Which guide an utterance asks for. PURE: an index of lines goes in, scored ids come out.

A line and an utterance are compared by the features they share (words, word pairs, character runs), each weighed by
how rare it is among all lines; rapidfuzz brings a misspelt word back to a known one.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import fuzz, process

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

    sure: float = 0.32  # from here the best guide is given
    torn: float = 0.22  # below, nothing is offered
    margin: float = 0.08  # a second guide closer than this makes it a question back
    near: float = 0.75  # only guides with this share of the best score are offered


CHOICES_SHOWN = 3
BACKGROUND = ""  # the id of lines that no guide is about
_CHAR_RUNS = (3, 4)
_KIND_WEIGHT = {"w": 1.0, "b": 0.7, "c": 0.35}  # words carry most; runs of characters forgive spelling
_SNAP_SCORE = 82  # rapidfuzz ratio from which an unknown word is taken for a known one
_SNAP_LENGTH = 4  # shorter words are too easily another word
LINE_SHARE = 0.55  # of a score is the best lines, the rest how much of the utterance the guide accounts for
_BEST_SHARE = 0.75  # of a guide's score is its best line, the rest the mean of its next two


def _features(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        yield "w" + word
    for left, right in pairwise(words):
        yield f"b{left} {right}"
    run = f" {' '.join(words)} "
    for length in _CHAR_RUNS:
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
        self._rarity = {feature: math.log((count + 1) / (seen + 0.5)) for feature, seen in found.items()}
        self._unseen = math.log((count + 1) / 0.5)
        self._words = sorted(feature[1:] for feature in found if feature[0] == "w")
        self._known = frozenset(self._words)
        self._snap = lru_cache(maxsize=8192)(self._nearest)

    def vector(self, utterance: Utterance) -> dict[str, float]:
        """Feature weights of length 1. A word that no line has still counts: it makes everything else less sure."""
        words = [self._snap(word) for word in utterance.folded]
        weights: dict[str, float] = defaultdict(float)
        for feature in _features(words):
            weights[feature] += self._rarity.get(feature, self._unseen) * _KIND_WEIGHT[feature[0]]
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {feature: weight / length for feature, weight in weights.items()} if length else {}

    def _nearest(self, word: str) -> str:
        if word in self._known or len(word) < _SNAP_LENGTH or word.isdigit():
            return word
        near = process.extractOne(word, self._words, scorer=fuzz.ratio, score_cutoff=_SNAP_SCORE)
        return near[0] if near else word


class Index:
    """Lines with the id that each speaks for."""

    def __init__(self, lines: Iterable[tuple[str, Utterance]], vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._ids: list[str] = []
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, (owner, line) in enumerate(lines):
            self._ids.append(owner)
            for feature, weight in vocabulary.vector(line).items():
                self._postings[feature].append((number, weight))

    def rank(self, utterance: Utterance) -> list[Scored]:
        """Every id that shares anything with the utterance, best first.

        A guide scores by its best lines, and by how much of the utterance all its lines together account for: a long
        story is never one line, but its words are all known to the guide that it is about.
        """
        cosines: dict[int, float] = defaultdict(float)
        covered: dict[str, float] = defaultdict(float)
        for feature, weight in self._vocabulary.vector(utterance).items():
            owners = set()
            for number, other in self._postings.get(feature, ()):
                cosines[number] += weight * other
                owners.add(self._ids[number])
            for owner in owners:
                covered[owner] += weight * weight
        lines: dict[str, list[float]] = defaultdict(list)
        for number, cosine in cosines.items():
            lines[self._ids[number]].append(cosine)
        scored = [
            Scored(owner, LINE_SHARE * _blend(sorted(found, reverse=True)[:3]) + (1 - LINE_SHARE) * covered[owner])
            for owner, found in lines.items()
        ]
        return sorted(scored, key=lambda one: (-one.score, one.id))


def _blend(best: Sequence[float]) -> float:
    rest = best[1:]
    return best[0] * _BEST_SHARE + (sum(rest) / len(rest) if rest else best[0]) * (1 - _BEST_SHARE)


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
    ) -> None:
        self.normalizer = normalizer
        self.thresholds = thresholds or Thresholds()
        normalized = [(owner, normalizer(text)) for owner, text in lines]
        normalized += [(BACKGROUND, normalizer(text)) for text in background]
        self.vocabulary = Vocabulary(line for _, line in normalized)
        self._index = Index(normalized, self.vocabulary)

    def match(self, text: str) -> Match:
        return decide(self._index.rank(self.normalizer(text)), self.thresholds)
