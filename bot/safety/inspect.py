"""The scam check of one text, whatever it is: a message, a link, a phone number. PURE, and nothing leaves the program.

Links are judged first (links.py); what they are weighs in the judgement of the message around them (messages.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.content.model import Hotline, SafetyKnowledge
from bot.safety.addresses import Address, find_addresses
from bot.safety.blocklist import NO_BLOCKS, Blocklist
from bot.safety.likeness import Familiar
from bot.safety.links import compile_links, judge_link
from bot.safety.messages import MessageJudge
from bot.safety.model import Judgement, Reason, Verdict

LINKS_JUDGED = 20  # of one text: a message has one or two, a paste may have thousands
LINKS_SOUGHT = 20_000  # characters of a text: a message has under a thousand
QUESTION_LIMIT = 120  # characters of a question about a number
NUMBER_LEAST = 8  # digits of a phone number that is known again among words: "113" is in many questions
DOUBT_WORDS = 12  # words that a question about a message has at most: "cháu coi giùm bác tin này có phải lừa đảo không"
HOTLINE_SIGN = "so-tong-dai"  # the sign of a lone phone number that is somebody's official one
STRANGE_NUMBER_SIGN = "so-la"
_CLAUSE_END = re.compile(r"(?<=[:;,.?!…])\s+|\n+")
_DIALLED = re.compile(r"[+(]{0,2}[0-9][0-9 .()-]{1,20}[0-9]")
# By its digits: mobile, fixed, the army's and the police's, abroad ("+50.000.000" is money).
_PHONE = re.compile(r"0[35789][0-9]{8}|02[0-9]{8,9}|069[0-9]{5,7}|(?:\+|00)(?![0-9]+000\Z)[1-9][0-9]{7,12}")
# By how it is written, for "19.000.000" is money and "11 3" a day: 1900 …, 113, 5656, but no year and no round number.
_SERVICE = re.compile(r"1[89]00(?![ .0-]+\Z)(?:[ .-]?[0-9]){4,6}|(?!(?:19|20)[0-9]{2}\Z|[0-9]+00\Z)[0-9]{3,5}")
_COUNTRY = re.compile(r"^(?:(?:\+|00)840?|84(?=[235789][0-9]{8,9}$))")


class Inspector:
    """Judges texts by what it was built from. Building it costs; asking it does not."""

    def __init__(
        self,
        safety: SafetyKnowledge,
        hotlines: Mapping[str, Hotline],
        familiar: Familiar | None = None,
        is_doubt: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """Without `familiar` messages are judged by their signs alone.

        `is_doubt` says whether some words ask if a message is a scam: they are the person's own and are not judged.
        """
        self._familiar = familiar
        self._is_doubt = is_doubt
        self._links = compile_links(safety)
        self._message = MessageJudge(safety.messages)
        self._numbers = safety.messages.numbers
        self._hotlines = {_digits(hotline.number): hotline for hotline in hotlines.values()}

    def __call__(self, text: str, blocklist: Blocklist = NO_BLOCKS) -> Judgement:
        """Never raises; at most a few milliseconds, whatever the text."""
        addresses = find_addresses(text[:LINKS_SOUGHT])[:LINKS_JUDGED]
        if not addresses and _is_phone(number := text.strip()):  # "3.84.109.91" is a site's
            return self._judge_number(number)
        links = {address: judge_link(address, self._links, blocklist) for address in addresses}
        is_doubted = self._is_doubt(text[:LINKS_SOUGHT])
        message = self._without_doubts(text, addresses) if is_doubted else text
        is_question = message != text and len(message.split()) < DOUBT_WORDS  # and no message whose wording tells
        owned = {address for address, link in links.items() if link.is_owned}
        lead = self._familiar.lead(message, addresses, owned) if self._familiar and not is_question else None
        judgement = self._message(text, links, lead)
        official = [link for link in links.values() if link.verdict is Verdict.OFFICIAL]
        if is_question and official and len(official) == len(links) and judgement.verdict is Verdict.UNKNOWN:
            judgement = official[0]  # "trang … có thật không"
        if not addresses and judgement.score <= 0 and is_doubted and (number := _only_number(text)):
            return replace(self._judge_number(number), verdict=Verdict.UNKNOWN)  # whose it is proves no caller honest
        return replace(judgement, links=tuple(address.found for address in addresses))

    def _without_doubts(self, text: str, addresses: Sequence[Address]) -> str:
        """The message itself: "link này lừa đảo không" is worded like a scam, and tells nothing of the link."""
        for address in addresses:
            text = text.replace(address.found, f"\n{address.found}\n")
        clauses = _CLAUSE_END.split(text)
        rest = [clause for clause in clauses if len(clause.split()) > DOUBT_WORDS or not self._is_doubt(clause)]
        return "\n".join(rest).strip() or text

    def _judge_number(self, number: str) -> Judgement:
        """A hotline that is listed is official; of any other number nothing is known."""
        hotline = self._hotlines.get(_digits(number))
        if hotline:
            reason = Reason(HOTLINE_SIGN, number, self._numbers.official.format(name=hotline.name))
            return Judgement(Verdict.OFFICIAL, reasons=(reason,), is_number=True)
        reason = Reason(STRANGE_NUMBER_SIGN, number, self._numbers.unknown)
        return Judgement(Verdict.UNKNOWN, reasons=(reason,), is_number=True)


def _only_number(text: str) -> str:
    """The phone number that a short text is about: "ai gọi 19001006 vậy"; "" for none or several."""
    if len(text) > QUESTION_LIMIT or len(text.split()) > DOUBT_WORDS:
        return ""
    found = [number for number in map(str.strip, _DIALLED.findall(text)) if len(_digits(number)) >= NUMBER_LEAST]
    return found[0] if len(found) == 1 and _is_phone(found[0]) else ""


def _is_phone(alone: str) -> bool:
    """Whether a text without anything else is a phone number, and no amount or day: "500 000", "20 11"."""
    if not _DIALLED.fullmatch(alone):
        return False
    return bool(_PHONE.fullmatch(_digits(alone)) or _SERVICE.fullmatch(alone))


def _digits(number: str) -> str:
    """Without Vietnam's code and what stands between: "+84 905 …" -> "0905…"; another country's keeps its plus."""
    return _COUNTRY.sub("0", re.sub(r"[^0-9+]", "", number))
