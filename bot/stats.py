"""What people asked about, in numbers that point at nobody. PURE."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple

from bot.engine.model import EventKind
from bot.stores.base import LoggedEvent
from bot.words import words

SMALLEST_GROUP = 5  # people: a smaller group is never shown by itself (design: what the log may hold)
OTHERS = "*"  # the row that smaller groups are added up in


@dataclass(frozen=True)
class Row:
    """One guide's figures. `people` are those who opened it; a person of two months counts twice, as keys change."""

    guide: str
    people: int
    asked: int
    opened: int
    finished: int
    stuck: int
    left: int
    helped: int
    not_helped: int


class Traffic(NamedTuple):
    people: int
    turns: int


def traffic(log: Iterable[LoggedEvent], channel: str) -> Traffic:
    """How much of a channel was used, at the least: a turn that logs nothing, as a look at the menu, is not seen."""
    turns = {(logged.person, logged.at) for logged in log if logged.channel == channel and logged.person}
    return Traffic(people=len({person for person, _ in turns}), turns=len(turns))


def summarize(log: Iterable[LoggedEvent]) -> list[Row]:
    """A row a guide, most opened first.

    Guides of fewer than SMALLEST_GROUP people share one row, itself shown only from that many.
    """
    events: dict[str, list[LoggedEvent]] = defaultdict(list)
    for logged in log:
        if logged.event.guide or logged.event.kind is EventKind.UNANSWERED:
            events[logged.event.guide].append(logged)
    shown: list[Row] = []
    few: list[LoggedEvent] = []
    for guide, of_guide in events.items():
        if len(_people(of_guide)) >= SMALLEST_GROUP:
            shown.append(_row(guide, of_guide))
        else:
            few += of_guide
    shown.sort(key=lambda row: (-row.opened, row.guide))
    if len(_people(few)) >= SMALLEST_GROUP:
        shown.append(_row(OTHERS, few))
    return shown


def _people(events: Iterable[LoggedEvent]) -> set[str]:
    return {logged.person for logged in events if logged.person}


def _row(guide: str, events: Sequence[LoggedEvent]) -> Row:
    def count(kind: EventKind, value: str = "") -> int:
        return sum(1 for logged in events if logged.event.kind is kind and logged.event.value == value)

    return Row(
        guide=guide,
        people=len(_people(events)),
        asked=count(EventKind.ASKED) + count(EventKind.UNANSWERED),
        opened=count(EventKind.OPENED),
        finished=count(EventKind.FINISHED),
        stuck=count(EventKind.STUCK),
        left=count(EventKind.LEFT),
        helped=count(EventKind.RATED, "yes"),
        not_helped=count(EventKind.RATED, "no"),
    )


def render(rows: Sequence[Row], style: str) -> str:
    """As `table`, `csv` or `json`."""
    if style == "json":
        return json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2)
    names = [field.name for field in fields(Row)]
    if style == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
        return out.getvalue().rstrip("\r\n")
    texts = words("stats")
    if not rows:
        return texts["nothing"].format(people=SMALLEST_GROUP)
    special = {"": texts["unanswered"], OTHERS: texts["others"]}
    lines = [[texts[name] for name in names]]
    lines += [[special.get(row.guide, row.guide), *map(str, list(asdict(row).values())[1:])] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(names))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
