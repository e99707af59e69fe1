"""The scam check of one text, whatever it is: a message, a link, a phone number. PURE, and nothing leaves the program.

Links are judged first (links.py); what they are weighs in the judgement of the message around them (messages.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.content.model import Hotline, SafetyKnowledge
from bot.safety.addresses import find_addresses
from bot.safety.blocklist import NO_BLOCKS, Blocklist
from bot.safety.likeness import Familiar
from bot.safety.links import compile_links, judge_link
from bot.safety.messages import MessageJudge
from bot.safety.model import Judgement, Reason, Verdict

LINKS_JUDGED = 20  # of one text: a message has one or two, a paste may have thousands
LINKS_SOUGHT = 20_000  # characters of a text: a message has under a thousand
HOTLINE_SIGN = "so-tong-dai"  # the sign of a lone phone number that is somebody's official one
STRANGE_NUMBER_SIGN = "so-la"
_PHONE = re.compile(r"[+(]?[0-9][0-9 .()-]{1,18}[0-9]")
_COUNTRY = re.compile(r"^(?:\+84|0084|84(?=\d{9}$))")


class Inspector:
    """Judges texts by what it was built from. Building it costs; asking it does not."""

    def __init__(
        self, safety: SafetyKnowledge, hotlines: Mapping[str, Hotline], familiar: Familiar | None = None
    ) -> None:
        """Without `familiar` messages are judged by their signs alone."""
        self._familiar = familiar
        self._links = compile_links(safety)
        self._message = MessageJudge(safety.messages)
        self._numbers = safety.messages.numbers
        self._hotlines = {_digits(hotline.number): hotline for hotline in hotlines.values()}

    def __call__(self, text: str, blocklist: Blocklist = NO_BLOCKS) -> Judgement:
        """Never raises; at most a few milliseconds, whatever the text."""
        addresses = find_addresses(text[:LINKS_SOUGHT])[:LINKS_JUDGED]
        if not addresses and (number := _phone_alone(text)) is not None:  # "3.84.109.91" is a site's
            return self._judge_number(number)
        links = [judge_link(address, self._links, blocklist) for address in addresses]
        lead = self._familiar.lead(text, addresses) if self._familiar else None
        judgement = self._message(text, links, lead)
        return replace(judgement, links=tuple(address.found for address in addresses))

    def _judge_number(self, number: str) -> Judgement:
        """A hotline that is listed is official; of any other number nothing is known."""
        hotline = self._hotlines.get(_digits(number))
        if hotline:
            reason = Reason(HOTLINE_SIGN, number, self._numbers.official.format(name=hotline.name))
            return Judgement(Verdict.OFFICIAL, reasons=(reason,), is_number=True)
        reason = Reason(STRANGE_NUMBER_SIGN, number, self._numbers.unknown)
        return Judgement(Verdict.UNKNOWN, reasons=(reason,), is_number=True)


def _phone_alone(text: str) -> str | None:
    """The number, when there is nothing else: 3 digits as 113 has, up to 13 as a foreign one."""
    alone = text.strip()
    is_phone = _PHONE.fullmatch(alone) and 3 <= len(_digits(alone)) <= 13
    return alone if is_phone else None


def _digits(number: str) -> str:
    """Without the country's code and what stands between: "+84 905 …" -> "0905…"."""
    bare = re.sub(r"[^\d+]", "", number)
    return re.sub(r"\D", "", _COUNTRY.sub("0", bare))
