"""How well texts are understood. PURE.

Measured on the guides' `check:` lines, which the index never saw, and on lines that no guide covers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bot.content.model import Content
from bot.language.matching import Match, Outcome
from bot.words import words

OUT_OF_SCOPE = "-"  # the topic of lines that no guide covers
CONFUSIONS_SHOWN = 12


@dataclass
class Tally:
    """Counts of one topic's lines. For lines out of scope, `right` is unknown and `offered` counts choices."""

    lines: int = 0
    right: int = 0  # the right guide at once
    offered: int = 0  # the right guide among choices
    unknown: int = 0
    wrong: int = 0  # another guide with confidence

    def share(self, count: int) -> float:
        return count / self.lines if self.lines else 0.0


@dataclass
class Report:
    by_topic: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)  # (meant, taken for) -> lines
    missed: list[tuple[str, str]] = field(default_factory=list)  # (guide, line) neither given nor offered

    @property
    def in_scope(self) -> Tally:
        total = Tally()
        for topic, tally in self.by_topic.items():
            if topic != OUT_OF_SCOPE:
                for name, count in vars(tally).items():
                    setattr(total, name, getattr(total, name) + count)
        return total

    def as_dict(self) -> Mapping[str, object]:
        """For a file that a later run is compared with."""
        rows = {"all": self.in_scope, **self.by_topic}
        return {topic: dict(vars(tally)) for topic, tally in rows.items()}


def evaluate(content: Content, understand: Callable[[str], Match], out_of_scope: Iterable[str]) -> Report:
    """Ask every line and count what comes back."""
    report = Report()
    for guide in content.guides.values():
        for line in guide.check:
            _count(report, guide.topic, guide.id, line, understand(line))
    for line in out_of_scope:
        tally = report.by_topic[OUT_OF_SCOPE]
        tally.lines += 1
        match understand(line).outcome:
            case Outcome.GUIDE | Outcome.COMMAND:
                tally.wrong += 1
            case Outcome.CHOICES:
                tally.offered += 1
            case _:
                tally.right += 1
    return report


def _count(report: Report, topic: str, meant: str, line: str, match: Match) -> None:
    tally = report.by_topic[topic]
    tally.lines += 1
    ids = [one.id for one in match.guides]
    if match.outcome is Outcome.GUIDE and ids[0] == meant:
        tally.right += 1
        return
    if match.outcome is Outcome.CHOICES and meant in ids:
        tally.offered += 1
        return
    report.missed.append((meant, line))
    if match.outcome is Outcome.UNKNOWN:
        tally.unknown += 1
    else:
        tally.wrong += match.outcome is not Outcome.CHOICES
        report.confusions[meant, ids[0] if ids else match.command] += 1


def render(report: Report, microseconds: float, against: Mapping[str, Mapping[str, int]] | None, missed: bool) -> str:
    """As an admin reads it. `against` is an earlier `as_dict`."""
    names = words("eval")
    whole = report.in_scope
    lines = [names["header"].format(**{name: names[name] for name in ("topic", *vars(whole))})]
    lines += [_row(topic, tally) for topic, tally in report.by_topic.items() if topic != OUT_OF_SCOPE]
    lines.append(_row(names["all"], whole))
    if OUT_OF_SCOPE in report.by_topic:
        out = report.by_topic[OUT_OF_SCOPE]
        shares = {name: out.share(getattr(out, name)) for name in ("right", "offered", "wrong")}
        lines.append(names["out_row"].format(lines=out.lines, **shares))
    if against:
        before = Tally(**against["all"])
        found = whole.share(whole.right + whole.offered) - before.share(before.right + before.offered)
        right = whole.share(whole.right) - before.share(before.right)
        wrong = whole.share(whole.wrong) - before.share(before.wrong)
        lines.append(names["against"].format(right=right, found=found, wrong=wrong))
    lines.append(names["speed"].format(microseconds=microseconds))
    if report.confusions:
        lines.append(names["confusions"])
        for (meant, taken), count in report.confusions.most_common(CONFUSIONS_SHOWN):
            lines.append(names["confusion"].format(meant=meant, taken=taken, count=count))
    if missed:
        lines.append(names["missed"])
        lines += [names["miss"].format(guide=guide, line=line) for guide, line in report.missed]
    return "\n".join(lines)


def _row(topic: str, tally: Tally) -> str:
    shares = {name: tally.share(count) for name, count in vars(tally).items() if name != "lines"}
    return words("eval")["row"].format(topic=topic, lines=tally.lines, **shares)
