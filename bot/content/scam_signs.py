"""What knowledge/scam_signs.yaml holds: the signs of a scam in a message, as officials write them. Frozen.

A pattern is a phrase with two extras: `<name>` stands for any phrase of the list with that name, and ` ... ` for a few
words in between ("đọc ... <mã-otp>"). Accents may be missing in a message, so a pattern is written with all of its own.
This module knows the file only; bot/safety/messages.py finds the signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

SHAPES = frozenset({"link", "link-rút-gọn", "số-tiền", "biến-động", "số-di-động", "đầu-số", "dãy-số", "chữ-che"})
LIST_NAME = re.compile(r"<([^<>\s]+)>")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


Pattern = Annotated[str, StringConstraints(min_length=1)]
Group = Annotated[tuple[Pattern, ...], Field(min_length=1)]


class MessageSign(_Frozen):
    """One thing that tells a trap, or with a weight below zero, that speaks for a genuine notice.

    It is met when a pattern of `any` is found, or one of each group of `all` within `within` words of another.
    """

    why: Annotated[str, StringConstraints(min_length=1)]  # a short sentence for the citizen
    weight: Annotated[float, Field(ge=-10, le=10)]
    guide: str = ""
    any: tuple[Pattern, ...] = ()
    all: tuple[Group, ...] = ()
    within: Annotated[int, Field(ge=1, le=500)] | None = None  # words; none: `reach` of the file
    unless: tuple[Pattern, ...] = ()  # in the same sentence; for a genuine sign anywhere in the message
    most: float | None = None  # points that the whole message cannot exceed while this sign is met

    def patterns(self) -> Iterator[tuple[str, str]]:
        """(place in the sign, pattern) of each."""
        for name in ("any", "unless"):
            for number, pattern in enumerate(getattr(self, name)):
                yield f"{name}.{number}", pattern
        for place, group in enumerate(self.all):
            for number, pattern in enumerate(group):
                yield f"all.{place}.{number}", pattern


class Negations(_Frozen):
    """Words that turn what follows into its opposite: "không bao giờ" before "yêu cầu mã OTP"."""

    words: Group
    unless: tuple[Pattern, ...] = ()  # "nếu không" is a threat


class MessageVerdicts(_Frozen):
    """The sums of weights from which a message is called suspicious, and dangerous."""

    suspicious: Annotated[float, Field(gt=0)]
    dangerous: Annotated[float, Field(gt=0)]


class Numbers(_Frozen):
    """What is said of a phone number that was sent alone."""

    official: Annotated[str, StringConstraints(min_length=1)]  # {name}: whose number it is
    unknown: Annotated[str, StringConstraints(min_length=1)]


class Likeness(_Frozen):
    """How much being worded like known scams, or like honest messages, weighs beside the signs."""

    weight: Annotated[float, Field(ge=0)]  # points for each logit of lead
    bias: float  # logits added: honest messages were learnt from in greater number
    most: Annotated[float, Field(gt=0)]  # logits that count, either way
    signs_most: Annotated[float, Field(gt=0)]  # points of all signs together that count beside it
    why: Annotated[str, StringConstraints(min_length=1)]


class ScamSigns(_Frozen):
    """knowledge/scam_signs.yaml."""

    numbers: Numbers
    hurt: str = ""  # the guide for who fell for it already
    report: str = ""  # the guide to whom it is reported
    verdicts: MessageVerdicts
    reach: Annotated[int, Field(ge=1, le=500)]  # words in which the groups of `all` must stand
    gap: Annotated[int, Field(ge=1, le=50)]  # words that "..." may stand for
    abbreviations: Mapping[str, str] = Field(default_factory=dict)  # tk -> tài khoản
    likeness: Likeness
    negations: Negations
    lists: Mapping[str, Group]
    signs: Mapping[str, MessageSign]

    __hash__ = object.__hash__  # one object a load, so identity will do; a compiled judge is kept by it

    @model_validator(mode="after")
    def _judge(self) -> ScamSigns:
        if self.verdicts.dangerous < self.verdicts.suspicious:
            raise PydanticCustomError("verdicts_order", "order", {"at": "verdicts.dangerous"})
        for name, sign in self.signs.items():
            if not sign.any and not sign.all:
                raise PydanticCustomError("sign_without_words", "no words", {"at": f"signs.{name}"})
            self._check_names((f"signs.{name}.{at}", pattern) for at, pattern in sign.patterns())
        for name, phrases in self.lists.items():
            if name in SHAPES:
                raise PydanticCustomError("list_is_shape", "taken", {"name": name, "at": f"lists.{name}"})
            self._check_names((f"lists.{name}.{number}", phrase) for number, phrase in enumerate(phrases))
            self._check_circle(name, ())
            for number, phrase in enumerate(phrases):
                if not LIST_NAME.fullmatch(phrase) and ("<" in phrase or "..." in phrase):
                    raise PydanticCustomError("list_phrase", "not plain", {"at": f"lists.{name}.{number}"})
        for part in ("words", "unless"):
            patterns = enumerate(getattr(self.negations, part))
            self._check_names((f"negations.{part}.{number}", pattern) for number, pattern in patterns)
        return self

    def _check_names(self, patterns: Iterable[tuple[str, str]]) -> None:
        for at, pattern in patterns:
            if not re.sub(r"\.\.\.", "", pattern).strip():
                raise PydanticCustomError("pattern_without_words", "no words", {"at": at})
            for name in LIST_NAME.findall(pattern):
                if name not in self.lists and name not in SHAPES:
                    raise PydanticCustomError("unknown_list", "no such list", {"name": name, "at": at})

    def _check_circle(self, name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise PydanticCustomError("list_in_itself", "circle", {"name": name, "at": f"lists.{name}"})
        for phrase in self.lists.get(name, ()):
            for inner in LIST_NAME.findall(phrase):
                self._check_circle(inner, (*above, name))
