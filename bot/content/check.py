"""Judges content as a whole: each guide's graph, names that point elsewhere, words that say the same."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Generic, TypeVar

from bot.content.lookups import split_kind
from bot.content.model import (
    DONE,
    GUIDE_ID_LIMIT,
    HOTLINE,
    ROUND,
    Content,
    Guide,
    Knowledge,
    LearningPath,
    Lesson,
    Quiz,
    SafetyKnowledge,
    Sign,
    Step,
    Topic,
    Trouble,
    Wording,
)
from bot.content.scam_signs import MessageSign
from bot.errors import Problem
from bot.language.normalize import Normalizer, fold
from bot.words import say
from bot.yaml_source import nearest

TEXT_LIMIT = 2000  # characters: Zalo's messages, the smallest of all channels
TEXT_MARGIN = 200  # characters that the assistant's own phrases add around a guide's text
POSTBACK_LIMIT = 64  # bytes: Telegram's callback_data
REVIEW_DAYS = 180
PLACEHOLDERS = frozenset(
    "you You me Me title minutes summary lines step total say see text number name chat unit former district "
    "kind count next".split()
)

_T_co = TypeVar("_T_co", covariant=True)
_BRACES = re.compile(r"\{([^}]*)\}?")


@dataclass(frozen=True)
class Located(Generic[_T_co]):
    """Something read from a file, and how to find the line of each of its parts."""

    item: _T_co
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
        yield from _check_texts(guide.problem, _texts(guide.item), hotlines)
        yield from _check_review(guide, today)
        for number, step in enumerate(guide.item.steps):
            if step.picture and not picture_exists(step.picture):
                yield guide.problem(("steps", number, "picture"), "picture_missing", name=step.picture)
    for topic in topics:
        if not topic.item.guides:
            yield topic.problem((), "topic_empty", is_warning=True)


def check_learning(
    content: Content,
    guides: Sequence[Located[Guide]],
    quizzes: Sequence[Located[Quiz]],
    paths: Sequence[Located[LearningPath]],
    names: frozenset[str],
    key_of: Callable[[str], str],
    today: date,
) -> Iterator[Problem]:
    """Quizzes and learning paths, and what no two of all that people can ask for may share.

    `key_of`: lines with the same key say the same.
    """
    for quiz in quizzes:
        yield from _check_id(quiz)
        yield from _check_quiz(quiz, names)
        yield from _check_texts(quiz.problem, _quiz_texts(quiz.item), tuple(content.knowledge.hotlines))
        yield from _check_review(quiz, today)
    for path in paths:
        yield from _check_path(path, names)
    lessons: list[Located[Lesson]] = [*guides, *quizzes]
    yield from _check_repeats(lessons)
    yield from _check_utterances([*lessons, *paths], key_of)


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


def check_safety(
    safety: SafetyKnowledge, names: frozenset[str], sites: Where, links: Where, messages: Where
) -> Iterator[Problem]:
    """Signs whose guide is misspelt, and addresses that are said to be two places' own.

    A guide that is nowhere near any other may be left out on purpose: then nothing is offered.
    """
    groups: tuple[tuple[Where, str, Mapping[str, Sign | MessageSign]], ...] = (
        (links, "shapes", dict(safety.links.shapes)),
        (links, "names", safety.links.names),
        (messages, "signs", safety.messages.signs),
    )
    for (path, line), section, group in groups:
        for name, sign in group.items():
            if sign.guide and sign.guide not in names and (meant := near(sign.guide, sorted(names))):
                told = say("content", "no_such_guide", name=sign.guide, near=meant)
                yield Problem(path, line((section, name, "guide")), told)
    path, line = links
    for twice in safety.links.shapes.model_fields_set & set(safety.links.names):
        yield Problem(path, line(("names", twice)), say("content", "sign_twice", name=twice))
    met: dict[str, str] = {}
    for name, sign in safety.links.names.items():
        for number, word in enumerate(sign.words):
            if (first := met.setdefault("".join(fold(word).split()), name)) != name:
                told = say("content", "sign_word_twice", word=word, first=first)
                yield Problem(path, line(("names", name, "words", number)), told, is_warning=True)
    path, line = sites
    owner: dict[str, str] = {}
    for name, site in safety.official_sites.items():
        for number, domain in enumerate(site.domains):
            if (other := owner.setdefault(domain, name)) != name:
                told = say("content", "domain_twice", domain=domain, other=other)
                yield Problem(path, line((name, "domains", number)), told)


def check_lookups(
    knowledge: Knowledge, names: frozenset[str], glossary: Where, communes: Where, questions: Where
) -> Iterator[Problem]:
    """Terms that share a name, guides that are misspelt, and communes whose kind cannot be told from their name.

    As with signs, a guide that is nowhere near any other may be left out on purpose.
    """
    said = [(glossary, (name, "say"), term.say) for name, term in knowledge.glossary.items()]
    said += [(communes, (name, "say"), commune.say) for name, commune in knowledge.communes.items()]
    for (path, line), loc, text in said:
        for key, values in _mistakes(text, tuple(knowledge.hotlines)):
            yield Problem(path, line(loc), say("content", key, **values))
    led = [(glossary, (name, "guide"), term.guide) for name, term in knowledge.glossary.items()]
    for (path, line), loc, guide in (*led, (questions, ("places", "guide"), knowledge.questions.places.guide)):
        if guide and guide not in names and (meant := near(guide, sorted(names))):
            yield Problem(path, line(loc), say("content", "no_such_guide", name=guide, near=meant))
    yield from _check_terms(knowledge, glossary)
    kinds = tuple(knowledge.questions.places.kinds)
    path, line = communes
    for name, commune in knowledge.communes.items():
        units: list[tuple[tuple[str | int, ...], str]] = [((name, "name"), commune.name)]
        units += [((name, "former", number), former) for number, former in enumerate(commune.former)]
        for place, unit in units:
            if not split_kind(unit, kinds)[0]:
                yield Problem(path, line(place), say("content", "no_kind", name=unit, good=", ".join(kinds)))


def _check_terms(knowledge: Knowledge, glossary: Where) -> Iterator[Problem]:
    path, line = glossary
    normalizer = knowledge.synonyms.normalizer
    owner: dict[str, str] = {}
    for term_id, term in knowledge.glossary.items():
        places: list[tuple[Sequence[str | int], str]] = [((term_id, "term"), term.term)]
        places += [((term_id, "also", number), name) for number, name in enumerate(term.also)]
        for loc, name in places:
            if (other := owner.setdefault(normalizer(name).key, term_id)) != term_id:
                yield Problem(path, line(loc), say("content", "term_twice", name=name, other=other))


def check_payment_codes(knowledge: Knowledge, names: frozenset[str], where: Where) -> Iterator[Problem]:
    """A guide that is misspelt; as with signs, one nowhere near any other may be left out on purpose."""
    path, line = where
    guide = knowledge.payment_codes.guide
    if guide not in names and (meant := near(guide, sorted(names))):
        yield Problem(path, line(("guide",)), say("content", "no_such_guide", name=guide, near=meant))


def check_open_questions(
    content: Content, names: frozenset[str], key_of: Callable[[str], str], where: Where
) -> Iterator[Problem]:
    """Guides that are misspelt or named twice, and lines that say nothing, or the same as another one or an `ask:`."""
    path, line = where
    everything = (*content.lessons.values(), *content.paths.values())
    asked = {key_of(ask): asked.id for asked in everything for ask in asked.ask}
    met: dict[str, str] = {}
    for said, guides in content.knowledge.open_questions.items():
        for number, guide in enumerate(guides):
            if guide not in names and (meant := near(guide, sorted(names))):
                yield Problem(path, line((said, number)), say("content", "no_such_guide", name=guide, near=meant))
            if guide in guides[:number]:
                yield Problem(path, line((said, number)), say("content", "open_repeats", name=guide))
        key = key_of(said)
        if not key:
            yield Problem(path, line((said,)), say("content", "open_wordless"))
        elif key in asked:
            yield Problem(path, line((said,)), say("content", "open_and_asked", guide=asked[key]))
        elif key in met:
            yield Problem(path, line((said,)), say("content", "open_twice", line=met[key]))
        met.setdefault(key, said)


def check_bad_sites(safety: SafetyKnowledge, lines: Mapping[int, str], path: str) -> Iterator[Problem]:
    """Lines of the plain list that name no address, or an official one."""
    official = {domain for site in safety.official_sites.values() for domain in site.domains}
    for number, line in lines.items():
        host = re.sub(r"^https?://|^www\.|/$", "", line.lower())
        if not _HOST_LINE.fullmatch(line):
            yield Problem(path, number, say("content", "not_an_address"))
        elif host in official or host.endswith(".gov.vn"):
            yield Problem(path, number, say("content", "official_listed", domain=host))


def _is_good_id(name: str) -> bool:
    return re.fullmatch(r"[a-z0-9][a-z0-9-]*", name) is not None and len(name) <= GUIDE_ID_LIMIT


def _check_id(lesson: Located[Lesson]) -> Iterator[Problem]:
    if not _is_good_id(lesson.item.id):
        yield lesson.problem((), "bad_guide_id", name=lesson.item.id, limit=GUIDE_ID_LIMIT)


def _check_quiz(quiz: Located[Quiz], names: frozenset[str]) -> Iterator[Problem]:
    items = quiz.item.items
    seen: set[str] = set()
    for number, item in enumerate(items):
        if item.id in seen:
            yield quiz.problem(("items", number, "id"), "item_twice", name=item.id)
        seen.add(item.id)
        if item.guide not in names:
            meant = near(item.guide, sorted(names))
            yield quiz.problem(("items", number, "guide"), "no_such_guide", name=item.guide, near=meant)
        if len(postback := f"n:{quiz.item.id}:{item.id}".encode()) > POSTBACK_LIMIT:
            yield quiz.problem(("items", number, "id"), "item_too_long", size=len(postback), limit=POSTBACK_LIMIT)
    for start in range(0, len(items), ROUND):
        if len({item.truth for item in items[start : start + ROUND]}) == 1 and start + ROUND <= len(items):
            yield quiz.problem(("items", start), "items_alike", is_warning=True, first=start + 1, last=start + ROUND)


def _quiz_texts(quiz: Quiz) -> Iterator[tuple[tuple[str | int, ...], str]]:
    yield ("summary",), "\n".join((quiz.title, quiz.summary))
    for number, item in enumerate(quiz.items):
        yield ("items", number, "say"), item.say
        yield ("items", number, "why"), item.why
    yield ("done",), quiz.done


def _check_path(path: Located[LearningPath], names: frozenset[str]) -> Iterator[Problem]:
    item = path.item
    if not _is_good_id(item.id):
        yield path.problem((), "bad_path_id", name=item.id, limit=GUIDE_ID_LIMIT)
    if item.id in names:
        yield path.problem((), "path_is_guide", name=item.id)
    for number, guide in enumerate(item.guides):
        if guide not in names:
            yield path.problem(("guides", number), "no_such_guide", name=guide, near=near(guide, sorted(names)))
        if guide in item.guides[:number]:
            yield path.problem(("guides", number), "path_repeats", name=guide)


def _check_names(guide: Located[Guide], names: frozenset[str], hotlines: tuple[str, ...]) -> Iterator[Problem]:
    item = guide.item
    yield from _check_id(guide)
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


def _check_texts(
    problem: Callable[..., Problem], texts: Iterable[tuple[tuple[str | int, ...], str]], hotlines: tuple[str, ...]
) -> Iterator[Problem]:
    for loc, text in texts:
        if len(text) > TEXT_LIMIT - TEXT_MARGIN:
            yield problem(loc, "text_too_long", size=len(text), limit=TEXT_LIMIT - TEXT_MARGIN)
        for key, values in _mistakes(text, hotlines):
            yield problem(loc, key, **values)


def _mistakes(text: str, hotlines: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """(name of the sentence, its values) of what is wrong with the marks in a text that a citizen reads."""
    if text.count("**") % 2:
        yield "bold_open", {}
    for braces in _BRACES.finditer(text):
        found = HOTLINE.fullmatch(braces[0])
        if not found:
            yield "braces", {"text": braces[0]}
        elif found[1] not in hotlines:
            yield "no_such_hotline", {"name": found[1], "near": near(found[1], hotlines)}


def _check_review(guide: Located[Lesson], today: date) -> Iterator[Problem]:
    age = (today - guide.item.reviewed).days
    if age > REVIEW_DAYS:
        yield guide.problem(("reviewed",), "review_old", is_warning=True, days=age, limit=REVIEW_DAYS)
    if age < -1:
        yield guide.problem(("reviewed",), "review_future")


def _check_repeats(guides: Sequence[Located[Lesson]]) -> Iterator[Problem]:
    by_id: dict[str, Located[Lesson]] = {}
    by_code: dict[int, Located[Lesson]] = {}
    for guide in guides:
        if (other := by_id.setdefault(guide.item.id, guide)) is not guide:
            yield guide.problem((), "id_twice", name=guide.item.id, other=other.path)
        if (other := by_code.setdefault(guide.item.code, guide)) is not guide:
            yield guide.problem(("code",), "code_twice", code=guide.item.code, other=other.path)


def check_meanings(guides: Sequence[Located[Guide]], normalizer: Normalizer) -> Iterator[Problem]:
    """Lines that differ in their words and mean the same once synonyms are taken: as warnings, for an editor."""
    found = _check_utterances(guides, lambda line: normalizer(line).key)
    return (replace(problem, is_warning=True) for problem in found)


def _check_utterances(guides: Sequence[Located[Any]], key_of: Callable[[str], str]) -> Iterator[Problem]:
    said: dict[str, list[tuple[Located[Lesson | LearningPath], str, int]]] = defaultdict(list)
    for guide in guides:
        checked = guide.item.check if isinstance(guide.item, Lesson) else ()
        for key, lines in (("ask", guide.item.ask), ("check", checked)):
            for number, line in enumerate(lines):
                said[key_of(line)].append((guide, key, number))
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
