"""Learns from the guides' lines which features speak for which guide. PURE: the same lines give the same weights.

A linear softmax over the guides and the background, fitted by stochastic gradient descent. It needs SciPy; answering
with what was learnt does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2s
from typing import TypeVar

import numpy as np

from bot.language.features import KIND_WEIGHT, RUNS, SNAP_LENGTH, SNAP_SCORE, Floats, Ints, Rows, Vocabulary
from bot.language.normalize import Utterance

_Line = TypeVar("_Line")

EDITION = 2  # raised when the code, and no constant, changes what is learnt from the same lines
EPOCHS = 20  # 60 find the same guides in three times the time
BATCH = 128  # lines
STEP = 120.0  # at the start; it falls to nothing at the end
HOLD = 1 / 20  # how much the weights are held back from learning single lines by heart
BIAS_STEP = 0.02  # of the weights' step: a guide is not likelier for having more lines
COMMON = 0.05  # share of the lines; a feature that more have is left out where single lines are compared
COMMON_LEAST = 50  # lines; in a small index nothing is common


@dataclass(frozen=True)
class Learnt:
    """Everything that answering needs, as arrays that can be kept in a file.

    Lines are sorted by owner. `postings` has a row a feature: the lines that have it, and its weight in them.
    """

    ids: tuple[str, ...]  # owners of lines, sorted; the background may be one
    vocabulary: Vocabulary
    weights: Floats  # features x ids, in half precision
    bias: Floats
    postings: Rows
    first: Ints  # the first line of each id
    order: Ints  # which of the lines that were given each one is


def each_owner(shared: Iterable[tuple[Iterable[str], _Line]]) -> Iterator[tuple[str, _Line]]:
    """Lines that several owners share, once for each of them: as `learn` wants them."""
    return ((owner, line) for owners, line in shared for owner in owners)


def learn(lines: Iterable[tuple[str, Utterance]]) -> Learnt:
    """A line that several owners share counts once, in equal parts. Raises ValueError when there are no lines."""
    given = list(lines)
    if not given:
        raise ValueError("no lines to learn from")
    order = sorted(range(len(given)), key=lambda at: given[at][0])
    ids = tuple(sorted({owner for owner, _ in given}))
    said = [given[at][1] for at in order]
    owners = np.array([ids.index(given[at][0]) for at in order], dtype=np.int32)
    vocabulary = Vocabulary.of(said)
    rows = vocabulary.rows(said)
    shared = Counter(line.key for line in said)
    parts = np.array([1 / shared[line.key] for line in said], dtype=np.float32)
    weights, bias = _descend(rows, owners, parts, len(vocabulary.features), len(ids))
    return Learnt(
        ids,
        vocabulary,
        weights.astype(np.float16),
        bias,
        turned(rows, len(vocabulary.features)),
        np.searchsorted(owners, np.arange(len(ids))).astype(np.int32),
        np.array(order, dtype=np.int32),
    )


def turned(rows: Rows, columns: int) -> Rows:
    """A row a column of `rows`; of columns that many rows have, which tell little and cost much, an empty one."""
    lines = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(rows.starts))
    is_rare = np.bincount(rows.columns, minlength=columns) <= max(COMMON * len(rows), COMMON_LEAST)
    kept = np.flatnonzero(is_rare[rows.columns])
    order = kept[np.argsort(rows.columns[kept], kind="stable")]
    starts = np.searchsorted(rows.columns[order], np.arange(columns + 1)).astype(np.int32)
    return Rows(starts, lines[order], rows.weights[order])


def _descend(rows: Rows, owners: Ints, parts: Floats, columns: int, classes: int) -> tuple[Floats, Floats]:
    """`parts`: how much each row counts, 0 to 1."""
    from scipy import sparse

    matrix = sparse.csr_matrix((rows.weights, rows.columns, rows.starts), shape=(len(rows), columns))
    weights = np.zeros((columns, classes), np.float32)
    bias = np.zeros(classes, np.float32)
    scale = 1.0  # of the weights: holding them back by one number spares touching all of them
    random = np.random.default_rng(0)
    batches = [(epoch, at) for epoch in range(EPOCHS) for at in range(0, len(rows), BATCH)]
    for number, (_, at) in enumerate(batches):
        if at == 0:
            order = random.permutation(len(rows))
            shuffled, meant, counted = matrix[order], owners[order], parts[order, None]
        step = STEP * (1 - number / len(batches))
        batch = shuffled[at : at + BATCH]
        touched, local = np.unique(batch.indices, return_inverse=True)
        batch = sparse.csr_matrix((batch.data, local, batch.indptr), shape=(batch.shape[0], len(touched)))
        mine = weights[touched]
        error = softmax((batch @ mine) * np.float32(scale) + bias)
        error[np.arange(len(error)), meant[at : at + BATCH]] -= 1
        error *= counted[at : at + BATCH]
        scale *= 1 - step * HOLD / len(rows)
        weights[touched] = mine - np.float32(step / len(error) / scale) * (batch.T @ error)
        bias -= np.float32(BIAS_STEP * step) * error.mean(axis=0)
    return weights * np.float32(scale), bias


def softmax(scores: Floats) -> Floats:
    """Over the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def digest(parts: Iterable[str]) -> str:
    """Names what is learnt from `parts`: they, and every constant that weighs them."""
    constants = (
        EDITION,
        RUNS,
        sorted(KIND_WEIGHT.items()),
        SNAP_SCORE,
        SNAP_LENGTH,
        EPOCHS,
        BATCH,
        STEP,
        HOLD,
        BIAS_STEP,
        COMMON,
        COMMON_LEAST,
    )
    return blake2s("\n".join([repr(constants), *parts]).encode(), digest_size=16).hexdigest()
