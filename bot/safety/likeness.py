"""How much a message is like the scams that people got, and how much like honest messages. PURE.

The signs (messages.py) know what a trap wants; this knows how traps are worded, learnt from knowledge/messages_*.txt as
the guides are learnt from their lines. Honest messages are learnt by their kind: a warning is unlike a scam in other
words than a bank's notice is. Numbers and addresses are told by their shape, not by their digits.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence

import numpy as np

from bot.content.model import Message
from bot.language.learning import Learnt
from bot.language.matching import Ranker
from bot.language.normalize import UTTERANCE_LIMIT, Normalizer, Utterance
from bot.safety.addresses import Address, find_addresses

SCAM = ""  # the owner of scams: no kind is called so
_PHONE = re.compile(r"(?<![\w.])(?:0|\+?84)[\d .x*]{7,12}[\dx*](?!\w)")
_AMOUNT = re.compile(
    r"(?P<change>[+-])?(?<!\w)\d[\d.,]{0,20}\s?(?:k|tr|trieu|triệu|ty|tỷ|tỉ|vnd|vnđ|đ|d|đồng|dong|nghìn|nghin|ngàn|ngan)(?!\w)",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
# Words of no language. An address at home is under .vn, where most honest senders have theirs.
SHAPES = {"link": " xlinkx ", "home": " xlinkvnx ", "phone": " xphonex ", "amount": " xmoneyx ", "change": " xchangex "}
READ_LIMIT = 2 * UTTERANCE_LIMIT  # characters: shapes are mostly shorter than what they stand for
WORDS_LEAST = 6  # a message to be trapped by has more; "1" or "xong" is an answer to us
LINKED_LEAST = 10  # the same with a link: in fewer words people send each other pages that they like
LONGEST_NUMBER = 8  # digits that are told apart: an OTP has 4 to 8


def shaped(text: str, links: Iterable[Address] = (), owned: Container[Address] = ()) -> str:
    """The text with links, phone numbers, amounts and other numbers as words that tell only their shape."""
    for link in links:
        is_at_home = link in owned or f".{link.suffix}".endswith(".vn")
        text = text.replace(link.found, SHAPES["home" if is_at_home else "link"])
    text = _PHONE.sub(SHAPES["phone"], text)
    text = _AMOUNT.sub(lambda found: SHAPES["change" if found["change"] else "amount"], text)
    return _DIGITS.sub(lambda found: f" x{'n' * min(len(found[0]), LONGEST_NUMBER)}x ", text)


class Familiar:
    """Compares a message with those that were learnt."""

    def __init__(self, learnt: Learnt, normalizer: Normalizer) -> None:
        self._ranker = Ranker(learnt)
        self._scam = learnt.ids.index(SCAM)
        self._normalizer = normalizer

    def lead(self, text: str, links: Sequence[Address], owned: Container[Address] = ()) -> float | None:
        """Of scams over all honest kinds, in logits: above 0 it is worded like a scam. None for too short a text.

        `owned` are those of the links whose owner is known: they count like links at home.
        """
        said = self._normalizer(shaped(text[:READ_LIMIT], links, owned))
        if len(said.words) < (LINKED_LEAST if links else WORDS_LEAST):
            return None
        logits = self._ranker.hear(said).logits
        return float(logits[self._scam] - np.logaddexp.reduce(np.delete(logits, self._scam)))


def message_lines(
    scams: Iterable[Message], honest: Iterable[Message], normalizer: Normalizer
) -> Iterator[tuple[str, Utterance]]:
    """What is learnt from: (owner, line)."""
    for owner, text in (*((SCAM, text) for _, text in scams), *honest):
        yield owner, normalizer(shaped(text[:READ_LIMIT], find_addresses(text)))
