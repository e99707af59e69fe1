"""What of an utterance is compared: words, word pairs and runs of characters, each weighed by how rare it is. PURE.

All are without diacritics, since half of what people type is. A word typed with its diacritics is one more feature:
"bán" and "bạn" are then two words, and still one to whoever typed "ban".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from bot.language.normalize import Utterance

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

RUNS = (3, 4, 5)  # lengths of the character runs, inside one word
# Words, accented words and pairs carry the meaning; runs forgive spelling.
KIND_WEIGHT = {"w": 1.0, "a": 1.0, "b": 1.0, "c": 0.25}
SNAP_SCORE = 82  # rapidfuzz ratio from which an unknown word is taken for a known one
SNAP_LENGTH = 4  # shorter words are too easily another word


def word_features(word: str) -> Iterator[str]:
    """The kind's letter, then what it is: "wquen", "c que", "cquen"."""
    yield "w" + word
    run = f" {word} "
    for length in RUNS:
        for at in range(len(run) - length + 1):
            yield "c" + run[at : at + length]


def pair_features(words: Sequence[str]) -> Iterator[str]:
    """ "bquen mat"."""
    return (f"b{left} {right}" for left, right in pairwise(words))


def accent_features(words: Iterable[str]) -> Iterator[str]:
    """ "aquên", of those words that have a diacritic."""
    return ("a" + word for word in words if not word.isascii())


def features(utterance: Utterance) -> set[str]:
    words = utterance.folded
    plain = {feature for word in set(words) for feature in word_features(word)}
    return plain.union(pair_features(words), accent_features(utterance.words))


@dataclass(frozen=True)
class Row:
    """One utterance: the columns of its known features, and their weights; its length is 1 when all are known."""

    columns: Ints
    weights: Floats
    known: float = 0.0  # share of its words that are known


@dataclass(frozen=True)
class Rows:
    """Many utterances, one after the other: `starts` has one more than there are rows."""

    starts: Ints
    columns: Ints
    weights: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True)
class Vocabulary:
    """The features of the lines it was made from, and how rare each is."""

    features: tuple[str, ...]
    rarity: Floats  # by column, the kind's weight included
    unseen: float  # the rarity of a feature that no line has, without its kind's weight

    @classmethod
    def of(cls, lines: Iterable[Utterance]) -> Vocabulary:
        found: Counter[str] = Counter()
        count = 0
        for line in lines:
            found.update(features(line))
            count += 1
        rarity = [math.log((count + 1) / (seen + 0.5)) * KIND_WEIGHT[feature[0]] for feature, seen in found.items()]
        return cls(tuple(found), np.array(rarity, dtype=np.float32), math.log((count + 1) / 0.5))

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {feature: column for column, feature in enumerate(self.features)}

    @cached_property
    def _words(self) -> list[str]:
        return sorted(feature[1:] for feature in self.features if feature[0] == "w")

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._words)

    @cached_property
    def _joined(self) -> dict[str, tuple[str, ...]]:
        """ "kichhoat" -> ("kich", "hoat"), for the pairs that lines have."""
        pairs = (feature[1:].split(" ") for feature in self.features if feature[0] == "b")
        return {"".join(pair): tuple(pair) for pair in pairs}

    def row(self, utterance: Utterance) -> Row:
        """A feature that no line has still counts in the length: it makes everything else less sure.

        Not so an accented word that no line has: its letters count already.
        """
        words = self.mended(utterance.folded)
        parts = [self._word(word) for word in dict.fromkeys(words)]
        pairs, unseen = self._found(dict.fromkeys(pair_features(words)))
        accented, _ = self._found(dict.fromkeys(accent_features(utterance.words)))
        found = np.unique(np.concatenate([pairs, accented, *(part[0] for part in parts)]))  # words may share a run
        weights = self.rarity[found]
        square = unseen + sum(part[1] for part in parts) + float(weights @ weights)
        known = sum(word in self._known for word in words) / len(words) if words else 0.0
        return Row(found, weights / np.float32(math.sqrt(square) or 1.0), known)

    @cached_property
    def _word(self) -> Callable[[str], tuple[Ints, float]]:
        return lru_cache(maxsize=16384)(lambda word: self._found(word_features(word)))

    def _found(self, features: Iterable[str]) -> tuple[Ints, float]:
        """The columns of the known features, and the squares of the others' weights summed up."""
        columns, unseen = [], 0.0
        for feature in features:
            column = self._columns.get(feature)
            if column is None:
                unseen += (self.unseen * KIND_WEIGHT[feature[0]]) ** 2
            else:
                columns.append(column)
        return np.array(columns, dtype=np.int32), unseen

    def rows(self, utterances: Iterable[Utterance]) -> Rows:
        rows = [self.row(utterance) for utterance in utterances]
        starts = np.cumsum([0, *(len(row.columns) for row in rows)], dtype=np.int32)
        nothing = Row(np.zeros(0, np.int32), np.zeros(0, np.float32))
        return Rows(
            starts,
            np.concatenate([row.columns for row in rows or [nothing]]),
            np.concatenate([row.weights for row in rows or [nothing]]),
        )

    def mended(self, words: Sequence[str]) -> list[str]:
        """Words that were split, joined or misspelt, as the lines have them."""
        return [known for word in self._rejoined(words) for known in self._snap(word)]

    def _rejoined(self, words: Sequence[str]) -> Iterator[str]:
        """ "vne" "id" -> "vneid", where one of the two is no word by itself."""
        at = 0
        while at < len(words):
            word = words[at]
            if at + 1 < len(words) and (word not in self._known or words[at + 1] not in self._known):
                joined = word + words[at + 1]
                if joined in self._known:
                    yield joined
                    at += 2
                    continue
            yield word
            at += 1

    @cached_property
    def _snap(self) -> Callable[[str], tuple[str, ...]]:
        return lru_cache(maxsize=8192)(self._nearest)

    def _nearest(self, word: str) -> tuple[str, ...]:
        if word in self._known or len(word) < SNAP_LENGTH or word.isdigit():
            return (word,)
        if word in self._joined:
            return self._joined[word]
        near = process.extractOne(word, self._words, scorer=fuzz.ratio, score_cutoff=SNAP_SCORE)
        return (near[0],) if near else (word,)
