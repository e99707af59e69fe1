"""What others would put in the matcher's place, given the same lines and the same normalising. See matching.py.

Each ranks all owners of lines, the background among them, by a score of its own. On the held-out lines runs over word
borders found more than runs inside words, and LinearSVC more with a C of 1 than of 0.3; LogisticRegression was tried
with a C of 10 alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from bot.language.matching import BACKGROUND, CHOICES_SHOWN
from bot.language.normalize import Utterance

BM25_LINES = 100  # best lines that are looked at: they have more than CHOICES_SHOWN owners

Line = tuple[str, Utterance]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    guides: tuple[str, ...]  # best first, at most CHOICES_SHOWN
    sureness: tuple[bool, float]  # is no background, then by score; compared only within one engine
    is_given: bool = False  # ours only: the best guide is answered at once


Engine = Callable[[Utterance], Answer]


def answer(ids: Sequence[str], scores: Scores) -> Answer:
    order = np.argsort(-scores, kind="stable")
    guides = [at for at in order if ids[at] != BACKGROUND][:CHOICES_SHOWN]
    return Answer(tuple(ids[at] for at in guides), (ids[order[0]] != BACKGROUND, float(scores[guides[0]])))


def fuzzy(lines: Sequence[Line], scorer: Callable[..., float]) -> Engine:
    """An owner scores as its most similar line."""
    ordered = sorted(lines, key=lambda line: line[0])
    ids, first = np.unique([owner for owner, _ in ordered], return_index=True)
    keys = [said.key for _, said in ordered]

    def ask(said: Utterance) -> Answer:
        likeness = process.cdist([said.key], keys, scorer=scorer, dtype=np.float32)[0]
        return answer(ids, np.maximum.reduceat(likeness, first))

    return ask


def bm25(lines: Sequence[Line]) -> Engine:
    """SQLite's FTS5, any of the words; an owner scores as its best line."""
    ids = sorted({owner for owner, _ in lines})
    numbers = {owner: number for number, owner in enumerate(ids)}
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE lines USING fts5(words, owner UNINDEXED)")
    database.executemany("INSERT INTO lines VALUES (?, ?)", ((said.key, numbers[owner]) for owner, said in lines))
    select = f"SELECT owner, -rank FROM lines WHERE lines MATCH ? ORDER BY rank LIMIT {BM25_LINES}"  # noqa: S608

    def ask(said: Utterance) -> Answer:
        scores = np.zeros(len(ids))
        any_word = " OR ".join(f'"{word}"' for word in said.folded or [""])
        for owner, score in database.execute(select, (any_word,)):
            scores[owner] = max(scores[owner], score)
        return answer(ids, scores)

    return ask


def tfidf(lines: Sequence[Line], model: LinearSVC | LogisticRegression) -> Engine:
    """Words and pairs beside runs of 2 to 5 characters, over word borders."""
    vectors = make_union(
        TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", sublinear_tf=True),  # noqa: S106 - no password
        TfidfVectorizer(ngram_range=(2, 5), analyzer="char", sublinear_tf=True),
    )
    fitted = make_pipeline(vectors, model)
    fitted.fit([said.key for _, said in lines], [owner for owner, _ in lines])
    scores = fitted.predict_proba if hasattr(model, "predict_proba") else fitted.decision_function

    def ask(said: Utterance) -> Answer:
        return answer(model.classes_, scores([said.key])[0])

    return ask


BASELINES: dict[str, Callable[[Sequence[Line]], Engine]] = {
    "rapidfuzz WRatio": lambda lines: fuzzy(lines, fuzz.WRatio),
    "rapidfuzz token_set_ratio": lambda lines: fuzzy(lines, fuzz.token_set_ratio),
    "SQLite FTS5 BM25": bm25,
    "TF-IDF, LinearSVC": lambda lines: tfidf(lines, LinearSVC()),
    "TF-IDF, LogisticRegression": lambda lines: tfidf(lines, LogisticRegression(C=10, tol=1e-3, max_iter=200)),
}
