"""How well texts are understood. PURE.

Measured on the guides' `check:` lines, which nothing was learnt from, on questions of people who saw no guide, on lines
that no guide covers and on lines that leave several guides open.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.content.model import Content
from bot.language.matching import Match, Outcome
from bot.words import words

OUT_OF_SCOPE = "-"  # the group of lines that no guide covers
OPEN = "?"  # the group of lines that leave several guides open
CHECK = "check:"  # begins the groups of `check:` lines
CONFUSIONS_SHOWN = 12


@dataclass(frozen=True)
class Question:
    """A line with what it may lead to: one guide, or several that would all do; nothing when out of scope."""

    group: str
    meant: frozenset[str]
    line: str


@dataclass
class Tally:
    """Counts of one group's lines.

    For lines out of scope, `right` is unknown and `offered` counts choices. For open ones, `right` is asking back with
    choices that all would do, `offered` with some that would, `wrong` any single guide.
    """

    lines: int = 0
    right: int = 0  # the right guide at once
    offered: int = 0  # the right guide among choices
    unknown: int = 0
    missed: int = 0  # only others among the choices
    wrong: int = 0  # another guide with confidence

    def share(self, count: int) -> float:
        return count / self.lines if self.lines else 0.0


@dataclass
class Report:
    by_group: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)  # (meant, taken for) -> lines
    missed: list[tuple[str, str]] = field(default_factory=list)  # (guide, line) neither given nor offered
    scores: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})  # by being in scope

    def total(self, begins: str) -> Tally:
        """Of the groups whose name begins so."""
        total = Tally()
        for group, tally in self.by_group.items():
            if group.startswith(begins):
                for name, count in vars(tally).items():
                    setattr(total, name, getattr(total, name) + count)
        return total

    @property
    def separation(self) -> float | None:
        """AUROC of the best guide's score: how often a line in scope scores above one out of scope."""
        inside, outside = self.scores[True], sorted(self.scores[False])
        if not inside or not outside:
            return None
        above = sum(bisect_left(outside, one) + bisect_right(outside, one) for one in inside) / 2
        return above / len(inside) / len(outside)

    def as_dict(self) -> Mapping[str, object]:
        """For a file that a later run is compared with."""
        rows = {"all": self.total(CHECK), **self.by_group}
        return {group: dict(vars(tally)) for group, tally in rows.items()}


def check_questions(content: Content) -> list[Question]:
    guides = content.lessons.values()
    return [Question(CHECK + guide.topic, frozenset([guide.id]), line) for guide in guides for line in guide.check]


def evaluate(questions: Iterable[Question], understand: Callable[[str], Match]) -> Report:
    """Ask every line and count what comes back."""
    report = Report()
    for question in questions:
        match = understand(question.line)
        if question.group != OPEN:
            report.scores[question.group != OUT_OF_SCOPE].append(match.guides[0].score if match.guides else 0.0)
        tally = report.by_group[question.group]
        tally.lines += 1
        outcome = _outcome(question, match)
        setattr(tally, outcome, getattr(tally, outcome) + 1)
        if question.group not in (OPEN, OUT_OF_SCOPE) and outcome not in ("right", "offered"):
            _remember(report, question, match)
    return report


def _outcome(question: Question, match: Match) -> str:
    ids = [one.id for one in match.guides]
    is_guide = match.outcome in (Outcome.GUIDE, Outcome.COMMAND)
    if question.group == OUT_OF_SCOPE:
        return "wrong" if is_guide else "offered" if match.outcome is Outcome.CHOICES else "right"
    if match.outcome is Outcome.UNKNOWN:
        return "unknown"
    if question.group == OPEN:
        return "wrong" if is_guide else "right" if question.meant.issuperset(ids) else "offered"
    if is_guide:
        return "right" if ids and ids[0] in question.meant else "wrong"
    return "offered" if question.meant.intersection(ids) else "missed"


def _remember(report: Report, question: Question, match: Match) -> None:
    meant = "|".join(sorted(question.meant))
    report.missed.append((meant, question.line))
    if match.outcome is not Outcome.UNKNOWN:
        report.confusions[meant, match.guides[0].id if match.guides else match.command] += 1


def read_questions(lines: Sequence[str], group: str = "") -> list[Question]:
    """Rows of guides, style and line, tabs between; no style when `group` is given, and no guides out of scope."""
    rows = [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]
    if group == OUT_OF_SCOPE:
        return [Question(group, frozenset(), row[-1]) for row in rows]
    return [Question(group or row[1], frozenset(row[0].split("|")), row[-1]) for row in rows]


def render(report: Report, microseconds: float, against: Mapping[str, Mapping[str, int]] | None, missed: bool) -> str:
    """As an admin reads it. `against` is an earlier `as_dict`."""
    names = words("eval")
    lines = [names["header"].format(**{name: names[name] for name in ("group", *vars(Tally()))})]
    ordered = sorted(report.by_group.items(), key=lambda row: (row[0] in (OUT_OF_SCOPE, OPEN), not _is_check(row[0])))
    lines += [_row(names.get(group, group), tally) for group, tally in ordered]
    lines.append(_row(names["all_check"], report.total(CHECK)))
    if (separation := report.separation) is not None:
        lines.append(names["separation"].format(separation=separation))
    if against:
        lines += [_compared(names["against"], group, tally, against[group]) for group, tally in _rows(report, against)]
    lines.append(names["speed"].format(microseconds=microseconds))
    if report.confusions:
        lines.append(names["confusions"])
        for (meant, taken), count in report.confusions.most_common(CONFUSIONS_SHOWN):
            lines.append(names["confusion"].format(meant=meant, taken=taken, count=count))
    if missed:
        lines.append(names["missed_lines"])
        lines += [names["miss"].format(guide=guide, line=line) for guide, line in report.missed]
    return "\n".join(lines)


def _is_check(group: str) -> bool:
    return group.startswith(CHECK)


def _rows(report: Report, against: Mapping[str, object]) -> list[tuple[str, Tally]]:
    rows = {**report.by_group, "all": report.total(CHECK)}
    return [(group, tally) for group, tally in rows.items() if group in against]


def _compared(sentence: str, group: str, tally: Tally, before: Mapping[str, int]) -> str:
    earlier = Tally(**before)
    return sentence.format(
        group=group,
        right=tally.share(tally.right) - earlier.share(earlier.right),
        found=tally.share(tally.right + tally.offered) - earlier.share(earlier.right + earlier.offered),
        wrong=tally.share(tally.wrong) - earlier.share(earlier.wrong),
    )


def _row(group: str, tally: Tally) -> str:
    shares = {name: tally.share(count) for name, count in vars(tally).items() if name != "lines"}
    return words("eval")["row"].format(group=group, lines=tally.lines, **shares)
