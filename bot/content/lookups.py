"""What people ask after (glossary.yaml, communes.yaml), and how they ask (questions.yaml). Frozen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


_Line = Annotated[str, StringConstraints(min_length=1)]
Form = Annotated[str, StringConstraints(pattern=r"^[^{}]*\{\}[^{}]*$")]


class Term(_Frozen):
    """A hard word, and what it means."""

    term: _Line
    say: _Line
    also: tuple[_Line, ...] = ()  # other names, usual misspellings
    guide: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.term, self.term.partition("(")[0], *self.also)


class Commune(_Frozen):
    """One of the province's units since 1 July 2025, with what became part of it."""

    name: _Line
    former: tuple[_Line, ...]  # a unit that was split stands at each of its heirs
    district: _Line  # one or more, told apart by "," and "và"
    say: str = ""  # where papers are handed in, when it is not the usual place


class Asking(_Frozen):
    """Whole utterances that ask about a name, which stands in {}."""

    forms: Annotated[tuple[Form, ...], Field(min_length=1)]
    before: tuple[_Line, ...] = ()  # may stand before it all or before the name: "tôi muốn biết", "cái otp"
    after: tuple[_Line, ...] = ()  # may stand after the name or at the end: "vạn giã cũ", "là gì vậy con"


class AskingPlaces(Asking):
    nameless: tuple[_Line, ...] = ()  # asks for a place, but of which commune is not told
    kinds: dict[str, tuple[_Line, ...]]  # phường: [p]
    guide: str = ""  # offered with every answer


class Questions(_Frozen):
    """knowledge/questions.yaml."""

    words: Asking
    places: AskingPlaces


def split_kind(name: str, kinds: Iterable[str]) -> tuple[str, str]:
    """("phường", "Vĩnh Hải") of "Phường Vĩnh Hải"; no kind when the name begins with none."""
    kind = max((kind for kind in kinds if name.lower().startswith(f"{kind} ")), key=len, default="")
    return kind, name[len(kind) :].strip()
