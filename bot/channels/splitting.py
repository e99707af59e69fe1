"""Texts longer than a channel takes, cut where a reader would pause. **Bold**, the one style, survives a cut. PURE."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import groupby

Measure = Callable[[str], int]
"""How long a text is for a platform. The measure of a text is the sum of its characters' measures."""

BOLD = re.compile(r"\*\*([^*]+)\*\*")
MARKS = "****"  # what a bold run costs
LEAST_FILL = 1 / 3  # of the limit: a paragraph that ends earlier would leave a stub of a message

# From the best place to cut to the worst; a no-break space, as inside a phone number, is no place.
_BREAKS = (
    re.compile(r"(?=\n[ \t]*\n)"),
    re.compile(r"(?=\n)"),
    re.compile(r"(?<=[.!?…])(?=[^\S\xa0\u202f])|(?<=[.!?…][\"'”’)])(?=[^\S\xa0\u202f])"),
    re.compile(r"(?=[^\S\xa0\u202f])"),
)
_JOINER = "\u200d"  # makes one emoji of several
_SKIN_TONES = "".join(map(chr, range(0x1F3FB, 0x1F400)))
_REGIONAL = "".join(map(chr, range(0x1F1E6, 0x1F200)))  # a flag is two of these


def characters(text: str) -> int:
    return len(text)


def utf16_units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def strip_bold(text: str) -> str:
    return BOLD.sub(r"\1", text)


def split(text: str, limit: int, measure: Measure = characters) -> list[str]:
    """The text in parts of at most `limit`, which must leave room for a bold letter. A blank text has no parts.

    Nothing is lost but white space around the cuts. Marks of bold count, though a platform that parses them may not.
    """
    text = unicodedata.normalize("NFC", text)
    if measure(text) <= limit:
        return [text] if text.strip() else []
    plain, is_bold = _read(text)
    breaks = [[found.start() for found in pattern.finditer(plain)] for pattern in _BREAKS]
    parts = []
    start = _skip_space(plain, 0)
    while start < len(plain):
        end = _fit(plain, is_bold, start, limit, measure)
        if end < len(plain):
            end = _cut(plain, start, end, breaks)
        parts.append(_write(plain, is_bold, start, _skip_space_back(plain, end)))
        start = _skip_space(plain, end)
    return parts


def _read(text: str) -> tuple[str, list[bool]]:
    """The text without marks, and for each of its characters whether it is bold."""
    pieces = BOLD.split(text)  # plain and bold in turn
    is_bold = [index % 2 == 1 for index, piece in enumerate(pieces) for _ in piece]
    return "".join(pieces), is_bold


def _write(plain: str, is_bold: Sequence[bool], start: int, end: int) -> str:
    runs = []
    for bold, places in groupby(range(start, end), key=is_bold.__getitem__):
        run = "".join(plain[place] for place in places)
        runs.append(f"**{run}**" if bold else run)
    return "".join(runs)


def _fit(plain: str, is_bold: Sequence[bool], start: int, limit: int, measure: Measure) -> int:
    """Where the longest part from `start` ends; past at least one character, so that the work always ends."""
    length = 0
    for place in range(start, len(plain)):
        opens = is_bold[place] and (place == start or not is_bold[place - 1])
        length += measure(plain[place]) + (measure(MARKS) if opens else 0)
        if length > limit:
            return max(place, start + 1)
    return len(plain)


def _cut(plain: str, start: int, end: int, breaks: Sequence[Sequence[int]]) -> int:
    """The best place to cut in plain[start:end]. The space itself may lie just behind."""
    least = start + int((end - start) * LEAST_FILL)
    for places in breaks:
        index = bisect_right(places, end)
        if index and places[index - 1] > (start if places is breaks[-1] else least):
            return places[index - 1]
    hard = end
    while hard > start and _is_joined(plain, hard):
        hard -= 1
    return hard if hard > start else end


def _is_joined(text: str, place: int) -> bool:
    """Whether what a reader sees as one sign goes on at `place`."""
    before, after = text[:place], text[place]
    if after in _REGIONAL:
        return (len(before) - len(before.rstrip(_REGIONAL))) % 2 == 1
    return unicodedata.category(after)[0] == "M" or after in _SKIN_TONES or _JOINER in (before[-1], after)


def _skip_space(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _skip_space_back(text: str, place: int) -> int:
    while place and text[place - 1].isspace():
        place -= 1
    return place
