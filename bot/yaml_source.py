"""YAML that people write, read so that every mistake is told with its line and its mend.

Everything is text, as with yaml.BaseLoader: `No`, `on`, dates and phone numbers stay what was typed, and the model
decides what a value means. Nothing clever is let in: no anchors, no tags, no key twice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from rapidfuzz import fuzz, process

from bot.errors import AssistantError, Problem
from bot.words import say, words

SIZE_LIMIT = 1024 * 1024  # bytes; the longest guide has 20 KB
DEPTH_LIMIT = 40  # levels; a guide needs six
NEAR = 60  # of 100: how alike a misspelt name must be to be offered
NAME_LIMIT = 32  # characters of an unknown name that are shown: a longer one may be a secret on the wrong line
NAMES_LIMIT = 15  # names listed when none is near

Place = tuple[str | int, ...]


class SourceErrors(AssistantError):
    """A file that cannot be read as YAML of our kind."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class Source:
    """What a file says, and on which line."""

    data: Any  # dict, list, str; None where nothing is written
    lines: Mapping[Place, int]

    def line(self, loc: Sequence[str | int]) -> int:
        """The line of a key or list item; of the nearest place around it when there is none."""
        place = tuple(loc)
        while place not in self.lines:
            place = place[:-1]
        return self.lines[place]


def read(path: Path, path_shown: str | None = None) -> Source:
    """Raises SourceErrors with all that is wrong; `path_shown` is how its problems name the file."""
    shown = path_shown or str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise _refused(shown, 0, "unreadable", reason=error.strerror) from error
    return parse(raw, shown)


def parse(raw: bytes, path_shown: str) -> Source:
    """The same for a file that is not on disk (yet)."""
    if len(raw) > SIZE_LIMIT:
        raise _refused(path_shown, 0, "too_big", limit=SIZE_LIMIT // 1024)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(path_shown, raw.count(b"\n", 0, error.start) + 1, "not_utf8") from error
    # Macs may type ộ as three characters: composed, it is equal to the ộ of others and fits the same limits.
    text = unicodedata.normalize("NFC", text)
    if tabs := [_problem(path_shown, line, "tab") for line in _lines_with_tabs(text)]:
        raise SourceErrors(tabs)
    try:
        return _build(yaml.parse(text, Loader=_FAST), path_shown)
    except yaml.YAMLError:
        pass  # libyaml is twenty times as fast, but only the reader in Python words its errors reliably
    try:
        return _build(yaml.parse(text, Loader=yaml.BaseLoader), path_shown)
    except yaml.YAMLError as error:
        raise SourceErrors([_syntax_problem(error, text, path_shown)]) from error


_FAST: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_TAB = re.compile(r" *\t\s*[^\s#]")


def _problem(path: str, line: int, key: str, /, **values: object) -> Problem:
    return Problem(path, line, say("yaml", key, **values))


def _refused(path: str, line: int, key: str, /, **values: object) -> SourceErrors:
    return SourceErrors([_problem(path, line, key, **values)])


def _lines_with_tabs(text: str) -> Iterator[int]:
    return (number for number, line in enumerate(text.splitlines(), 1) if _TAB.match(line))


def _syntax_problem(error: yaml.YAMLError, text: str, path: str) -> Problem:
    line = 0
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
    elif isinstance(error, yaml.MarkedYAMLError):
        mark: Any = error.problem_mark or error.context_mark
        if re.search("quoted scalar|parsing a flow|simple key", error.context or ""):
            mark = error.context_mark or mark  # where it was opened; the reader noticed only much later
        line = mark.line + 1 if mark else 0
    told = str(error).lower()
    hints = (key for key in words("yaml") if key.startswith("syntax:"))
    return _problem(path, line, next(key for key in hints if key.removeprefix("syntax:").strip() in told))


def _line_of(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


@dataclass
class _Open:
    """A list or a mapping that is being read."""

    place: Place
    value: dict[str, Any] | list[Any]
    key: str | None = None  # of a mapping: waits for its value


def _build(events: Iterable[yaml.Event], path: str) -> Source:
    """Events to data without recursion, so that no nesting can exhaust the stack."""
    lines: dict[Place, int] = {}
    problems: list[Problem] = []
    root: Any = None
    opened: list[_Open] = []
    documents = 0

    def put(value: Any, line: int) -> Place:
        nonlocal root
        if not opened:
            root, place = value, Place()
        elif isinstance(opened[-1].value, list):
            place = (*opened[-1].place, len(opened[-1].value))
            opened[-1].value.append(value)
        elif opened[-1].key is not None:
            place = (*opened[-1].place, opened[-1].key)
            opened[-1].value[opened[-1].key] = value
            opened[-1].key = None
        elif isinstance(value, dict | list):
            raise SourceErrors([*problems, _problem(path, line, "key_not_text")])
        else:
            opened[-1].key = key = value or ""
            place = (*opened[-1].place, key)
            if key in opened[-1].value:
                problems.append(_problem(path, line, "twice", key=key, line=lines[place]))
        lines.setdefault(place, line)
        return place

    for event in events:
        line = _line_of(event)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise SourceErrors([*problems, _problem(path, line, "two_documents")])
        elif isinstance(event, yaml.CollectionEndEvent):
            opened.pop()
        elif isinstance(event, yaml.NodeEvent):
            if event.anchor is not None:
                problems.append(_problem(path, line, "anchor"))
            if getattr(event, "tag", None) is not None:
                problems.append(_problem(path, line, "tag"))
            if isinstance(event, yaml.CollectionStartEvent):
                value: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
                opened.append(_Open(put(value, line), value))
                if len(opened) > DEPTH_LIMIT:
                    raise SourceErrors([*problems, _problem(path, line, "too_deep", limit=DEPTH_LIMIT)])
            else:
                text = getattr(event, "value", "")  # an alias has none
                put(text if text or getattr(event, "style", None) else None, line)
    if problems:
        raise SourceErrors(problems)
    return Source(root, {**lines, (): lines.get((), 1)})


def explain(
    error: ValidationError, source: Source, path_shown: str, words_area: str = "check", model: Any = None
) -> list[Problem]:
    """Every error of a model in the admin's words, with line and mend. No value is ever quoted: it may be a secret.

    A sentence is looked up in `words_area` first, then in `yaml`, by the error's type. `model` is needed only where
    the validated type is not itself a model: it tells which names are good at a place.
    A custom error may name a key below its own place as `at` in its context, to be told on that line.
    """
    teller = _Teller(source, words_area, model or _model_named(error.title))
    found = [details for details in error.errors(include_url=False) if not _is_echo(details)]
    # Unknown names first: where `sumary` is told to be `summary`, a missing `summary` is not told again.
    found.sort(key=lambda details: details["type"] != "extra_forbidden")
    problems = {
        Problem(path_shown, *teller.tell(details))
        for details in _without_other_branches(found, source)
        if not (details["type"] == "missing" and details["loc"] in teller.offered)
    }
    return sorted(problems)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The good name that was probably meant."""
    found = process.extractOne(name.lower(), list(names), scorer=fuzz.ratio, score_cutoff=NEAR)
    return found[0] if found else None


_KEY = "[key]"  # pydantic's last part of a place when the key itself is wrong
_KINDS = {  # pattern of an error's type -> sentence
    r"(int|float|decimal)_.*": "number",
    r"(date|datetime)_.*": "date",
    r"bool_.*": "yes_no",
    r"(string|path|url)_type": "text",
    r"(tuple|list|set|frozen_set|iterable|sequence)_type": "list",
    r"(dict|model|model_attributes|mapping|dataclass)_type": "block",
}


@dataclass(frozen=True)
class _Teller:
    source: Source
    area: str
    model: Any
    offered: set[Place] = field(default_factory=set)  # names that were probably meant

    def tell(self, details: ErrorDetails) -> tuple[int, str]:
        """Line and sentence."""
        context = dict(details.get("ctx", {}))
        place = _real_place(details["loc"], self.source)
        if at := str(context.pop("at", "")):
            place = (*place, *at.split("."))
        is_missing = details["type"] == "missing"
        key = str(details["loc"][-1] if is_missing else place[-1] if place else "")
        values: dict[str, object] = {
            **context,
            "type": details["type"],
            "key": key if len(key) <= NAME_LIMIT else key[:4] + "…",
            "place": self._name(place, is_key=_KEY in details["loc"]),
            "length": len(details["input"]) if isinstance(details["input"], str) else 0,
        }
        sentence = self._sentence(details, place, key, values)
        return self.source.line(place), self._say(sentence, values)

    def _sentence(self, details: ErrorDetails, place: Place, key: str, values: dict[str, object]) -> str:
        """Which sentence tells this error; adds to `values` what that one needs."""
        kind, typed = details["type"], details["input"]
        if kind in words(self.area):
            return kind
        if kind == "extra_forbidden":
            sentence = self._offer(key, _names(self.model, place[:-1]), "extra_near", "extra_far", kind, values)
            self.offered.add((*details["loc"][:-1], str(values["near"])))
            return sentence
        if kind in ("literal_error", "enum"):
            expected = re.findall(r"'([^']*)'", str(values["expected"]))
            if _KEY in details["loc"]:
                return self._offer(key, expected, "extra_near", "extra_far", kind, values)
            if typed:
                return self._offer(str(typed), expected, "choice_near", "choice", "choice", values)
        if kind != "missing" and (typed is None or (isinstance(typed, str) and not typed.strip())):
            return "empty"
        if kind == "string_pattern_mismatch":
            by_pattern = f"pattern {values['pattern']}"
            return by_pattern if self._knows(by_pattern) else "pattern"
        by_kind = next((sentence for pattern, sentence in _KINDS.items() if re.fullmatch(pattern, kind)), kind)
        return by_kind if self._knows(by_kind) else "fallback"

    def _offer(self, typed: str, names: list[str], near: str, far: str, unknown: str, values: dict[str, object]) -> str:
        values["near"] = nearest(typed, names)
        values["names"] = ", ".join(names[:NAMES_LIMIT]) + (", …" if len(names) > NAMES_LIMIT else "")
        return near if values["near"] else far if names else unknown

    def _knows(self, sentence: str) -> bool:
        return sentence in words(self.area) or sentence in words("yaml")

    def _say(self, sentence: str, values: dict[str, object]) -> str:
        return say(self.area if sentence in words(self.area) else "yaml", sentence, **values)

    def _name(self, place: Place, is_key: bool) -> str:
        if not place:
            return say("yaml", "place_root")
        if isinstance(place[-1], str):
            return say("yaml", "place_name" if is_key else "place_key", key=place[-1])
        keys = [part for part in place if isinstance(part, str)]
        row = place[-1] + 1
        return say("yaml", "place_item", n=row, key=keys[-1]) if keys else say("yaml", "place_row", n=row)


def _real_place(loc: Sequence[str | int], source: Source) -> Place:
    """Pydantic's place without its own parts, such as the name of a union's branch, which no file holds."""
    place: Place = ()
    for part in loc:
        if (*place, part) in source.lines:
            place = (*place, part)
    return place


def _is_echo(details: ErrorDetails) -> bool:
    """Pydantic's own consequences of an error that it tells anyway."""
    if details["type"] == "default_factory_not_called":
        return True  # the default of this field is made from another one, which is wrong
    # Only good items are counted: a list whose one item is wrong is also called too short.
    return details["type"] == "too_short" and len(details["input"]) >= int(details["ctx"]["min_length"])


def _without_other_branches(errors: list[ErrorDetails], source: Source) -> list[ErrorDetails]:
    """Of `text | mapping`, pydantic tells what is wrong with either. Only what the person meant is kept."""

    def branch(details: ErrorDetails) -> tuple[Place, str | int | None]:
        place: Place = ()
        parts = details["loc"][:-1] if details["type"] == "missing" else details["loc"]
        for part in parts:
            if (*place, part) not in source.lines:
                return (place, part) if part != _KEY else (place, None)
            place = (*place, part)
        return place, None

    def far_from_meant(told: list[ErrorDetails]) -> tuple[bool, int]:
        point, _ = branch(told[0])
        wrong_kind = any(
            details["type"].endswith("_type") and len(details["loc"]) == len(point) + 1 for details in told
        )
        return wrong_kind, len(told)

    kept: list[ErrorDetails] = []
    by_point: dict[Place, dict[str | int, list[ErrorDetails]]] = {}
    for details in errors:
        point, label = branch(details)
        if label is None:
            kept.append(details)
        else:
            by_point.setdefault(point, {}).setdefault(label, []).append(details)
    for branches in by_point.values():
        meant: list[ErrorDetails] = min(branches.values(), key=far_from_meant)
        kept += meant
    return kept


def _names(annotation: Any, place: Place) -> list[str]:
    """The keys that a type knows at a place."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _names(args[0], place)
    if origin in (Union, UnionType):
        return [name for branch in args for name in _names(branch, place)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not place:
            return list(annotation.model_fields)
        below = annotation.model_fields.get(str(place[0]))
        return _names(below.annotation, place[1:]) if below else []
    if place and origin in (dict, tuple, list):
        return _names(args[-1] if origin is dict else args[0], place[1:])
    return []


def _model_named(title: str) -> type[BaseModel] | None:
    """An error knows only its model's name."""

    def below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
        for child in model.__subclasses__():
            yield child
            yield from below(child)

    return next((model for model in below(BaseModel) if model.__name__ == title), None)
