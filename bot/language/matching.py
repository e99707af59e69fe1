"""Which guide an utterance asks for. PURE: what was learnt from lines goes in, scored ids come out.

Two signals are added: a linear softmax over all features (learning.py), and the likeness to the single most similar
line. How sure that makes us, and where sure, torn and unknown part, is calibrated: knowledge/thresholds.yaml.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from bot.language.features import Floats, Ints, Row, Rows, Vocabulary
from bot.language.learning import Learnt, softmax, turned
from bot.language.normalize import Utterance


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
    """What free text means. `guides` are best first, at most CHOICES_SHOWN."""

    outcome: Outcome
    guides: tuple[Scored, ...] = ()
    command: str = ""


@dataclass(frozen=True)
class Evidence:
    """What speaks for an utterance being about any guide at all."""

    lead: float = 0.0  # of the best guide over the background, in logits
    likeness: float = 0.0  # to the most similar line of a guide, 0 to 1
    known: float = 0.0  # share of its words that lines have
    words: int = 0


@dataclass(frozen=True)
class Ranking:
    """The CHOICES_SHOWN best guides with their share of the belief; and the evidence that it is one of them."""

    guides: tuple[Scored, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True)
class Scope:
    """The chance that an utterance is about any guide: the logistic function of a weighted sum of its Evidence."""

    bias: float
    lead: float
    likeness: float
    known: float
    words: float

    def chance(self, evidence: Evidence) -> float:
        signs = self.lead * evidence.lead + self.likeness * evidence.likeness + self.known * evidence.known
        return logistic(self.bias + signs + self.words * min(evidence.words, WORDS_COUNTED))


@dataclass(frozen=True)
class Certainty:
    """The chance that the best guide is the one that is meant, and no other would do as well."""

    bias: float
    margin: float  # for the logarithm of how many times the second guide's share of the belief the best one's is
    words: float  # the fewer, the more an utterance leaves open

    def chance(self, ranking: Ranking) -> float:
        margin, words = certainty_signs(ranking)
        return logistic(self.bias + self.margin * margin + self.words * words)


def sureness(ranking: Ranking, scope: Scope, certainty: Certainty) -> float:
    """The chance that the utterance is about a guide, and that the best one is meant. The ranking has a guide."""
    return scope.chance(ranking.evidence) * certainty.chance(ranking)


def certainty_signs(ranking: Ranking) -> tuple[float, int]:
    """What Certainty weighs: margin, words. The ranking has a guide."""
    best, second = (max(one.score, LEAST) for one in (*ranking.guides[:2], NO_GUIDE)[:2])
    return math.log(best / second), min(ranking.evidence.words, WORDS_COUNTED)


@dataclass(frozen=True)
class Thresholds:
    """Where sure, torn and unknown part: knowledge/thresholds.yaml, written by `hocvuso calibrate`."""

    # Read by pydantic: numbers that an older version fitted mean something else, so they are refused, not passed over.
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - pydantic looks for a plain dict

    scope: Scope
    certainty: Certainty
    torn: float  # below this chance of being about a guide, nothing is offered
    sure: float  # from this sureness on the best guide is given
    share: float  # a guide is offered beside the best one from this part of its belief on


CHOICES_SHOWN = 3
BACKGROUND = ""  # the id of lines that no guide is about
LINE_WEIGHT = 4.0  # logits for a line that is the same: it knows wordings that only one line has
WORDS_COUNTED = 12  # a longer utterance is no clearer
NO_GUIDE = Scored("", 0.0)
LEAST = 1e-4  # of the belief: less is nothing
LEAD_LIMIT = 50.0  # logits: more is certain anyway, and without a background it would be infinite


class Lines:
    """Lines that an utterance is compared with, one by one: the cosine of their features."""

    def __init__(self, postings: Rows, first: Ints, count: int) -> None:
        """`first`: the first line of each owner; `count`: how many lines there are."""
        self._postings = postings
        self._first = first
        self._count = count

    @classmethod
    def of(cls, vocabulary: Vocabulary, lines: Sequence[tuple[int, Utterance]]) -> Lines:
        """Lines with the number of their owner, sorted by it; every number from 0 on has one."""
        owners = np.array([owner for owner, _ in lines])
        rows = vocabulary.rows(line for _, line in lines)
        first = np.searchsorted(owners, np.unique(owners)).astype(np.int32)
        return cls(turned(rows, len(vocabulary.features)), first, len(lines))

    def likeness(self, row: Row) -> Floats:
        """To each line, 0 to 1."""
        starts = self._postings.starts[row.columns]
        lengths = self._postings.starts[row.columns + 1] - starts
        passed = np.cumsum(lengths) - lengths
        at = np.repeat(starts - passed, lengths) + np.arange(lengths.sum())
        shares = np.repeat(row.weights, lengths) * self._postings.weights[at]
        return np.bincount(self._postings.columns[at], shares, minlength=self._count).astype(np.float32)

    def best(self, likeness: Floats) -> Floats:
        """To each owner's most similar line."""
        return np.maximum.reduceat(likeness, self._first)


class Heard(NamedTuple):
    """What speaks for each id that was learnt."""

    row: Row
    likeness: Floats  # to its most similar line, 0 to 1
    logits: Floats


class Ranker:
    """Ranks the guides that it has learnt."""

    def __init__(self, learnt: Learnt) -> None:
        self.learnt = learnt
        self.vocabulary = learnt.vocabulary
        self.lines = Lines(learnt.postings, learnt.first, len(learnt.order))
        self._background = learnt.ids.index(BACKGROUND) if BACKGROUND in learnt.ids else None

    def rank(self, utterance: Utterance, is_there: Callable[[str], bool] = lambda _: True) -> Ranking:
        """`is_there` leaves out guides that were removed since."""
        heard = self.hear(utterance)
        logits = heard.logits
        background = -math.inf if self._background is None else float(logits[self._background])
        guides = [at for at, owner in enumerate(self.learnt.ids) if owner != BACKGROUND and is_there(owner)]
        if not guides:
            return Ranking()
        belief = softmax(logits[guides])
        order = np.argsort(-belief, kind="stable")[:CHOICES_SHOWN]
        scored = tuple(Scored(self.learnt.ids[guides[at]], float(belief[at])) for at in order)
        lead = min(float(logits[guides].max()) - background, LEAD_LIMIT)
        evidence = Evidence(lead, float(heard.likeness[guides].max()), heard.row.known, len(utterance.folded))
        return Ranking(scored, evidence)

    def hear(self, utterance: Utterance) -> Heard:
        row = self.vocabulary.row(utterance)
        likeness = self.lines.best(self.lines.likeness(row))
        learnt = self.learnt.bias + row.weights @ self.learnt.weights[row.columns].astype(np.float32)
        return Heard(row, likeness, np.asarray(learnt + LINE_WEIGHT * likeness))


def decide(ranking: Ranking, thresholds: Thresholds) -> Match:
    """One guide, a few to choose from, or unknown. A score is the chance that this guide is meant."""
    scope = thresholds.scope.chance(ranking.evidence)
    scored = tuple(Scored(one.id, one.score * scope) for one in ranking.guides)
    if not scored or scope < thresholds.torn or not ranking.evidence.known:
        return Match(Outcome.UNKNOWN, scored)
    if sureness(ranking, thresholds.scope, thresholds.certainty) >= thresholds.sure:
        return Match(Outcome.GUIDE, scored)
    return Match(Outcome.CHOICES, near_best(scored, thresholds.share))


def near_best(scored: Sequence[Scored], share: float) -> tuple[Scored, ...]:
    """Those that reach this share of the first one's score."""
    return tuple(one for one in scored if one.score >= scored[0].score * share)


def logistic(total: float) -> float:
    return 1 / (1 + math.exp(-max(-LEAD_LIMIT, min(LEAD_LIMIT, total))))
