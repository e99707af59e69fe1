"""Judges content as a whole: each guide's graph, names that point elsewhere, words that say the same."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from bot.content.model import (
    DONE,
    GUIDE_ID_LIMIT,
    HOTLINE,
    Content,
    Guide,
    SafetyKnowledge,
    Step,
    Topic,
    Trouble,
    Wording,
)
from bot.errors import Problem
from bot.language.normalize import Normalizer
from bot.words import say
from bot.yaml_source import nearest

TEXT_LIMIT = 2000  # characters: Zalo's messages, the smallest of all channels
TEXT_MARGIN = 200  # characters that the assistant's own phrases add around a guide's text
POSTBACK_LIMIT = 64  # bytes: Telegram's callback_data
REVIEW_DAYS = 180
PLACEHOLDERS = frozenset("you You me Me title minutes summary lines step total say see text number name chat".split())

_T = TypeVar("_T")
_BRACES = re.compile(r"\{([^}]*)\}?")


@dataclass(frozen=True)
class Located(Generic[_T]):
    """Something read from a file, and how to find the line of each of its parts."""

    item: _T
    path: str
    line: Callable[[Sequence[str | int]], int]

    def problem(self, loc: Sequence[str | int], key: str, *, is_warning: bool = False, **values: object) -> Problem:
        return Problem(self.path, self.line(loc), say("content", key, **values), is_warning)


def near(name: str, good: Sequence[str]) -> str:
    """ "; có phải …?" with the nearest good name, or nothing."""
    found = nearest(name, good)
    return say("content", "near", name=found) if found else ""


def check_content(
    content: Content,
    guides: Sequence[Located[Guide]],
    topics: Sequence[Located[Topic]],
    names: frozenset[str],
    picture_exists: Callable[[str], bool],
    today: date,
) -> Iterator[Problem]:
    """All problems of content whose files could each be read.

    `names`: every guide that may be named, be its own file readable or not, or only planned.
    """
    hotlines = tuple(content.knowledge.hotlines)
    for guide in guides:
        yield from _check_names(guide, names, hotlines)
        yield from _check_graph(guide, names)
        yield from _check_texts(guide, hotlines)
        yield from _check_review(guide, today)
        for number, step in enumerate(guide.item.steps):
            if step.picture and not picture_exists(step.picture):
                yield guide.problem(("steps", number, "picture"), "picture_missing", name=step.picture)
    yield from _check_repeats(guides)
    yield from _check_utterances(guides, content.knowledge.synonyms.normalizer())
    for topic in topics:
        if not topic.item.guides:
            yield topic.problem((), "topic_empty", is_warning=True)


def check_phrases(content: Content, path: str, line: Callable[[Sequence[str | int]], int]) -> Iterator[Problem]:
    """Placeholders that nothing fills."""
    for name, phrase in content.knowledge.phrases:
        for text in (phrase.plain, phrase.you) if isinstance(phrase, Wording) else (phrase,):
            for found in _BRACES.findall(text):
                if found not in PLACEHOLDERS:
                    yield Problem(
                        path,
                        line((name,)),
                        say("content", "placeholder", name=found, good=", ".join(sorted(PLACEHOLDERS))),
                    )


Where = tuple[str, Callable[[Sequence[str | int]], int]]  # a file's name, and the line of each of its parts
_HOST_LINE = re.compile(r"(?:https?://)?[\w.-]+\.[\w-]{2,}(?:[:/?]\S*)?", re.IGNORECASE)


def check_safety(safety: SafetyKnowledge, names: frozenset[str], sites: Where, signs: Where) -> Iterator[Problem]:
    """Signs whose guide is misspelt, and addresses that are said to be two places' own.

    A guide that is nowhere near any other may be left out on purpose: then nothing is offered.
    """
    path, line = signs
    for section, group in (("shapes", dict(safety.links.shapes)), ("names", safety.links.names)):
        for name, sign in group.items():
            if sign.guide and sign.guide not in names and (meant := near(sign.guide, sorted(names))):
                told = say("content", "no_such_guide", name=sign.guide, near=meant)
                yield Problem(path, line((section, name, "guide")), told)
    for twice in safety.links.shapes.model_fields_set & set(safety.links.names):
        yield Problem(path, line(("names", twice)), say("content", "sign_twice", name=twice))
    path, line = sites
    owner: dict[str, str] = {}
    for name, site in safety.official_sites.items():
        for number, domain in enumerate(site.domains):
            if (other := owner.setdefault(domain, name)) != name:
                told = say("content", "domain_twice", domain=domain, other=other)
                yield Problem(path, line((name, "domains", number)), told)


def check_bad_sites(safety: SafetyKnowledge, lines: Mapping[int, str], path: str) -> Iterator[Problem]:
    """Lines of the plain list that name no address, or an official one."""
    official = {domain for site in safety.official_sites.values() for domain in site.domains}
    for number, line in lines.items():
        host = re.sub(r"^https?://|^www\.|/$", "", line.lower())
        if not _HOST_LINE.fullmatch(line):
            yield Problem(path, number, say("content", "not_an_address"))
        elif host in official or host.endswith(".gov.vn"):
            yield Problem(path, number, say("content", "official_listed", domain=host))


def _check_names(guide: Located[Guide], names: frozenset[str], hotlines: tuple[str, ...]) -> Iterator[Problem]:
    item = guide.item
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", item.id) or len(item.id) > GUIDE_ID_LIMIT:
        yield guide.problem((), "bad_guide_id", name=item.id, limit=GUIDE_ID_LIMIT)
    others = sorted(names)
    for number, other in enumerate(item.see_also):
        if other not in names:
            yield guide.problem(("see_also", number), "no_such_guide", name=other, near=near(other, others))
        if other == item.id:
            yield guide.problem(("see_also", number), "see_itself")
    calls: list[tuple[tuple[str | int, ...], str]] = [(("hotline",), item.hotline)]
    calls += [(("steps", number, "call"), step.call) for number, step in enumerate(item.steps)]
    for loc, name in calls:
        if name and name not in hotlines:
            yield guide.problem(loc, "no_such_hotline", name=name, near=near(name, hotlines))


def _check_graph(guide: Located[Guide], names: frozenset[str]) -> Iterator[Problem]:
    item = guide.item
    ids = [step.id for step in item.steps]
    for step_id, count in Counter(ids).items():
        if count > 1:
            last = len(ids) - 1 - ids[::-1].index(step_id)
            yield guide.problem(("steps", last), "step_twice", name=step_id)
    ways: dict[str, set[str]] = {}
    for number, step in enumerate(item.steps):
        for loc, target in _targets(step, number):
            if target != DONE and target not in ids and target not in names:
                good = [*ids, DONE, *sorted(names)]
                yield guide.problem(loc, "leads_nowhere", name=target, near=near(target, good))
        if len(postback := f"s:{item.id}:{step.id}:{number}".encode()) > POSTBACK_LIMIT:
            yield guide.problem(("steps", number), "postback_too_long", size=len(postback), limit=POSTBACK_LIMIT)
        helped = {trouble.goto for trouble in item.troubles(step) if trouble.goto}
        ways[step.id] = {*item.targets(step), *helped}
    for number, trouble in enumerate(item.trouble):
        if trouble.goto and trouble.goto not in ids and trouble.goto not in names:
            yield guide.problem(
                ("trouble", number, "goto"), "leads_nowhere", name=trouble.goto, near=near(trouble.goto, ids)
            )
    reached = _reachable(ids[0], ways)
    ends = {step_id for step_id in ids if _reachable(step_id, ways) - set(ids)}
    for number, step_id in enumerate(ids):
        if step_id not in reached:
            yield guide.problem(("steps", number), "unreachable", name=step_id)
        elif step_id not in ends:
            yield guide.problem(("steps", number), "endless", name=step_id)


def _targets(step: Step, number: int) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for label, target in step.options.items():
        yield ("steps", number, "options", label), target
    if step.next:
        yield ("steps", number, "next"), step.next
    for at, trouble in enumerate(step.trouble):
        if trouble.goto:
            yield ("steps", number, "trouble", at, "goto"), trouble.goto


def _reachable(start: str, ways: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += ways.get(here, ())
    return found


def _texts(guide: Guide) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Each text as long as it is sent: what goes out in one message is measured together."""
    yield ("summary",), "\n".join((guide.title, guide.summary, *guide.urgent, *guide.prepare))
    for number, step in enumerate(guide.steps):
        yield ("steps", number), "\n".join((step.say or step.choose, step.see, *step.options))
        yield from _trouble_texts(step.trouble, ("steps", number))
    yield from _trouble_texts(guide.trouble, ())
    yield ("done",), "\n".join((guide.done, *guide.warn))


def _trouble_texts(
    troubles: Sequence[Trouble], loc: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for number, trouble in enumerate(troubles):
        yield (*loc, "trouble", number, "say"), trouble.say


def _check_texts(guide: Located[Guide], hotlines: tuple[str, ...]) -> Iterator[Problem]:
    for loc, text in _texts(guide.item):
        if len(text) > TEXT_LIMIT - TEXT_MARGIN:
            yield guide.problem(loc, "text_too_long", size=len(text), limit=TEXT_LIMIT - TEXT_MARGIN)
        if text.count("**") % 2:
            yield guide.problem(loc, "bold_open")
        for braces in _BRACES.finditer(text):
            found = HOTLINE.fullmatch(braces[0])
            if not found:
                yield guide.problem(loc, "braces", text=braces[0])
            elif found[1] not in hotlines:
                yield guide.problem(loc, "no_such_hotline", name=found[1], near=near(found[1], hotlines))


def _check_review(guide: Located[Guide], today: date) -> Iterator[Problem]:
    age = (today - guide.item.reviewed).days
    if age > REVIEW_DAYS:
        yield guide.problem(("reviewed",), "review_old", is_warning=True, days=age, limit=REVIEW_DAYS)
    if age < -1:
        yield guide.problem(("reviewed",), "review_future")


def _check_repeats(guides: Sequence[Located[Guide]]) -> Iterator[Problem]:
    by_id: dict[str, Located[Guide]] = {}
    by_code: dict[int, Located[Guide]] = {}
    for guide in guides:
        if (other := by_id.setdefault(guide.item.id, guide)) is not guide:
            yield guide.problem((), "id_twice", name=guide.item.id, other=other.path)
        if (other := by_code.setdefault(guide.item.code, guide)) is not guide:
            yield guide.problem(("code",), "code_twice", code=guide.item.code, other=other.path)


def _check_utterances(guides: Sequence[Located[Guide]], normalizer: Normalizer) -> Iterator[Problem]:
    said: dict[str, list[tuple[Located[Guide], str, int]]] = defaultdict(list)
    for guide in guides:
        for key, lines in (("ask", guide.item.ask), ("check", guide.item.check)):
            for number, line in enumerate(lines):
                said[normalizer(line).key].append((guide, key, number))
    for places in said.values():
        first, *again = places
        for guide, key, number in again:
            other, other_key, other_number = first
            yield guide.problem(
                (key, number),
                "said_twice" if guide is other else "said_elsewhere",
                is_warning=guide is other,
                text=getattr(guide.item, key)[number],
                other=f"{other.path}:{other.line((other_key, other_number))}",
            )
