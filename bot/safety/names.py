"""Reading a web name as Vietnamese people do: "vcbdigibank247" is vcb, digibank, 247. PURE.

A name is split into known words (signs' words and names worth borrowing), syllables, digits and loose letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.safety.letters import skeleton

NAME_LIMIT = 100  # letters of a name that are read; the longest lure of the public lists has 60
TINY = 2  # letters: a word so short counts only between edges or digits
SMALL = 3  # letters: must touch an edge or another known word
# What a token costs in the search for the best reading: fewer and longer known words win over syllables, and these
# over loose letters. Only their order matters; chosen so that "dichvucongnghe" is "dịch vụ" + "công nghệ".
_WORD_COST, _WORD_GAIN = 1.0, 0.04
_SYLLABLE_COST, _SYLLABLE_GAIN = 1.3, 0.02
_DIGITS_COST = 0.7
_LETTER_COST = 1.1
_DISGUISE_COST = 0.3  # for digits in a word that stand for letters: "acc0unt"
_LOOK_LENGTH = 5  # letters that such a word has at least
_BRIDGE_COST = 0.35  # for a word that runs across a hyphen: "vietin-bank"
_BRIDGE_LENGTH = 5  # letters that such a word has at least
_VOWELS = "aeiouy"
_READ_ON = _VOWELS + "lrs"  # what may follow a consonant in one syllable, or end a word


@dataclass(frozen=True)
class Word:
    """What a run of letters means: a name worth borrowing (`site`), or a sign's word."""

    sign: str
    site: str = ""
    is_short: bool = False


@dataclass(frozen=True)
class Vocabulary:
    """The words that a name is read with."""

    words: Mapping[str, Word]
    looks: Mapping[str, Word]  # the longer words of signs by their skeletons, for digits that stand for letters
    glued: frozenset[str]  # short words that count although a strange letter stands before them
    longest: int

    @classmethod
    def of(cls, words: Mapping[str, Word], glued: Iterable[str]) -> Vocabulary:
        """`words` and `glued` folded and without anything between their letters."""
        long = (word for word, meant in words.items() if len(word) >= _LOOK_LENGTH and not meant.site)
        looks = {skeleton(word): words[word] for word in long}
        return cls(words, looks, frozenset(glued), max(map(len, words), default=0))


@dataclass(frozen=True)
class Token:
    """A piece of a name: a known word, digits, a syllable, or a letter that fits nowhere."""

    text: str
    word: Word | None
    is_digits: bool = False
    is_syllable: bool = False
    starts: bool = False  # a hyphen, dot or the name's edge stands before
    ends: bool = False  # the same behind
    is_disguised: bool = False  # a digit stands for a letter: "acc0unt"

    @property
    def is_loose(self) -> bool:
        return not (self.word or self.is_digits or self.is_syllable)


def read_name(folded: str, known: Vocabulary) -> tuple[Token, ...]:
    """The cheapest reading of a folded name, in time proportional to its length."""
    letters, edges = letters_of(folded)
    size = len(letters)
    cost = [0.0] + [float("inf")] * size
    back: list[tuple[int, Word | None, str]] = [(0, None, "")] * (size + 1)
    inner = [0] * (size + 1)  # edges at or before a place
    for at in range(1, size + 1):
        inner[at] = inner[at - 1] + (at in edges)
    for start in range(size):
        base = cost[start]
        for end, price, word, kind in _pieces(letters, start, edges, inner, known):
            if base + price < cost[end]:
                cost[end] = base + price
                back[end] = (start, word, kind)
    tokens: list[Token] = []
    end = size
    while end:
        start, word, kind = back[end]
        tokens.append(
            Token(
                letters[start:end],
                word,
                is_digits=kind == "digits",
                is_syllable=kind == "syllable",
                is_disguised=kind == "disguised",
                starts=start in edges,
                ends=end in edges,
            )
        )
        end = start
    return tuple(reversed(tokens))


def letters_of(folded: str) -> tuple[str, frozenset[int]]:
    """Letters and digits alone, and where edges were between them."""
    letters, edges = [], {0}
    for char in folded:
        if char.isascii() and char.isalnum():
            letters.append(char)
        else:
            edges.add(len(letters))
        if len(letters) >= NAME_LIMIT:
            break
    return "".join(letters), frozenset({*edges, len(letters)})


def _pieces(
    letters: str, start: int, edges: frozenset[int], inner: Sequence[int], known: Vocabulary
) -> Iterator[tuple[int, float, Word | None, str]]:
    """Every piece that may begin here: (end, cost, word, kind)."""
    size = len(letters)
    for end in range(start + 1, min(size, start + known.longest) + 1):
        word = known.words.get(letters[start:end])
        if word is None:
            continue
        length = end - start
        bridges = inner[end - 1] - inner[start]
        if bridges and length < _BRIDGE_LENGTH:
            continue
        if length <= TINY:
            at_edges = _is_edge(letters, start, edges) + _is_edge(letters, end, edges)
            if at_edges < (1 if word.sign in ("country_tag", "company_tag") else 2):
                continue
        yield end, _WORD_COST - _WORD_GAIN * length + _BRIDGE_COST * bridges, word, "word"
    if _DISGUISE.search(letters):
        yield from _disguised(letters, start, inner, known)
    if letters[start].isdigit():
        end = start + 1
        while end < size and letters[end].isdigit() and end not in edges:
            end += 1
        yield end, _DIGITS_COST, None, "digits"
        return
    for end in range(start + 2, min(size, start + _SYLLABLE_LENGTH) + 1):
        if inner[end - 1] == inner[start] and letters[start:end] in _syllables():
            yield end, _SYLLABLE_COST - _SYLLABLE_GAIN * (end - start), None, "syllable"
    yield start + 1, _LETTER_COST, None, "letter"


_DISGUISE = re.compile(r"[a-z][013457]{1,2}[a-z]")


def _disguised(
    letters: str, start: int, inner: Sequence[int], known: Vocabulary
) -> Iterator[tuple[int, float, Word | None, str]]:
    """Known words that begin here and have digits for letters in them."""
    found = _DISGUISE.search(letters, start, start + known.longest)
    if not found:
        return
    for end in range(max(found.end(), start + _LOOK_LENGTH), min(len(letters), start + known.longest) + 1):
        if inner[end - 1] != inner[start]:
            return
        if letters[end - 1].isalpha() and (word := known.looks.get(skeleton(letters[start:end]))):
            yield end, _WORD_COST - _WORD_GAIN * (end - start) + _DISGUISE_COST, word, "disguised"


def _is_edge(letters: str, at: int, edges: frozenset[int]) -> bool:
    return at in edges or letters[at - 1].isdigit() or letters[at].isdigit()


def stands_apart(tokens: Sequence[Token], at: int, known: Vocabulary) -> bool:
    """Whether a small word is a word here, and not a part of a longer one that we do not know.

    "vibe" is no "vib", and "sctv" no "ctv"; but nobody can read on in "vcbl…" or "acbmk", so these are banks.
    """
    token = tokens[at]
    is_harmless = token.word is not None and token.word.sign == "harmless"
    if len(token.text) > SMALL + is_harmless:
        return True
    is_led_on = token.starts and at + 2 < len(tokens) and tokens[at + 2].word is not None
    if (token.ends or is_led_on) and token.text in known.glued:  # "vayasieutoc", "postvay", but not "vayu"
        return True
    before = None if token.starts else tokens[at - 1]
    after = None if token.ends else tokens[at + 1]
    if before and before.is_loose:
        return False
    if after and after.is_loose and _reads_on(token, after):
        return False
    return not before or not after or any(each.word or each.is_digits for each in (before, after))


def _reads_on(token: Token, after: Token) -> bool:
    """Whether both may be one word: no syllable has "cbm" in it; "acbl", "acbs" and "hdbo" are read as a word's."""
    if not any(char in _VOWELS for char in token.text):
        return False
    is_bank = token.word is not None and token.word.sign == "bank_name"
    return not is_bank or after.text[0] in _READ_ON or any(char in _VOWELS for char in token.text[-2:])


def is_name_with_a_letter(tokens: Sequence[Token], at: int) -> bool:
    """ "onlineacbc", "247vcba": a short name between a known word or digits and one letter that ends the name."""
    token = tokens[at]
    if not token.word or not token.word.site or len(token.text) < SMALL or at == 0 or at + 2 != len(tokens):
        return False
    before = tokens[at - 1]
    return tokens[-1].is_loose and (before.is_digits or bool(before.word))


_SYLLABLE_LENGTH = 6


@lru_cache(maxsize=1)
def _syllables() -> frozenset[str]:
    """Every way a Vietnamese syllable may look without diacritics."""
    onsets = [*"ngh ng nh gh gi ch kh ph qu th tr b c d g h k l m n p r s t v x".split(), ""]
    nuclei = [
        *"a e i o u y oa oe uy ie ye uo ue ua ia uu oo uye yeu ieu uoi uou oai oay uay".split(),
        *"ai ao au ay eo eu iu oi ui uya".split(),
    ]
    codas = ["", *"ch ng nh c m n p t".split()]
    found = (onset + nucleus + coda for onset in onsets for nucleus in nuclei for coda in codas)
    return frozenset(one for one in found if 2 <= len(one) <= _SYLLABLE_LENGTH)
