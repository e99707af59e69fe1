"""Finds where sure, torn and unknown part, from lines whose meaning is known. PURE.

The guides' own lines and the open ones, which several guides would answer, are judged by what was learnt without
them, a part at a time; lines out of scope are never learnt from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.language.learning import each_owner, learn
from bot.language.matching import (
    WORDS_COUNTED,
    Certainty,
    Evidence,
    Ranker,
    Ranking,
    Scope,
    Thresholds,
    certainty_signs,
    sureness,
)
from bot.language.normalize import Utterance

PARTS = 4  # lines are judged in so many parts, each by a ranker that learnt the others
WRONG = 0.02  # of lines in scope: the most that may get another guide with confidence
TAKEN = 0.02  # of lines out of scope: the most that may get a guide with confidence
DECIDED = 0.15  # of open lines: the most that may get one guide without asking back
OFFERED = 0.12  # of lines out of scope: the most that may be offered something
OPEN_WEIGHT = 0.5  # of all lines in scope: what the open ones weigh together, for certainty is about them
SHARE = 0.5  # by hand, on the open lines: with more choices more are beside the point, with fewer the right one lacks
HOLD = 1e-2  # keeps the logistic fit finite
STEPS = 50  # of Newton's method: it settles within ten

_T = TypeVar("_T")
Line = tuple[str, Utterance]
Open = tuple[Sequence[str], Utterance]  # with the guides that would all do
Judged = tuple[Ranking, bool]  # and whether the best guide is what was meant, and the only one


def calibrate(
    asked: Sequence[Line],
    open_: Sequence[Open],
    others: Sequence[Line],
    out_of_scope: Sequence[Utterance],
    done: Callable[[int, int], None] = lambda _done, _of: None,
) -> Thresholds:
    """`asked`: how people ask for each guide; `open_`: what several would answer; `others`: what else is learnt, the
    background too.

    `done` is told how many of how many parts are learnt.
    """
    inside: list[Judged] = []
    left_open: list[Ranking] = []
    for part in range(PARTS):
        ranker = Ranker(learn([*_without(asked, part), *each_owner(_without(open_, part)), *others]))
        done(part + 1, PARTS + 1)
        for owner, said in asked[part::PARTS]:
            ranking = ranker.rank(said)
            inside.append((ranking, ranking.guides[0].id == owner))
        left_open += [ranker.rank(said) for _, said in open_[part::PARTS]]
    ranker = Ranker(learn([*asked, *each_owner(open_), *others]))
    done(PARTS + 1, PARTS + 1)
    outside = [ranker.rank(said) for said in out_of_scope]
    scope = _fit_scope([*(ranking for ranking, _ in inside), *left_open], outside)
    certainty = _fit_certainty(inside, outside, left_open)

    def is_meant(ranking: Ranking) -> float:
        return sureness(ranking, scope, certainty)

    sure = max(
        _exceeded([is_meant(ranking) for ranking, is_right in inside if not is_right], WRONG * len(inside)),
        _exceeded(map(is_meant, outside), TAKEN * len(outside)),
        _exceeded(map(is_meant, left_open), DECIDED * len(left_open)),
    )
    torn = _exceeded([scope.chance(ranking.evidence) for ranking in outside], OFFERED * len(outside))
    return Thresholds(scope, certainty, round(torn, 3), round(sure, 3), SHARE)


def _without(lines: Sequence[_T], part: int) -> Iterator[_T]:
    return (line for at, line in enumerate(lines) if at % PARTS != part)


def _fit_scope(inside: Sequence[Ranking], outside: Sequence[Ranking]) -> Scope:
    signs = [_scope_signs(ranking.evidence) for ranking in (*inside, *outside)]
    is_inside = np.arange(len(signs)) < len(inside)
    weights = np.where(is_inside, 0.5 / len(inside), 0.5 / len(outside)) * len(signs)  # both sides count the same
    return Scope(*_logistic_fit(np.array(signs), is_inside, weights))


def _scope_signs(evidence: Evidence) -> tuple[float, ...]:
    return evidence.lead, evidence.likeness, evidence.known, min(evidence.words, WORDS_COUNTED)


def _fit_certainty(inside: Sequence[Judged], outside: Sequence[Ranking], left_open: Sequence[Ranking]) -> Certainty:
    """No guide that is given at once is right for an open line."""
    signs = [certainty_signs(ranking) for ranking in (*(one for one, _ in inside), *outside, *left_open)]
    is_right = np.array([right for _, right in inside] + [False] * (len(outside) + len(left_open)))
    weights = np.ones(len(signs))
    weights[len(inside) + len(outside) :] = OPEN_WEIGHT * len(inside) / max(len(left_open), 1)
    return Certainty(*_logistic_fit(np.array(signs), is_right, weights))


def _logistic_fit(signs: NDArray[np.float64], is_so: NDArray[np.bool_], weights: NDArray[np.float64]) -> list[float]:
    """The bias and a weight a sign, by Newton's method."""
    rows = np.column_stack([np.ones(len(signs)), signs])
    fit = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(rows @ fit, -50, 50)))
        slope = rows.T @ (weights * (chance - is_so)) + HOLD * fit
        bend = (rows.T * (weights * chance * (1 - chance))) @ rows + HOLD * np.eye(len(fit))
        fit -= np.linalg.solve(bend, slope)
    return [round(float(value), 3) for value in fit]


def _exceeded(chances: Iterable[float], allowed: float) -> float:
    """The lowest threshold that at most `allowed` of the chances reach."""
    ordered = sorted(chances, reverse=True)
    at = int(allowed)
    return ordered[at] + 1e-3 if at < len(ordered) else 0.0


def rendered(thresholds: Thresholds, head: str) -> str:
    """As knowledge/thresholds.yaml holds it."""
    lines = [head.rstrip()]
    for name, value in asdict(thresholds).items():
        if isinstance(value, dict):
            value = "{" + ", ".join(f"{key}: {number}" for key, number in value.items()) + "}"
        lines.append(f"{name}: {value}")
    return "\n".join(lines) + "\n"
