"""How well the scam check tells bad from good. PURE.

It is given texts whose truth is known and a judge, so that links and messages are measured by the same rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bot.safety.model import ACCUSED, Judgement, Verdict
from bot.words import words

MISSES_SHOWN = 40  # texts a list names; a longer list is read with --missed


@dataclass(frozen=True)
class Case:
    """One text, whether it is a trap, and the kind that its file gives it."""

    text: str
    is_bad: bool
    category: str = ""


@dataclass
class SignTally:
    """How often a sign was met, and how often it was the only one in an accusation."""

    bad: int = 0
    good: int = 0
    alone_bad: int = 0
    alone_good: int = 0


@dataclass
class SafetyReport:
    """Counts over all cases; `verdicts` has a row for bad (True) and one for good texts."""

    verdicts: dict[bool, Counter[Verdict]] = field(default_factory=lambda: defaultdict(Counter))
    by_category: dict[tuple[bool, str], Counter[Verdict]] = field(default_factory=lambda: defaultdict(Counter))
    signs: dict[str, SignTally] = field(default_factory=lambda: defaultdict(SignTally))
    missed: list[str] = field(default_factory=list)  # bad texts that were not accused
    accused: list[tuple[str, Judgement]] = field(default_factory=list)  # good texts that were

    def accused_share(self, is_bad: bool) -> float:
        """Of bad texts the recall, of good texts the false alarms."""
        return share_accused(self.verdicts[is_bad])


def share_accused(counts: Counter[Verdict]) -> float:
    total = counts.total()
    return sum(counts[verdict] for verdict in ACCUSED) / total if total else 0.0


def evaluate_safety(cases: Iterable[Case], judge: Callable[[str], Judgement]) -> SafetyReport:
    """Judge every case and count what comes back."""
    report = SafetyReport()
    for case in cases:
        judgement = judge(case.text)
        is_accused = judgement.verdict in ACCUSED
        report.verdicts[case.is_bad][judgement.verdict] += 1
        report.by_category[case.is_bad, case.category][judgement.verdict] += 1
        if case.is_bad and not is_accused:
            report.missed.append(case.text)
        if is_accused and not case.is_bad:
            report.accused.append((case.text, judgement))
        names = {reason.sign for reason in judgement.reasons}
        for name in names:
            _count(report.signs[name], case.is_bad, is_alone=is_accused and len(names) == 1)
    return report


def _count(tally: SignTally, is_bad: bool, is_alone: bool) -> None:
    if is_bad:
        tally.bad += 1
        tally.alone_bad += is_alone
    else:
        tally.good += 1
        tally.alone_good += is_alone


def categories(table: Iterable[str]) -> Mapping[str, str]:
    """Text -> category from a *_meta.tsv: tab-separated, a first row of names, the text in the first column."""
    rows = [line.rstrip("\n").split("\t") for line in table]
    if not rows or "category" not in rows[0]:
        return {}
    at = rows[0].index("category")
    return {row[0]: row[at] for row in rows[1:] if len(row) > at}


def read_messages(lines: Iterable[str], is_bad: bool) -> list[Case]:
    """A message a line, perhaps after its kind and a tab; "\\n" for a line break, # before what is no message."""
    cases = []
    for line in lines:
        kind, tab, text = line.partition("\t")
        message = (text if tab else kind).replace("\\n", "\n").strip()
        if message and not line.startswith("#"):
            cases.append(Case(message, is_bad, kind.strip() if tab else ""))
    return cases


def render_safety(report: SafetyReport, title: str, microseconds: float, show_missed: bool) -> str:
    """As an admin reads it."""
    names = words("eval_safety")
    lines = [names["title"].format(title=title), names["header"]]
    for is_bad in (True, False):
        if report.verdicts[is_bad].total():
            lines.append(_row(names["bad" if is_bad else "good"], report.verdicts[is_bad]))
    kinds = sorted(key for key in report.by_category if key[1])
    if kinds:
        lines.append(names["by_category"])
        for is_bad, category in kinds:
            kind = names["bad" if is_bad else "good"]
            lines.append(_row(f"{kind}: {category}", report.by_category[is_bad, category]))
    lines.append(names["signs"])
    lines.append(names["sign_header"])
    for name, tally in sorted(report.signs.items(), key=lambda each: -each[1].bad):
        lines.append(names["sign_row"].format(name=name, **vars(tally)))
    lines.append(names["speed"].format(microseconds=microseconds))
    if report.accused:
        lines.append(names["accused"])
        for text, judgement in report.accused[: None if show_missed else MISSES_SHOWN]:
            found = ", ".join(f"{reason.sign}={reason.found}" for reason in judgement.reasons)
            lines.append(names["accused_row"].format(text=_in_a_line(text), found=found))
    if show_missed and report.missed:
        lines.append(names["missed"])
        lines += [names["missed_row"].format(text=_in_a_line(text)) for text in report.missed]
    return "\n".join(lines)


def _in_a_line(text: str) -> str:
    return text.replace("\n", "\\n")


def _row(name: str, counts: Counter[Verdict]) -> str:
    numbers = {verdict.value: counts[verdict] for verdict in Verdict}
    return words("eval_safety")["row"].format(name=name, total=counts.total(), share=share_accused(counts), **numbers)
