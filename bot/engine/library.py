"""Content with everything built from it, as one unit that is replaced whole when an edit goes live. PURE."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.content.model import Content, Guide, Phrase, Step, Trouble, Wording
from bot.language.matching import Index, Matcher
from bot.language.normalize import Normalizer, Utterance, clean, fold


@dataclass(frozen=True)
class Voice:
    """How the person is addressed, and how the assistant calls itself."""

    you: str = ""
    me: str = ""


class Library:
    """What the conversation looks things up in. Building it costs; asking it does not."""

    def __init__(self, content: Content) -> None:
        self.content = content
        knowledge = content.knowledge
        self.phrases = knowledge.phrases
        self.normalizer = Normalizer(knowledge.synonyms.classes, knowledge.synonyms.filler)
        self.matcher = Matcher(list(_lines(content)), self.normalizer, knowledge.background)
        self.commands: Mapping[str, str] = {
            self.normalizer.plain(words).key: name
            for name, group in knowledge.commands.words.items()
            for words in group
        }
        self.numbers: Mapping[str, int] = {
            self.normalizer.plain(words).key: number
            for number, group in knowledge.commands.numbers.items()
            for words in group
        }
        self.topic_names: Mapping[str, str] = {
            self.normalizer(name).key: topic.id
            for topic in content.topics
            for name in (topic.id.replace("-", " "), *topic.title.split("–"))
        }
        codes = "|".join(re.escape(self.normalizer.plain(words).key) for words in knowledge.commands.short_code)
        self.code_pattern = re.compile(rf"(?:(?:{codes}) )?(\d{{1,3}})")
        # Insults are met with their accents or as whole words typed without any, never as part of a word.
        self.insult_pattern = re.compile(
            r"(?<!\w)(?:" + "|".join(re.escape(clean(words)) for words in knowledge.commands.insults) + r")(?!\w)"
        )
        self._troubles: dict[str, tuple[tuple[str, Trouble], ...]] = {}
        self._indexes: dict[str, Index] = {}
        for guide in content.guides.values():
            self._indexes[guide.id] = Index(self._trouble_lines(guide), self.matcher.vocabulary)
        self.pronouns = [
            (re.compile(rf"(?<!\w){re.escape(clean(opening)).replace(re.escape('{}'), word)}(?!\w)"), pronoun)
            for pronoun in knowledge.pronouns.pairs
            for word in {re.escape(clean(pronoun)), re.escape(fold(clean(pronoun)))}
            for opening in {*knowledge.pronouns.openings, *map(fold, knowledge.pronouns.openings)}
        ]

    def _trouble_lines(self, guide: Guide) -> Iterator[tuple[str, Utterance]]:
        for number, (_, trouble) in enumerate(self.troubles(guide)):
            for line in trouble.ask:
                yield str(number), self.normalizer(line)

    def troubles(self, guide: Guide) -> tuple[tuple[str, Trouble], ...]:
        """Every trouble of the guide with its step's id (empty: any step). The position is the trouble's number."""
        if guide.id not in self._troubles:
            of_steps = [(step.id, trouble) for step in guide.steps for trouble in step.trouble]
            self._troubles[guide.id] = (*of_steps, *(("", trouble) for trouble in guide.trouble))
        return self._troubles[guide.id]

    def find_troubles(self, guide: Guide, utterance: Utterance) -> list[tuple[int, float]]:
        """(number, score) of the troubles that the utterance may mean, best first."""
        return [(int(one.id), one.score) for one in self._indexes[guide.id].rank(utterance)]

    def say(self, phrase: Phrase, voice: Voice | None = None, /, **values: object) -> str:
        """A phrase filled in; the form with pronouns only when the person's is known."""
        if isinstance(phrase, Wording):
            phrase = phrase.you if voice and voice.you else phrase.plain
        if voice:
            values = {"you": voice.you, "me": voice.me, "You": _capital(voice.you), "Me": _capital(voice.me), **values}
        return phrase.format(**values)

    def voice(self, pronoun: str) -> Voice:
        """From "bác" to ("bác", "cháu"), as knowledge/pronouns.yaml pairs them."""
        you, _, me = self.content.knowledge.pronouns.pairs.get(pronoun, "").partition("/")
        return Voice(you, me)

    def pronoun(self, text: str) -> str:
        """What the writer calls themself in the text, or nothing."""
        typed = " ".join(clean(text[:300]).split())
        return next((pronoun for pattern, pronoun in self.pronouns if pattern.search(typed)), "")


def _lines(content: Content) -> Iterator[tuple[str, str]]:
    for guide in content.guides.values():
        for line in (*guide.ask, guide.title, guide.summary):
            yield guide.id, line


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def step_of(guide: Guide, step_id: str, index: int) -> tuple[Step, bool]:
    """The step with this id, or else the one nearest to where it stood; and whether it was found."""
    step = guide.step(step_id)
    if step:
        return step, True
    return guide.steps[max(0, min(index, len(guide.steps) - 1))], False
