"""What a text means by itself, before the conversation it stands in is looked at. PURE."""

from __future__ import annotations

from bot.content.model import Topic
from bot.engine.library import Library
from bot.language.matching import Match, Outcome, Scored

CODE_COMMAND = "code"  # the command of a typed short code; its guide stands in `guides`


def understand(text: str, library: Library) -> Match:
    """A command, one guide, a few to choose from, or unknown."""
    if command := library.commands.meaning(text):
        return Match(Outcome.COMMAND, command=command)
    if (code := code_meant(text, library)) is not None and (guide := library.content.by_code(code)):
        return Match(Outcome.COMMAND, (Scored(guide.id, 1.0),), CODE_COMMAND)
    if topic := topic_meant(text, library):
        return Match(Outcome.CHOICES, library.rank(text, among=topic.guides).guides)
    return library.match(text)


def topic_meant(text: str, library: Library) -> Topic | None:
    """The topic whose name is all that was said: "vneid" asks for nothing yet."""
    name = library.topic_names.get(library.normalizer(text).key, "")
    return library.content.topic(name)


def number_meant(text: str, library: Library) -> int | None:
    """2 for "2", "hai", "cái thứ hai"; None for anything else."""
    key = library.normalizer.plain(text).key
    return int(key) if key.isdecimal() and len(key) <= 3 else library.numbers.meaning(text)


def code_meant(text: str, library: Library) -> int | None:
    """23 for "số 23", "so 23", "23"; None for anything else."""
    found = library.code_pattern.fullmatch(library.normalizer.plain(text).key)
    return int(found[1]) if found else None
