"""What a text means by itself, before the conversation it stands in is looked at. PURE."""

from __future__ import annotations

from dataclasses import dataclass

from bot.content.lookups import Term
from bot.content.model import Topic
from bot.engine.library import Library
from bot.engine.places import Place, one_each
from bot.language.matching import Match, Outcome, Scored, near_best
from bot.language.redact import contains_secret
from bot.safety.model import ACCUSED, Judgement, Verdict

PASTED_WORDS = 12  # a text of so many words may be a message passed on; a question to us rarely is
LONE_WORDS = 4  # words beside a link that only point at it: "coi giùm link này"
BARE_TERM = 3  # letters: a shorter name alone is another word: "ai", "ck"
CODE_COMMAND = "code"  # the command of a typed short code; its guide stands in `guides`


@dataclass(frozen=True)
class Meaning(Match):
    """A match, with the number or the topic that was named."""

    number: int | None = None  # 23 for "số 23", also where no guide has it
    topic: Topic | None = None  # "vneid": its name is all that was said, which asks for nothing yet


def understand(text: str, library: Library) -> Meaning:
    """A command, one guide, a few to choose from, or unknown."""
    if command := library.commands.meaning(text):
        return Meaning(Outcome.COMMAND, command=command)
    number = _code_meant(text, library)
    if number is not None and (guide := library.content.by_code(number)):
        return Meaning(Outcome.COMMAND, (Scored(guide.id, 1.0),), CODE_COMMAND, number)
    if topic := _topic_meant(text, library):
        share = library.content.knowledge.thresholds.share
        guides = near_best(library.rank(text, among=topic.guides).guides, share)
        return Meaning(Outcome.CHOICES, guides, topic=topic)
    match = library.match(text)
    return Meaning(match.outcome, match.guides, number=number)


def suspicion(
    text: str, meant: Match, library: Library, is_walking: bool, is_passed_on: bool = False
) -> Judgement | None:
    """What the scam check says of the text, where that is what it calls for.

    What was passed on to us always is, and a bad link, and a message that bears the marks of a trap. Where first aid
    for that very trap is at hand it is better still, unless it would take the place of the guide that the person
    `is_walking`.
    """
    judgement = library.inspect(text)
    is_bad = judgement.verdict in ACCUSED
    if is_passed_on or (is_bad and contains_secret(text)):  # a trap that names the account to pay to is a trap
        return judgement
    words = len(library.normalizer.plain(text).words)
    is_doubted = library.is_doubted(text)
    if judgement.links and (is_bad or is_doubted or meant.outcome is Outcome.UNKNOWN):
        return judgement
    if judgement.links:
        beside = words - sum(len(library.normalizer.plain(link).words) for link in judgement.links)
        if beside and meant.outcome is Outcome.CHOICES:  # a vague word about a link; or trouble at a real site
            are_real = all(library.inspect(link).verdict is Verdict.OFFICIAL for link in judgement.links)
            return None if are_real else judgement
        return judgement if beside < LONE_WORDS else None
    is_code = meant.command == CODE_COMMAND and judgement.verdict is Verdict.UNKNOWN  # "104", which is no hotline
    is_alone = not any(char.isalpha() for char in text)
    if judgement.is_number and not is_code and (is_alone or is_doubted):
        return judgement
    if meant.outcome is Outcome.COMMAND:
        return None
    if meant.outcome is Outcome.GUIDE and library.is_urgent(meant.guides[0].id):
        return judgement if is_bad and is_walking else None
    if judgement.verdict is Verdict.DANGEROUS:
        return judgement
    if meant.outcome is Outcome.GUIDE or words < PASTED_WORDS:
        return None
    return judgement if is_bad or is_doubted else None


def term_meant(text: str, library: Library) -> Term | None:
    """The hard word that is asked about: "otp là gì", "otp?"."""
    if asked := library.terms.asked(text):
        return library.content.knowledge.glossary[asked[0]]
    return term_named(text, library) if text.rstrip().endswith("?") else None


def term_named(text: str, library: Library) -> Term | None:
    """The hard word that the text is, which asks for its meaning only where it means nothing else."""
    named = library.terms.named(text) if len(library.normalizer.plain(text).key) >= BARE_TERM else ()
    return library.content.knowledge.glossary[named[0]] if named else None


def places_meant(text: str, library: Library) -> tuple[Place, ...]:
    """The communes that a name may mean, when the text is the name or asks where it is and nothing else."""
    return one_each(library.places.asked(text) or library.places.named(text))


def number_meant(text: str, library: Library) -> int | None:
    """2 for "2", "hai", "cái thứ hai"; None for anything else."""
    key = library.normalizer.plain(text).key
    return int(key) if key.isdecimal() and len(key) <= 3 else library.numbers.meaning(text)


def _code_meant(text: str, library: Library) -> int | None:
    """23 for "số 23", "so 23", "23"; None for anything else."""
    found = library.code_pattern.fullmatch(library.normalizer.plain(text).key)
    return int(found[1]) if found else None


def _topic_meant(text: str, library: Library) -> Topic | None:
    name = library.topic_names.get(library.normalizer(text).key, "")
    return library.content.topic(name)
