"""Content with everything built from it, as one unit that is replaced whole when an edit goes live. PURE."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, MutableMapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

from bot.content.model import Askable, Content, Guide, Message, Phrase, Pronouns, Step, Trouble, Wording
from bot.engine.places import place_names
from bot.engine.sayings import Lookup, Sayings
from bot.language.learning import Learnt, digest, each_owner, learn
from bot.language.matching import BACKGROUND, Lines, Match, Outcome, Ranker, Ranking, Scored, decide
from bot.language.normalize import Normalizer, Utterance, clean, fold
from bot.safety.blocklist import NO_BLOCKS, Blocklist
from bot.safety.inspect import Inspector
from bot.safety.likeness import SHAPES, Familiar, message_lines
from bot.safety.model import Judgement

# Of a quiz's or learning path's score: a guide that has this much beside it is reason to ask back. Of the 78 of their
# own lines that are clear, 2 have a guide so near, and none has first aid even half as near.
BESIDE_LEARNING = 0.02
OPEN_SHOWN = 2  # guides of an open question that are offered; the further ones are seldom what is meant
PRONOUN_SOUGHT = 300  # characters in which people say who they are


@dataclass(frozen=True)
class Voice:
    """How the person is addressed, and how the assistant calls itself."""

    you: str = ""
    me: str = ""


class Library:
    """What the conversation looks things up in. Building it costs; asking it does not."""

    def __init__(
        self,
        content: Content,
        kept: MutableMapping[str, Learnt] | None = None,
        before: Library | None = None,
        site: str = "",
    ) -> None:
        """`kept` spares learning what was learnt before from the same lines, and is given what is learnt now.

        With the library of `before` an edit nothing is learnt: new words are live at once, if not yet searched.
        `site` is where this installation's pages are; without it no reply leads there.
        """
        self.content = content
        self.site = site
        self.askable: Mapping[str, Askable] = {**content.lessons, **content.paths}
        knowledge = content.knowledge
        self.phrases = knowledge.phrases
        self.normalizer = knowledge.synonyms.normalizer
        kept = {} if kept is None else kept
        self.ranker: Ranker = before.ranker if before else Ranker(_learnt_guides(content, self.normalizer, kept))
        self.familiar: Familiar | None = before.familiar if before else _familiar(content, self.normalizer, kept)
        self.commands = Sayings(self.normalizer.plain, knowledge.commands.words)
        self.numbers = Sayings(self.normalizer.plain, knowledge.commands.numbers)
        self.verdicts = Sayings(self.normalizer.plain, knowledge.commands.verdicts)
        asking = knowledge.questions
        terms = {name: term.names for name, term in knowledge.glossary.items()}
        self.terms = Lookup(self.normalizer, asking.words, terms)
        self.places = Lookup(self.normalizer, asking.places, place_names(knowledge.communes, asking.places))
        self.placeless = Sayings(self.normalizer, {True: asking.places.nameless})
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
        self.blocklist = NO_BLOCKS
        self._doubts = tuple(f" {self.normalizer(words).key} " for words in knowledge.commands.doubts)
        self._matters = tuple(f" {self.normalizer(words).key} " for words in knowledge.commands.matters)
        self._troubles: dict[str, Lines] = {}  # made when a guide is first asked
        self._pronoun_pattern, self._pronouns = _pronoun_pattern(knowledge.pronouns)

    def rank(self, text: str, among: Container[str] | None = None) -> Ranking:
        """The best guides of those that there are, or of some."""
        there: Container[str] = self.askable if among is None else among
        return self.ranker.rank(self.normalizer(text), there.__contains__)

    def match(self, text: str) -> Match:
        """An open question asks back with its own first guides.

        Whoever may have lost money gets first aid at once where it is the one guide that fits, sure or not.
        """
        if guides := self.open_guides(text):
            return Match(Outcome.CHOICES, tuple(Scored(guide, 1 / len(guides)) for guide in guides[:OPEN_SHOWN]))
        match = decide(self.rank(text), self.content.knowledge.thresholds)
        hurt = self.content.knowledge.safety.messages.hurt
        if match.outcome is Outcome.CHOICES and [one.id for one in match.guides] == [hurt]:
            return Match(Outcome.GUIDE, match.guides)
        return self._asked_back(match) if match.outcome is Outcome.GUIDE else match

    @cached_property
    def _open(self) -> tuple[Mapping[str, tuple[str, ...]], ...]:
        """Open questions as they are written, and by what they come to with synonyms, where the first one counts."""
        opened = list(open_of(self.content))[::-1]
        return tuple(
            {key_of(line).key: guides for guides, line in opened} for key_of in (self.normalizer.plain, self.normalizer)
        )

    def open_guides(self, text: str) -> tuple[str, ...]:
        """Those of the open question that the text is; none where it is no open question."""
        as_written, by_meaning = self._open
        return as_written.get(self.normalizer.plain(text).key) or by_meaning.get(self.normalizer(text).key, ())

    def _asked_back(self, match: Match) -> Match:
        """Whoever is in trouble must not land in an exercise: learning is offered, not given, beside what helps now."""
        best, *others = match.guides
        if isinstance(self.askable[best.id], Guide):
            return match
        near = (one for one in others if one.score >= best.score * BESIDE_LEARNING)
        beside = tuple(one for one in near if isinstance(self.askable[one.id], Guide))
        return Match(Outcome.CHOICES, (best, *beside)) if beside else match

    def is_urgent(self, name: str) -> bool:
        """Whether this is first aid."""
        asked = self.askable[name]
        return isinstance(asked, Guide) and bool(asked.urgent)

    def with_blocklist(self, blocklist: Blocklist) -> Library:
        """The same library with another list of known bad addresses."""
        if blocklist is self.blocklist:
            return self
        other = copy(self)
        other.blocklist = blocklist
        return other

    @cached_property
    def inspector(self) -> Inspector:
        """Made when first asked, or by `warm`: it costs a third of a second that a start need not wait for."""
        knowledge = self.content.knowledge
        return Inspector(knowledge.safety, knowledge.hotlines, self.familiar, self.is_doubted)

    def warm(self) -> None:
        """Make now what the first message would wait for."""
        text = "a b c d e f g https://example.com"  # long enough for every part to look at it
        self.inspect(text)
        self.match(text)

    def inspect(self, text: str) -> Judgement:
        """What the scam check says of a text."""
        return self.inspector(text, self.blocklist)

    def is_doubted(self, text: str) -> bool:
        """Whether the text asks if something is a scam."""
        return self._holds(text, self._doubts)

    def is_matter(self, text: str) -> bool:
        """Whether the text sounds like papers, offices or devices: something that a guide might be about one day."""
        return self._holds(text, self._matters)

    def _holds(self, text: str, phrases: tuple[str, ...]) -> bool:
        said = f" {self.normalizer(text).key} "
        return any(phrase in said for phrase in phrases)

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
            values = {"you": voice.you, "me": voice.me, "You": capital(voice.you), "Me": capital(voice.me), **values}
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
    """(guide, quiz or learning path, how people ask for it)."""
    askable: tuple[Askable, ...] = (*content.lessons.values(), *content.paths.values())
    return ((asked.id, line) for asked in askable for line in asked.ask)


def others_of(content: Content) -> Iterator[tuple[str, str]]:
    """What is learnt besides: the guides' own words, and lines that no guide is about.

    The items of a quiz are left out: whoever passes such a message on asks about it, and not for an exercise.
    """
    for guide in content.guides.values():
        steps = (step.say for step in guide.steps if step.say)
        for line in (guide.title, guide.summary, *steps):
            yield guide.id, line
    learning: tuple[Askable, ...] = (*content.quizzes.values(), *content.paths.values())
    for one in learning:
        for line in (one.title, one.summary):
            yield one.id, line
    for line in content.knowledge.background:
        yield BACKGROUND, line


def open_of(content: Content) -> Iterator[tuple[tuple[str, ...], str]]:
    """(guides that would all do, what people say), where at least two of the guides are there."""
    for line, guides in content.knowledge.open_questions.items():
        there = tuple(guide for guide in guides if guide in content.lessons or guide in content.paths)
        if len(there) > 1:
            yield there, line


def lines_of(content: Content) -> list[tuple[str, str]]:
    """All that is learnt, in its order. An open question is learnt for each of its guides, so that none wins."""
    return [*asked_of(content), *each_owner(open_of(content)), *others_of(content)]


Kept = MutableMapping[str, Learnt]
HONEST_QUESTIONS = 3  # of the questions for guides that are no first aid, one in so many is an honest message too
QUESTION = "?"  # the kind of such a message


def _familiar(content: Content, normalizer: Normalizer, kept: Kept) -> Familiar | None:
    safety = content.knowledge.safety
    if not safety.scams:
        return None
    asked = (line for guide in content.guides.values() if not guide.urgent for line in guide.ask)
    some = (line for line in asked if crc32(line.encode()) % HONEST_QUESTIONS == 0)  # the same ones after any edit
    questions = (Message(QUESTION, line) for line in (*content.knowledge.background, *some))
    honest = [*safety.honest, *questions]
    key = digest([repr(SHAPES), repr(content.knowledge.synonyms), repr(safety.scams), repr(honest)])
    return Familiar(_kept_or_learnt(kept, key, message_lines(safety.scams, honest, normalizer)), normalizer)


def _learnt_guides(content: Content, normalizer: Normalizer, kept: Kept) -> Learnt:
    lines = lines_of(content)
    key = digest([repr(content.knowledge.synonyms), *(f"{owner}\t{line}" for owner, line in lines)])
    return _kept_or_learnt(kept, key, ((owner, normalizer(line)) for owner, line in lines))


def _kept_or_learnt(kept: Kept, key: str, lines: Iterable[tuple[str, Utterance]]) -> Learnt:
    """Read once, for what is kept is a large file; and what could not be kept is as good for this run."""
    try:
        return kept[key]
    except KeyError:
        learnt = kept[key] = learn(lines)
        return learnt


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def step_of(guide: Guide, step_id: str, index: int) -> tuple[Step, bool]:
    """The step with this id, or else the one nearest to where it stood; and whether it was found."""
    step = guide.step(step_id)
    if step:
        return step, True
    return guide.steps[max(0, min(index, len(guide.steps) - 1))], False
