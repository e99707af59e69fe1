"""What a button carries: a verb and where it points, in one short string that outlives restarts and edits. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    MENU = "m"
    TOPIC = "t"
    OPEN = "g"
    GO = "s"  # show this step
    NEXT = "n"  # this step is done
    BACK = "b"
    STUCK = "x"
    STILL = "u"  # the help given did not help
    TROUBLE = "p"  # the trouble with this number
    ALL = "a"
    FINISH = "f"
    RATE_YES = "y"
    RATE_NO = "z"
    RESUME = "w"
    STOP = "e"
    PLACE = "c"  # `place` is a commune
    ROUND = "q"  # begin a round of a quiz; `index` is how many items, or nothing for the usual number
    THAT = "d"  # the item can be trusted
    LUA = "l"  # the item is a trap
    READ = "r"  # the guide behind the item
    PATHS = "h"
    PATH = "j"
    PATH_ALL = "k"


@dataclass(frozen=True)
class Postback:
    """`place` is a topic, a guide or a commune; `index` is where the step stood (or a page, or a trouble's number)."""

    verb: Verb
    place: str = ""
    step: str = ""
    index: int = 0

    def __str__(self) -> str:
        return ":".join((self.verb, self.place, self.step, str(self.index or ""))).rstrip(":")


def parse(text: str) -> Postback | None:
    """None for anything that we never wrote: buttons can be forged, and come from older versions."""
    verb, place, step, index = [*text.split(":"), "", "", ""][:4]
    if verb not in set(Verb) or text.count(":") > 3 or not (index == "" or (index.isdecimal() and len(index) <= 4)):
        return None
    return Postback(Verb(verb), place, step, int(index or 0))
