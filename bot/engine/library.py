"""Content with everything built from it, as one unit that is replaced whole when an edit goes live. PURE."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.content.model import Content, Guide, Phrase, Pronouns, Step, Trouble, Wording
from bot.language.learning import Learnt, digest, learn
from bot.language.matching import BACKGROUND, Lines, Match, Ranker, Ranking, decide
from bot.language.normalize import Normalizer, Utterance, clean, fold

_Meaning = TypeVar("_Meaning")
PRONOUN_SOUGHT = 300  # characters in which people say who they are


@dataclass(frozen=True)
class Voice:
    """How the person is addressed, and how the assistant calls itself."""

    you: str = ""
    me: str = ""


class Sayings(Generic[_Meaning]):
    """Whole utterances with one meaning each. An accent left out is forgiven, a wrong one is another word."""

    def __init__(self, normalizer: Normalizer, groups: Mapping[_Meaning, Iterable[str]]) -> None:
        self._plain = normalizer.plain
        self._said: dict[str, list[tuple[Utterance, _Meaning]]] = {}
        for meaning, group in groups.items():
            for words in group:
                said = self._plain(words)
                self._said.setdefault(said.key, []).append((said, meaning))

    def meaning(self, text: str) -> _Meaning | None:
        """None when nothing of the list was said: "đúng" is not "dừng", "dung" may be."""
        typed = self._plain(text)
        for said, meaning in self._said.get(typed.key, ()):
            words = zip(typed.words, typed.folded, said.words, strict=True)
            if all(word in (folded, known) for word, folded, known in words):
                return meaning
        return None


class Library:
    """What the conversation looks things up in. Building it costs; asking it does not."""

    def __init__(
        self, content: Content, kept: MutableMapping[str, Learnt] | None = None, ranker: Ranker | None = None
    ) -> None:
        """`kept` spares learning what was learnt before from the same lines, and is given what is learnt now.

        With the `ranker` of earlier content nothing is learnt: new words are live at once, if not yet searched.
        """
        self.content = content
        knowledge = content.knowledge
        self.phrases = knowledge.phrases
        self.normalizer = knowledge.synonyms.normalizer()
        self.ranker = ranker or Ranker(_learnt(content, self.normalizer, {} if kept is None else kept))
        self.commands = Sayings(self.normalizer, knowledge.commands.words)
        self.numbers = Sayings(self.normalizer, knowledge.commands.numbers)
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
        self._troubles: dict[str, Lines] = {}  # made when a guide is first asked
        self._pronoun_pattern, self._pronouns = _pronoun_pattern(knowledge.pronouns)

    def rank(self, text: str, among: Container[str] | None = None) -> Ranking:
        """The best guides of those that there are, or of some."""
        there: Container[str] = self.content.guides if among is None else among
        return self.ranker.rank(self.normalizer(text), there.__contains__)

    def match(self, text: str) -> Match:
        return decide(self.rank(text), self.content.knowledge.thresholds)

    def troubles(self, guide: Guide) -> tuple[tuple[str, Trouble], ...]:
        """Every trouble of the guide with its step's id (empty: any step). The position is the trouble's number."""
        of_steps = [(step.id, trouble) for step in guide.steps for trouble in step.trouble]
        return (*of_steps, *(("", trouble) for trouble in guide.trouble))

    def find_troubles(self, guide: Guide, utterance: Utterance) -> list[tuple[int, float]]:
        """(number, likeness) of the troubles that the utterance may mean."""
        told = self.troubles(guide)
        if not told:
            return []
        if guide.id not in self._troubles:
            lines = [(at, self.normalizer(line)) for at, (_, one) in enumerate(told) for line in (*one.ask, one.say)]
            self._troubles[guide.id] = Lines.of(self.ranker.vocabulary, lines)
        known = self._troubles[guide.id]
        best = known.best(known.likeness(self.ranker.vocabulary.row(utterance)))
        return list(enumerate(best.tolist()))

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
        found = self._pronoun_pattern.search(" ".join(clean(text[:PRONOUN_SOUGHT]).split()))
        return self._pronouns[next(filter(None, found.groups()))] if found else ""


def _pronoun_pattern(pronouns: Pronouns) -> tuple[re.Pattern[str], dict[str, str]]:
    """One pattern for every opening, whose one group that took part is the word; and that word's pronoun."""
    words = {form: pronoun for pronoun in pronouns.pairs for form in (fold(pronoun), clean(pronoun))}
    spoken = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    openings = {form for opening in pronouns.openings for form in (clean(opening), fold(opening))}
    ways = [rf"({spoken})".join(map(re.escape, opening.split("{}"))) for opening in sorted(openings)]
    return re.compile(rf"(?<!\w)(?:{'|'.join(ways)})(?!\w)"), words


def asked_of(content: Content) -> Iterator[tuple[str, str]]:
    """(guide, how people ask for it)."""
    return ((guide.id, line) for guide in content.guides.values() for line in guide.ask)


def others_of(content: Content) -> Iterator[tuple[str, str]]:
    """What is learnt besides: the guides' own words, and lines that no guide is about."""
    for guide in content.guides.values():
        steps = (step.say for step in guide.steps if step.say)
        for line in (guide.title, guide.summary, *steps):
            yield guide.id, line
    for line in content.knowledge.background:
        yield BACKGROUND, line


def _learnt(content: Content, normalizer: Normalizer, kept: MutableMapping[str, Learnt]) -> Learnt:
    lines = [*asked_of(content), *others_of(content)]
    key = digest([repr(content.knowledge.synonyms), *(f"{owner}\t{line}" for owner, line in lines)])
    if key in kept:
        return kept[key]
    learnt = kept[key] = learn((owner, normalizer(line)) for owner, line in lines)
    return learnt


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def step_of(guide: Guide, step_id: str, index: int) -> tuple[Step, bool]:
    """The step with this id, or else the one nearest to where it stood; and whether it was found."""
    step = guide.step(step_id)
    if step:
        return step, True
    return guide.steps[max(0, min(index, len(guide.steps) - 1))], False
