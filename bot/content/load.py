"""scenarios/ and knowledge/ on disk to one Content, or every problem of every file at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.content.check import (
    Located,
    check_bad_sites,
    check_content,
    check_learning,
    check_lookups,
    check_open_questions,
    check_payment_codes,
    check_phrases,
    check_safety,
)
from bot.content.lookups import Commune, Questions, Term
from bot.content.model import (
    Commands,
    Content,
    Guide,
    GuideFile,
    Hotline,
    Knowledge,
    LearningPath,
    LearningPathFile,
    Lesson,
    Line,
    LinkSigns,
    Message,
    OfficialSite,
    OpenTo,
    PaymentCodes,
    Phrases,
    Pronouns,
    Quiz,
    QuizFile,
    SafetyKnowledge,
    Synonyms,
    Topic,
    TopicFile,
)
from bot.content.scam_signs import ScamSigns
from bot.errors import ContentError, Problem
from bot.language.matching import Thresholds
from bot.words import say
from bot.yaml_source import Source, SourceErrors, explain, read

TOPIC_FILE = "_topic.yaml"
PLANNED_FILE = "_planned.yaml"
PATHS_FILE = "_paths.yaml"
PICTURES = "pictures"
BAD_SITES_FILE = "bad_sites.txt"  # of knowledge/; an admin's own list, one address a line, and none is needed
SCAMS_FILE, HONEST_FILE = "messages_scam.txt", "messages_genuine.txt"  # in knowledge/: what the scam check learns from
_CUT_SENTENCE = re.compile(r"""\s*(?:- )?(?:[a-z_]+: )?[^\s"'#\[{][^"#]*\w+ [^"#]*\S #(?! )""")
_Model = TypeVar("_Model", bound=BaseModel)

_KNOWLEDGE: dict[str, Any] = {
    "hotlines": dict[str, Hotline],
    "phrases": Phrases,
    "commands": Commands,
    "pronouns": Pronouns,
    "synonyms": Synonyms,
    "payment_codes": PaymentCodes,
    "background": tuple[Line, ...],
    "open_questions": dict[Line, OpenTo],
    "thresholds": Thresholds,
    "glossary": dict[str, Term],
    "communes": dict[str, Commune],
    "questions": Questions,
}
_SAFETY: dict[str, Any] = {
    "official_sites": dict[str, OfficialSite],
    "link_signs": LinkSigns,
    "scam_signs": ScamSigns,
}


@dataclass(frozen=True)
class Loaded:
    """Content that can go live, and the warnings that do not stop it."""

    content: Content
    warnings: tuple[Problem, ...]
    guides: tuple[Located[Guide], ...]  # with their lines, for who judges them further


def load_content(scenarios: Path, knowledge: Path, today: date) -> Loaded:
    """Read and judge everything. Raises ContentError with all problems of all files."""
    reader = _Reader(scenarios.parent)
    parts = {name: reader.parse(knowledge / f"{name}.yaml", shape) for name, shape in _KNOWLEDGE.items()}
    safety = {name: reader.parse(knowledge / f"{name}.yaml", shape) for name, shape in _SAFETY.items()}
    bad_sites = reader.lines(knowledge / BAD_SITES_FILE)
    scams, honest = (reader.messages(knowledge / name) for name in (SCAMS_FILE, HONEST_FILE))
    guides: list[Located[Guide]] = []
    quizzes: list[Located[Quiz]] = []
    topics: list[Located[Topic]] = []
    for folder in sorted(path for path in scenarios.glob("*") if path.is_dir() and path.name != PICTURES):
        files = [path for path in sorted(folder.glob("*.yaml")) if path.name != TOPIC_FILE]
        lessons = [lesson for path in files if (lesson := reader.lesson(path, folder.name))]
        here = _of(Guide, lessons)
        ids = tuple(guide.item.id for guide in sorted(here, key=lambda guide: guide.item.code))
        topic = reader.build(folder / TOPIC_FILE, Topic, TopicFile, id=folder.name, guides=ids)
        guides += here
        quizzes += _of(Quiz, lessons)
        topics += [topic] if topic else []
    planned = reader.parse(scenarios / PLANNED_FILE, dict[str, str]) or {}
    paths = reader.learning_paths(scenarios / PATHS_FILE)
    problems = reader.problems
    if all(part is not None for part in (*parts.values(), *safety.values())):
        content = Content(
            topics=tuple(topic.item for topic in sorted(topics, key=lambda topic: topic.item.order)),
            guides={guide.item.id: guide.item for guide in guides},
            quizzes={quiz.item.id: quiz.item for quiz in quizzes},
            paths={path.item.id: path.item for path in paths},
            planned=planned,
            knowledge=Knowledge(
                **parts,
                safety=SafetyKnowledge(
                    official_sites=safety["official_sites"],
                    links=safety["link_signs"],
                    messages=safety["scam_signs"],
                    bad_sites=tuple(bad_sites.values()),
                    scams=scams,
                    honest=honest,
                ),
            ),
        )
        # A guide that could not be read is still a good name for others to point to.
        names = frozenset(path.stem for path in scenarios.glob("*/*.yaml") if path.name != TOPIC_FILE) | set(planned)
        pictures = scenarios / PICTURES
        problems += check_content(content, guides, topics, names, lambda name: (pictures / name).is_file(), today)
        plain = content.knowledge.synonyms.normalizer.plain
        key_of = cache(lambda line: plain(line).key)  # of thousands of lines, which two of the checks ask for
        problems += check_learning(content, guides, quizzes, paths, names, key_of, today)
        problems += check_phrases(content, *reader.where(knowledge / "phrases.yaml"))
        lookups = (reader.where(knowledge / f"{name}.yaml") for name in ("glossary", "communes", "questions"))
        problems += check_lookups(content.knowledge, names, *lookups)
        problems += check_open_questions(content, names, key_of, reader.where(knowledge / "open_questions.yaml"))
        problems += check_payment_codes(content.knowledge, names, reader.where(knowledge / "payment_codes.yaml"))
        places = (reader.where(knowledge / f"{name}.yaml") for name in _SAFETY)
        problems += check_safety(content.knowledge.safety, names, *places)
        problems += check_bad_sites(content.knowledge.safety, bad_sites, reader.shown(knowledge / BAD_SITES_FILE))
    errors = sorted(problem for problem in problems if not problem.is_warning)
    if errors:
        raise ContentError(tuple(errors))
    return Loaded(content, tuple(sorted(problem for problem in problems if problem.is_warning)), tuple(guides))


def _of(kind: type[_Model], lessons: Sequence[Located[Lesson]]) -> list[Located[_Model]]:
    return [Located(one.item, one.path, one.line) for one in lessons if isinstance(one.item, kind)]


class _Reader:
    """Reads files one by one and keeps what is wrong with them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.problems: list[Problem] = []
        self._sources: dict[Path, Source] = {}

    def where(self, path: Path) -> tuple[str, Callable[[Sequence[str | int]], int]]:
        """How to name a place in a file that was read."""
        return self.shown(path), self._sources[path].line

    def shown(self, path: Path) -> str:
        return str(path.relative_to(self._root) if path.is_relative_to(self._root) else path)

    def _read(self, path: Path) -> Source | None:
        if not path.is_file():
            self.problems.append(Problem(self.shown(path), 0, say("check", "file_missing")))
            return None
        try:
            source = self._sources[path] = read(path, self.shown(path))
            return source
        except SourceErrors as error:
            self.problems.extend(error.problems)
            return None

    def warn_of_cut_sentences(self, path: Path) -> None:
        """`say: một dấu như ! @ # $` is valid YAML that ends before the #: nobody would see what is missing."""
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
            if " #" in line and _CUT_SENTENCE.match(line):
                self.problems.append(Problem(self.shown(path), number, say("check", "cut_sentence"), is_warning=True))

    def lines(self, path: Path) -> dict[int, str]:
        """A plain list's lines by their number, without comments; empty when there is no such file."""
        try:
            text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
        except (OSError, UnicodeDecodeError):
            self.problems.append(Problem(self.shown(path), 0, say("content", "list_unreadable")))
            return {}
        bare = ((number, line.split("#", 1)[0].strip()) for number, line in enumerate(text.splitlines(), 1))
        return {number: line for number, line in bare if line}

    def messages(self, path: Path) -> tuple[Message, ...]:
        """The messages of a list of "kind<TAB>message"; a line break is written as the two characters."""
        try:
            text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
        except (OSError, UnicodeDecodeError):
            self.problems.append(Problem(self.shown(path), 0, say("content", "list_unreadable")))
            return ()
        said = []
        for number, line in enumerate(text.splitlines(), 1):
            kind, _, message = line.partition("\t")
            if line.startswith("#") or not line.strip():
                continue
            if not kind.strip() or not message.strip():
                self.problems.append(Problem(self.shown(path), number, say("content", "message_without_kind")))
            said.append(Message(kind.strip(), message.replace("\\n", "\n").strip()))
        return tuple(said)

    def parse(self, path: Path, shape: Any) -> Any:
        source = self._read(path)
        if source is None:
            return None
        try:
            return TypeAdapter(shape).validate_python(source.data if source.data is not None else {})
        except ValidationError as error:
            self.problems += explain(error, source, self.shown(path), model=shape)
            return None

    def build(
        self, path: Path, model: type[_Model], file_model: type[BaseModel], **place: Any
    ) -> Located[_Model] | None:
        """The file as a model; `place` is what the path says of it, and no key that one may write."""
        source = self._read(path)
        return None if source is None else self._build(source, path, model, file_model, **place)

    def lesson(self, path: Path, topic: str) -> Located[Lesson] | None:
        """A guide, or a quiz where the file says so."""
        source = self._read(path)
        if source is None:
            return None
        if isinstance(source.data, dict) and source.data.get("type") == "quiz":
            return self._build(source, path, Quiz, QuizFile, id=path.stem, topic=topic)
        return self._build(source, path, Guide, GuideFile, id=path.stem, topic=topic)

    def learning_paths(self, path: Path) -> list[Located[LearningPath]]:
        """None where there is no such file, which nothing needs."""
        rows = self.parse(path, dict[str, LearningPathFile]) if path.is_file() else None
        if not rows:
            return []
        shown, line = self.where(path)
        return [
            Located(LearningPath(**dict(row), id=name), shown, lambda loc, name=name: line((name, *loc)))  # type: ignore[misc]
            for name, row in rows.items()
        ]

    def _build(
        self, source: Source, path: Path, model: type[_Model], file_model: type[BaseModel], **place: Any
    ) -> Located[_Model] | None:
        data = source.data if isinstance(source.data, dict) else {}
        try:
            file_model.model_validate(data)
            item = model(**data, **place)
        except ValidationError as error:
            self.problems += explain(error, source, self.shown(path), model=file_model)
            return None
        self.warn_of_cut_sentences(path)
        return Located(item, self.shown(path), source.line)
