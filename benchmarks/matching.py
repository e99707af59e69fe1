"""How well and how fast texts are understood, beside what others would use; and what the matcher's size costs.

Run it with .venv/bin/python -m pip install --group benchmarks, then .venv/bin/python -m benchmarks.matching. The folds
take half an hour (--folds 0 leaves them out); --only size takes a minute and needs nothing installed.

All engines learn the same lines (the guides' and the background, one more class) and are asked the same utterances,
normalized once the same way: synonyms in one form, no filler, no diacritics. Ours is the matcher alone, without the
commands and topic names that the conversation knows besides.

- top-1, top-3: the guide meant is the best, or among the three best; the background aside.
- wrong: another guide with confidence. Only ours has thresholds; so each baseline is given the one that makes it answer
  as many of the same held-out lines at once as ours does, the best that a threshold could be. Of lines that tie at the
  threshold a part is counted.
- out of scope: AUROC of the engine's score for lines in scope (all but the folds) against lines out of it; and how many
  of these get a guide with the threshold found on all lines in scope together.
- time: from text to answer, normalizing included; of the processor, so that a busy machine counts for little.

Beside each figure stands how many times ours it is. In the folds a line is judged by what was learnt without it and
without any other line of the same words, a tenth of all at once: refitting for every line would take days.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bot.content.load import load_content
from bot.content.model import Content
from bot.engine.library import Library, asked_of, lines_of
from bot.engine.routing import understand
from bot.evaluate import OUT_OF_SCOPE, Question, check_questions, read_questions
from bot.language.learning import learn
from bot.language.matching import Outcome, Ranker, decide
from bot.language.normalize import Normalizer, Utterance
from bot.learnt import LEARNT, LearntFolder

if TYPE_CHECKING:  # needs scikit-learn, which only the comparison does
    from benchmarks.baselines import Answer, Engine, Line

ROOT = Path(__file__).parent.parent
HELD_OUT = ROOT / "tests/data/held_out"
OURS = "ours"
FOLDS = 10
GROWN = 15_000  # lines: twice what the guides have
ROUNDS = 3  # each time in a process of its own; the median is told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, action="append", default=[], help="more, as eval reads them")
    parser.add_argument("--out-of-scope", type=Path, default=HELD_OUT / "out_of_scope.txt")
    parser.add_argument("--folds", type=int, default=FOLDS, help="0 leaves them out")
    parser.add_argument("--only", choices=("answers", "size"))
    options = parser.parse_args()
    content = load_content(ROOT / "scenarios", ROOT / "knowledge", date.today()).content
    sets = {"check: lines": check_questions(content)}
    for path in (HELD_OUT / "questions.tsv", *options.questions):
        sets[path.name] = read_questions(_lines(path))
    if options.only != "size":
        compare(content, sets, read_questions(_lines(options.out_of_scope), OUT_OF_SCOPE), options.folds)
    if options.only != "answers":
        size(content, [question.line for questions in sets.values() for question in questions])


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


# --- answers


@dataclass(frozen=True)
class Judged:
    question: Question
    answer: Answer
    microseconds: float

    @property
    def is_right(self) -> bool:
        return self.answer.guides[0] in self.question.meant

    @property
    def is_offered(self) -> bool:
        return not self.question.meant.isdisjoint(self.answer.guides)


Figures = dict[str, float]


def compare(content: Content, sets: Mapping[str, Sequence[Question]], outside: Sequence[Question], folds: int) -> None:
    from benchmarks.baselines import BASELINES, Answer

    thresholds = content.knowledge.thresholds

    def ours(lines: Sequence[Line]) -> Engine:
        ranker = Ranker(learn(lines))

        def ask(said: Utterance) -> Answer:
            ranking = ranker.rank(said)
            match = decide(ranking, thresholds)
            ids = tuple(one.id for one in ranking.guides)
            return Answer(ids, (True, match.guides[0].score), match.outcome is Outcome.GUIDE)

        return ask

    normalizer = content.knowledge.synonyms.normalizer
    lines = [(owner, normalizer(line)) for owner, line in lines_of(content)]
    asked_first = sum(1 for _ in asked_of(content))
    asked, others = lines[:asked_first], lines[asked_first:]
    print(f"{len(asked)} lines that ask, {len(others)} others, {len(content.guides)} guides")
    judged: dict[str, dict[str, list[Judged]]] = {}
    for name, make in {OURS: ours, **BASELINES}.items():
        print(name, "…", file=sys.stderr, flush=True)
        engine = make([*asked, *others])
        _judge(engine, normalizer, outside[:20])  # warmed up
        every = {"out of scope": outside, **sets}
        judged[name] = {group: _judge(engine, normalizer, questions) for group, questions in every.items()}
        if folds:
            judged[name]["ask: lines in folds"] = list(_in_folds(make, normalizer, asked, others, folds))
    for group in (*sets, *(["ask: lines in folds"] if folds else [])):
        given = sum(one.answer.is_given for one in judged[OURS][group])
        figures = {name: _figures(by_set[group], given) for name, by_set in judged.items()}
        print(f"\n{group}: {len(judged[OURS][group])} lines, {given} answered at once")
        _print(figures)
    print(f"\nout of scope: {len(outside)} lines")
    given = sum(one.answer.is_given for group in sets for one in judged[OURS][group])
    _print({name: _scope_figures(by_set, list(sets), given) for name, by_set in judged.items()})


def _judge(engine: Engine, normalizer: Normalizer, questions: Sequence[Question]) -> list[Judged]:
    judged = []
    for question in questions:
        began = time.process_time()
        answer = engine(normalizer(question.line))
        judged.append(Judged(question, answer, (time.process_time() - began) * 1e6))
    return judged


def _in_folds(
    make: Callable[[Sequence[Line]], Engine],
    normalizer: Normalizer,
    asked: Sequence[Line],
    others: Sequence[Line],
    folds: int,
) -> Iterator[Judged]:
    keys = sorted({said.key for _, said in asked})
    random.Random(0).shuffle(keys)  # noqa: S311 - the same parts in every run
    for fold in range(folds):
        left_out = set(keys[fold::folds])
        engine = make([line for line in (*asked, *others) if line[1].key not in left_out])
        part = [line for line in asked if line[1].key in left_out]
        yield from _judge(engine, normalizer, [Question("", frozenset([owner]), said.text) for owner, said in part])


def _figures(judged: Sequence[Judged], given: int) -> Figures:
    count = len(judged)
    spent = [one.microseconds for one in judged]
    return {
        "top-1": sum(one.is_right for one in judged) / count,
        "top-3": sum(one.is_offered for one in judged) / count,
        "wrong": _wrong(judged, given) / count,
        "median us": float(np.median(spent)),
        "p99 us": float(np.percentile(spent, 99)),
    }


def _wrong(judged: Sequence[Judged], given: int) -> float:
    """Among the `given` surest; ours are those that were given."""
    if any(one.answer.is_given for one in judged):
        return sum(one.answer.is_given and not one.is_right for one in judged)
    least = _threshold(judged, given)
    above = [one for one in judged if one.answer.sureness > least]
    tied = [one for one in judged if one.answer.sureness == least]
    part = (given - len(above)) / len(tied)
    return sum(not one.is_right for one in above) + part * sum(not one.is_right for one in tied)


def _threshold(judged: Sequence[Judged], given: int) -> tuple[bool, float]:
    return sorted((one.answer.sureness for one in judged), reverse=True)[given - 1]


def _scope_figures(by_set: Mapping[str, Sequence[Judged]], sets: Sequence[str], given: int) -> Figures:
    inside = [one for group in sets for one in by_set[group]]
    outside = by_set["out of scope"]
    if any(one.answer.is_given for one in inside):
        taken = sum(one.answer.is_given for one in outside)
    else:
        least = _threshold(inside, given)
        taken = sum(one.answer.sureness >= least for one in outside)
    return {"AUROC": _auroc(inside, outside), "taken": taken / len(outside)}


def _auroc(inside: Sequence[Judged], outside: Sequence[Judged]) -> float:
    below = sorted(one.answer.sureness for one in outside)
    above = sum(bisect_left(below, one.answer.sureness) + bisect_right(below, one.answer.sureness) for one in inside)
    return above / 2 / len(inside) / len(outside)


def _print(figures: Mapping[str, Figures]) -> None:
    """A row an engine, with how many times ours each figure is."""
    names = list(figures[OURS])
    print(f"{'':28}" + "".join(f"{name:>18}" for name in names))
    for engine, row in figures.items():
        cells = []
        for name in names:
            ours, value = figures[OURS][name], row[name]
            shown = f"{value:.0f}" if name.endswith(" us") else f"{value:.4f}"
            times = "" if engine == OURS else f" x{value / ours:.2f}" if ours else " x-"
            cells.append(f"{shown + times:>18}")
        print(f"{engine:28}" + "".join(cells))


# --- size and speed


def size(content: Content, texts: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = LearntFolder(Path(folder) / "data" / LEARNT)
        place = f"content: {{scenarios: {ROOT / 'scenarios'}, knowledge: {ROOT / 'knowledge'}}}\n"
        (Path(folder) / "config.yaml").write_text(place, encoding="utf-8")
        library = Library(content, kept)
        learnt = library.ranker.learnt
        print(f"\n{len(learnt.order)} lines, {len(learnt.vocabulary.features)} features, {len(learnt.ids)} owners")
        _tell_speed("understand a text", texts, lambda text: understand(text, library))
        _tell_speed("  the matcher's part", texts, library.match)
        _tell_grown(content, texts)
        bare = _alone("pass", folder)
        for name, code in ALONE.items():
            one = _alone(code, folder)
            memory = f"{one.resident - bare.resident:.1f} MB above bare Python, {one.peak - bare.peak:.1f} at most"
            print(f"{name:28} {one.seconds:.3f} s  {memory}")


def _tell_speed(name: str, texts: Sequence[str], ask: Callable[[str], object]) -> None:
    spent = []
    for text in (*texts, *texts):  # the first time warms up
        began = time.process_time()
        ask(text)
        spent.append((time.process_time() - began) * 1000)
    median, p95, p99 = np.percentile(spent[len(texts) :], (50, 95, 99))
    print(f"{name:28} median {median:.3f} ms  p95 {p95:.3f} ms  p99 {p99:.3f} ms")


def _tell_grown(content: Content, texts: Sequence[str]) -> None:
    """The first half of a line's words before the second half of another line of its owner."""
    normalizer = content.knowledge.synonyms.normalizer
    real = lines_of(content)
    by_owner: dict[str, list[str]] = {}
    for owner, line in real:
        by_owner.setdefault(owner, []).append(line)
    chance = random.Random(0)  # noqa: S311 - the same lines in every run
    made = []
    while len(real) + len(made) < GROWN:
        owner, line = chance.choice(real)
        before, after = line.split(), chance.choice(by_owner[owner]).split()
        made.append((owner, " ".join(before[: len(before) // 2] + after[len(after) // 2 :])))
    ranker = Ranker(learn((owner, normalizer(line)) for owner, line in (*real, *made)))
    thresholds = content.knowledge.thresholds
    _tell_speed(f"  with {GROWN} lines", texts, lambda text: decide(ranker.rank(normalizer(text)), thresholds))


ALONE = {
    "load what was learnt": """
from bot.language.matching import Ranker
from bot.language.normalize import Normalizer
from bot.learnt import LEARNT, LearntFolder
kept = LearntFolder(folder / "data" / LEARNT)
say = Normalizer({}, [])
began = time.perf_counter()
Ranker(kept[next(iter(kept))]).rank(say("quên mật khẩu vneid"))
""",
    "learn anew": """
from datetime import date
from bot.content.load import load_content
from bot.engine.library import lines_of
from bot.language.learning import learn
content = load_content(root / "scenarios", root / "knowledge", date.today()).content
say = content.knowledge.synonyms.normalizer
lines = [(owner, say(line)) for owner, line in lines_of(content)]
began = time.perf_counter()
learn(lines)
""",
    "hocvuso match, one text": """
import io, sys
sys.stdin = io.TextIOWrapper(io.BytesIO("quên mật khẩu vneid".encode()))
began = time.perf_counter()
from bot.cli import main
main(["match", "--config", str(folder / "config.yaml")])
""",
}
"""What is measured in a process of its own, from `began` on. The first is the matcher alone, without its synonyms."""

MEASURED = """
import time
from pathlib import Path
folder, root = Path({folder!r}), Path({root!r})
began = time.perf_counter()
{code}
seconds = time.perf_counter() - began
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(seconds, *(int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")))
"""


class Alone(NamedTuple):
    seconds: float
    resident: float  # MB at the end
    peak: float


def _alone(code: str, folder: str) -> Alone:
    """The median of a few runs. Linux only."""
    program = MEASURED.format(folder=folder, root=str(ROOT), code=code)
    runs = [
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True)  # noqa: S603
        for _ in range(ROUNDS)
    ]
    figures = [[float(one) for one in run.stdout.splitlines()[-1].split()] for run in runs]
    return Alone(*(statistics.median(one) for one in zip(*figures, strict=True)))


if __name__ == "__main__":
    main()
