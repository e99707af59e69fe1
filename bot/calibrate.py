"""Finds where sure, torn and unknown part, from lines whose meaning is known. PURE.

The guides' own lines are judged by what was learnt without them, a part at a time; lines out of scope and lines that
leave several guides open are never learnt from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from bot.language.learning import learn
from bot.language.matching import (
    WORDS_COUNTED,
    Certainty,
    Evidence,
    Ranker,
    Ranking,
    Scope,
    Thresholds,
    certainty_signs,
)
from bot.language.normalize import Utterance

PARTS = 4  # lines are judged in so many parts, each by a ranker that learnt the others
WRONG = 0.02  # of lines in scope: the most that may get another guide with confidence
TAKEN = 0.02  # of lines out of scope: the most that may get a guide with confidence
DECIDED = 0.15  # of lines that leave several guides open: the most that may get one without asking back
OFFERED = 0.08  # of lines out of scope: the most that may be offered something
SHARE, SHARE_SHORT = 0.45, 0.1  # by hand, on tests/data/ambiguous.tsv: with more choices more are beside the point
HOLD = 1e-2  # keeps the logistic fit finite
STEPS = 50  # of Newton's method: it settles within ten

Line = tuple[str, Utterance]
Judged = tuple[Ranking, bool]  # and whether the best guide is what was meant


def calibrate(
    asked: Sequence[Line],
    others: Sequence[Line],
    out_of_scope: Sequence[Utterance],
    ambiguous: Sequence[Utterance],
    done: Callable[[int, int], None] = lambda _done, _of: None,
) -> Thresholds:
    """`asked`: how people ask for each guide; `others`: what else is learnt, the background too.

    `done` is told how many of how many parts are learnt.
    """
    inside = list(_judged_unseen(asked, others, done))
    ranker = Ranker(learn([*asked, *others]))
    done(PARTS + 1, PARTS + 1)
    outside = [ranker.rank(said) for said in out_of_scope]
    open_ = [ranker.rank(said) for said in ambiguous]
    scope = _fit_scope([ranking for ranking, _ in inside], outside)
    certainty = _fit_certainty(inside, outside, open_)
    sure = max(
        _exceeded([certainty.chance(ranking) for ranking, is_right in inside if not is_right], WRONG * len(inside)),
        _exceeded([certainty.chance(ranking) for ranking in outside], TAKEN * len(outside)),
        _exceeded([certainty.chance(ranking) for ranking in open_], DECIDED * len(open_)),
    )
    torn = _exceeded([scope.chance(ranking.evidence) for ranking in outside], OFFERED * len(outside))
    return Thresholds(scope, certainty, round(torn, 3), round(sure, 3), SHARE, SHARE_SHORT)


def _judged_unseen(asked: Sequence[Line], others: Sequence[Line], done: Callable[[int, int], None]) -> Iterator[Judged]:
    """Every line, ranked by what was learnt from the other parts."""
    for part in range(PARTS):
        ranker = Ranker(learn([*(line for at, line in enumerate(asked) if at % PARTS != part), *others]))
        done(part + 1, PARTS + 1)
        for owner, said in asked[part::PARTS]:
            ranking = ranker.rank(said)
            yield ranking, ranking.guides[0].id == owner


def _fit_scope(inside: Sequence[Ranking], outside: Sequence[Ranking]) -> Scope:
    signs = [_scope_signs(ranking.evidence) for ranking in (*inside, *outside)]
    is_inside = np.arange(len(signs)) < len(inside)
    weights = np.where(is_inside, 0.5 / len(inside), 0.5 / len(outside)) * len(signs)  # both sides count the same
    return Scope(*_logistic_fit(np.array(signs), is_inside, weights))


def _scope_signs(evidence: Evidence) -> tuple[float, ...]:
    return evidence.lead, evidence.likeness, evidence.known, min(evidence.words, WORDS_COUNTED)


def _fit_certainty(inside: Sequence[Judged], outside: Sequence[Ranking], open_: Sequence[Ranking]) -> Certainty:
    """An open line weighs more, since there are few: no guide that is given at once is right for it."""
    signs = [certainty_signs(ranking) for ranking in (*(one for one, _ in inside), *outside, *open_)]
    is_right = np.array([right for _, right in inside] + [False] * (len(outside) + len(open_)))
    weights = np.ones(len(signs))
    weights[len(inside) + len(outside) :] = 0.1 * len(inside) / max(len(open_), 1)
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
