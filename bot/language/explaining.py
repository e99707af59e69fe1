"""Why a text led to the guides that it did: what carried each of them, and how the chances stood. PURE.

For whoever writes the guides. Nothing is decided here: the weights are the ones that matching.py adds up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.language.features import Row, word_features
from bot.language.matching import LINE_WEIGHT, Evidence, Ranker, Ranking, Thresholds, sureness
from bot.language.normalize import Utterance, fold

CARRIED_SHOWN = 5  # words and pairs a guide: after them little is added


@dataclass(frozen=True)
class Carried:
    """A word or a pair of words, and how much it speaks for a guide, in logits."""

    words: str
    weight: float


@dataclass(frozen=True)
class Reason:
    """What speaks for one guide."""

    id: str
    carried: tuple[Carried, ...]  # the most first; nothing that speaks against it
    line: str  # the guide's most similar line, as it was written; empty when it is like none
    likeness: float  # to that line, 0 to 1
    line_weight: float  # what the likeness adds, in logits


@dataclass(frozen=True)
class Chance:
    """Enough when it is `needed` or more."""

    chance: float
    needed: float


@dataclass(frozen=True)
class Explanation:
    """Without enough `scope` a text is unknown; without enough `certainty`, scope multiplied in, people choose."""

    compared: str  # the words as they were compared: synonyms in their one form, slips mended
    scope: Chance
    certainty: Chance
    evidence: Evidence
    guides: tuple[Reason, ...]


def explain(
    utterance: Utterance,
    ranking: Ranking,
    shown: Iterable[str],
    ranker: Ranker,
    lines: Sequence[str],
    thresholds: Thresholds,
) -> Explanation:
    """`ranking` is the utterance's; `lines` are what the ranker learnt from, in the order that it was given them."""
    said = dict(zip(utterance.folded, utterance.words, strict=True))
    words = ranker.vocabulary.mended(utterance.folded)
    row = ranker.vocabulary.row(utterance)
    by_owner = np.split(ranker.lines.likeness(row), ranker.learnt.first[1:])

    def reason(guide: str) -> Reason:
        owner = ranker.learnt.ids.index(guide)
        mine = by_owner[owner]
        nearest = int(mine.argmax())
        near = float(mine[nearest])
        line = lines[ranker.learnt.order[ranker.learnt.first[owner] + nearest]] if near else ""
        return Reason(guide, _carried(ranker, row, owner, words, said), line, near, LINE_WEIGHT * near)

    sure = sureness(ranking, thresholds.scope, thresholds.certainty) if ranking.guides else 0.0
    return Explanation(
        _as_said(words, said),
        Chance(thresholds.scope.chance(ranking.evidence), thresholds.torn),
        Chance(sure, thresholds.sure),
        ranking.evidence,
        tuple(map(reason, shown)),
    )


def _carried(
    ranker: Ranker, row: Row, owner: int, words: Sequence[str], said: Mapping[str, str]
) -> tuple[Carried, ...]:
    """A run of characters counts for the words that have it, in equal parts; an accented word for the word."""
    has = defaultdict(list)
    for word in dict.fromkeys(words):
        for feature in word_features(word):
            has[feature].append(word)
    totals: dict[str, float] = defaultdict(float)
    weights = row.weights * ranker.learnt.weights[row.columns, owner]
    for column, weight in zip(row.columns.tolist(), weights.tolist(), strict=True):
        feature = ranker.vocabulary.features[column]
        carriers = has.get(feature, [fold(feature[1:])])
        for carrier in carriers:
            totals[carrier] += weight / len(carriers)
    most = sorted(totals.items(), key=lambda one: -one[1])[:CARRIED_SHOWN]
    return tuple(Carried(_as_said(carrier.split(), said), weight) for carrier, weight in most if weight > 0)


def _as_said(words: Iterable[str], said: Mapping[str, str]) -> str:
    """With the accents that were typed; a mended word has none."""
    return " ".join(said.get(word, word) for word in words)
