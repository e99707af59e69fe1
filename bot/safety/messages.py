"""The signs of a scam in a message, and the judgement. PURE.

A message becomes words without diacritics, disguises taken off ("N-ap 5Ok" is "nạp", an amount), each address one word.
One walk over a trie finds every phrase of the signs; a sign is met when its phrases stand where it says. Weights of the
signs met add up.
How a sign is written is told in bot/content/scam_signs.py and at the top of knowledge/scam_signs.yaml.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bot.content.scam_signs import LIST_NAME, MessageSign, ScamSigns
from bot.language.normalize import decode_keys, fold, retone
from bot.safety.addresses import Address, plain
from bot.safety.links import SHORTENER
from bot.safety.model import ACCUSED, Judgement, Reason, Verdict

HEAD_LIMIT = 6_000  # characters read from the beginning: an SMS has 160 to 600, a scam's e-mail under 4,000
TAIL_LIMIT = 2_000  # and from the end, so that a long story pasted before the trap does not hide it
WORDS_LIMIT = 3_000  # words read: abbreviations and one-letter words would make more of the same characters
HITS_LIMIT = 64  # places of one phrase that are looked at; what is said more often is said the same
NEGATION_REACH = 14  # words behind "không bao giờ" that it turns around, within its sentence
FOUND_LIMIT = 80  # characters of the message that a reason quotes: a line and a half on a phone
DISGUISED_LEAST = 2  # words with digits or dots for letters that make a disguise; one may be a slip

LIKENESS_SIGN = "giong-tin-lua"
LEAD_TOLD = 0.5  # logits from which a likeness is told as a reason
LEAD_SURE = 1.0  # from which no word of an honest message excuses the rest: a trap may say "kẻ gian" too
Span = tuple[int, int]  # words: first, one after the last
Links = Mapping[Address, Judgement]
NO_LINKS: Links = {}


# --- words

# What an address is written over with before the words are read. `plain` leaves no invisible character in a text.
_FIRST, _NEXT = "\u2060", "\u2061"
_TOKEN = re.compile(
    rf"(?P<address>{_FIRST}{_NEXT}*+)"
    r"|(?P<change>(?<![\w.])[+-][ ]?[0-9][0-9.,]{3,}+)"
    r"|(?P<number>[0-9][0-9.,]*+(?:(?<=[.,])|(?![^\W_]|[*]))|0[0-9]{1,4}+[ .][0-9]{3}[ .][0-9]{3,4})"
    r"|(?P<word>[^\W_][^\W_*]*+(?:[@$!|*][^\W_*@$!|]++)*+)"
    r"|(?P<stop>[.!?;…\n]++)",
    re.IGNORECASE,
)
_LOOK_ALIKE = str.maketrans("аеорсхуіѕтмнкв", "aeopcxyistmhkb")  # Cyrillic letters that pass for Latin ones
_IS_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
# "N-ap", "t.r.ú.n.g", "chuy.ển": one sign between two pieces of a word, none of them with spaces.
_SPLIT_WORD = re.compile(r"(?<![\w.@/-])[^\W\d_]{1,6}(?:[-.*;'·|~^][^\W\d_]{1,6}){1,7}(?![\w@/])")
_VIETNAMESE = re.compile(r"[a-zđàáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ]+")
_LEET = tuple(
    str.maketrans(pairs)
    for pairs in (
        {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "6": "g", "8": "b", "@": "a", "$": "s", "!": "i", "|": "l"},
        {"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "6": "o", "7": "t", "9": "g", "@": "a", "$": "s", "!": "l"},
    )
)
_MASKED = re.compile(r"(?:\+?84|0)[35789]?[0-9]{0,8}[x*]{2,}[0-9x*]*")
_MOBILE = re.compile(r"(?:84|0)[35789][0-9]{8}")
_HOTLINE = re.compile(r"1[89]00[0-9]{4,6}|18[0-9]{6,8}|02[0-9]{8,9}")
_AMOUNT = re.compile(r"[0-9][0-9.,]*(?:k|tr|triệu|trieu|tỷ|ty|tỉ|đ|d|vnd|vnđ|đồng|dong|usd|củ|cu)(?:[0-9]{0,3})")
_DISGUISED_AMOUNT = re.compile(r"(?=.*[0-9])(?=.*o)[0-9o]+k")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+")
_UNITS = frozenset("k tr trieu ty ti d vnd dong usd nghin ngan cu dola do".split())
_SAID_NUMBERS = frozenset("mot hai ba bon nam sau bay tam chin muoi chuc tram may vai".split())
_SAID_UNITS = frozenset("trieu ty ti nghin ngan".split())


@dataclass
class _Words:
    """A message as words: folded, as accented (None where no accent was typed), their place, their sentence."""

    text: str
    links: Mapping[str, tuple[Address, Judgement]]  # by what the text says there
    folded: list[str] = field(default_factory=list)
    accented: list[str | None] = field(default_factory=list)
    places: list[Span] = field(default_factory=list)  # characters
    sentences: list[int] = field(default_factory=list)
    shapes: dict[str, list[Span]] = field(default_factory=dict)
    disguised: int = 0
    sentence: int = 0

    def add(self, word: str, place: Span, accented: str | None = None) -> None:
        self.folded.append(word)
        self.accented.append(accented)
        self.places.append(place)
        self.sentences.append(self.sentence)

    def mark(self, shape: str, width: int = 1) -> None:
        """The last words have this shape."""
        spans = self.shapes.setdefault(shape, [])
        if len(spans) < HITS_LIMIT:
            spans.append((max(len(self.folded) - width, 0), len(self.folded)))


class _Reader:
    """Turns a message into words, knowing the words that the signs are about."""

    def __init__(self, vocabulary: frozenset[str], abbreviations: Mapping[str, str]) -> None:
        self._vocabulary = vocabulary
        self._abbreviations = {
            short: tuple((fold(word), _accents(word)) for word in meant.split())
            for short, meant in abbreviations.items()
        }

    def __call__(self, text: str, links: Links) -> _Words:
        words = _Words(text, {address.found: (address, judgement) for address, judgement in links.items()})
        for found in sorted(words.links, key=len, reverse=True):  # one may stand in a longer one
            text = text.replace(found, _FIRST + _NEXT * (len(found) - 1))
        if _IS_CYRILLIC.search(text):
            text = text.translate(_LOOK_ALIKE)
        at = 0
        for split in _SPLIT_WORD.finditer(text):
            if joined := self._joined(split[0]):
                self._read(text, at, split.start(), words)
                words.disguised += 1
                self._word(joined, split.span(), words)
                at = split.end()
        self._read(text, at, len(text), words)
        if words.disguised >= DISGUISED_LEAST:
            words.mark("chữ-che")
        return words

    def _joined(self, split: str) -> str:
        """The word whose letters were kept apart, or "" when these are words of their own."""
        joined = re.sub(r"[\W_]", "", split)
        if fold(joined) not in self._vocabulary:
            return ""
        pieces = re.split(r"[\W_]", split)
        whole = all(len(piece) > 1 and fold(piece) in self._vocabulary for piece in pieces)
        return "" if whole else joined

    def _read(self, text: str, start: int, end: int, words: _Words) -> None:
        for token in _TOKEN.finditer(text, start, end):
            if len(words.folded) >= WORDS_LIMIT:
                return
            kind, found, place = token.lastgroup, token[0], token.span()
            if kind == "stop":
                words.sentence += 1
            elif kind == "word":
                self._word(found, place, words)
            elif kind == "address":
                self._address(place, words)
            else:
                self._number(found, place, words)
                if kind == "change":
                    words.mark("biến-động")

    def _address(self, place: Span, words: _Words) -> None:
        """A link to a known owner asks for nothing strange."""
        address, judgement = words.links[words.text[slice(*place)]]
        words.add(_named(address), place)
        if address.is_email or judgement.is_owned:
            return
        words.mark("link")
        if any(reason.sign == SHORTENER for reason in judgement.reasons):
            words.mark("link-rút-gọn")

    def _number(self, found: str, place: Span, words: _Words) -> None:
        digits = re.sub(r"[^0-9]", "", found)
        words.add(digits or found, place)
        self._shape_of_number(digits, found, words)

    def _shape_of_number(self, digits: str, found: str, words: _Words) -> None:
        if _MOBILE.fullmatch(digits):
            words.mark("số-di-động")
        elif _HOTLINE.fullmatch(digits) or 3 <= len(digits) <= 5:
            words.mark("đầu-số")
        if _GROUPED.fullmatch(found.strip("+- .,")):
            words.mark("số-tiền")
        elif len(digits) >= 6:
            words.mark("dãy-số")

    def _word(self, found: str, place: Span, words: _Words) -> None:
        word = found.lower()
        folded = fold(word)
        if folded in self._abbreviations and (word == folded or folded not in self._vocabulary):
            for part, accented in self._abbreviations[folded]:
                words.add(part, place, accented)
            return
        before = words.folded[-1] if words.folded else ""
        if folded in _UNITS and (before.isdecimal() or (folded in _SAID_UNITS and before in _SAID_NUMBERS)):
            words.add(folded, place, _accents(word))
            words.mark("số-tiền", 2)
            return
        if folded.isalpha() and (folded in self._vocabulary or len(folded) > 10):
            words.add(folded, place, _accents(word))
        elif folded.isalpha():
            decoded = decode_keys(word) if word.isascii() else word
            words.add(fold(decoded), place, _accents(decoded))
        else:
            self._mixed(word, folded, place, words)

    def _mixed(self, word: str, folded: str, place: Span, words: _Words) -> None:
        """Letters and other signs in one run: an amount, a phone number with a mask, or a word in disguise."""
        if _AMOUNT.fullmatch(word):
            words.add(word, place)
            words.mark("số-tiền")
        elif _MASKED.fullmatch(word):
            words.add(word, place)
            words.mark("số-di-động")
        elif _DISGUISED_AMOUNT.fullmatch(folded):
            words.add(folded, place)
            words.mark("số-tiền")
            words.disguised += 1
        else:
            for pairs in _LEET:
                meant = folded.translate(pairs)
                if meant in self._vocabulary and not folded.isdecimal():
                    words.disguised += not re.fullmatch("[0-9].*|.*[0-9]", folded)
                    words.add(meant, place)
                    return
            words.add(folded, place)


def _named(address: Address) -> str:
    """An address as a word: signs may name a host."""
    return "@" if address.is_email else address.host.removeprefix("www.")


@lru_cache(maxsize=65536)
def _accents(word: str) -> str | None:
    """How an accented word is compared, or None when no Vietnamese accent was typed, so that any will do."""
    if word.isascii() or not _VIETNAMESE.fullmatch(word):
        return None
    return retone(word)


# --- patterns

_WORDS = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")


@dataclass(frozen=True)
class _Pattern:
    """Phrases in their order; before each, the words that may stand between."""

    parts: tuple[str, ...]
    gaps: tuple[int, ...]

    def spans(self, found: _Hits) -> Iterator[Span]:
        hits = found.wide if len(self.parts) > 1 else found.strict
        first = hits.get(self.parts[0])
        if first is None:
            return
        for start, end in first:
            for part, gap in zip(self.parts[1:], self.gaps[1:], strict=True):
                spans = hits.get(part, [])
                at = bisect_left(spans, (end, end))
                if at == len(spans) or spans[at][0] > end + gap:
                    break
                end = spans[at][1]
            else:
                yield start, end


class _Group:
    """Patterns of which any will do. Those whose first part is not in the message cost nothing."""

    def __init__(self, patterns: Iterable[_Pattern]) -> None:
        self._by_first: dict[str, list[tuple[int, _Pattern]]] = {}
        for number, pattern in enumerate(patterns):
            self._by_first.setdefault(pattern.parts[0], []).append((number, pattern))
        self.firsts = frozenset(self._by_first)

    def __bool__(self) -> bool:
        return bool(self.firsts)

    def may_be_in(self, hits: _Hits) -> bool:
        return not self.firsts.isdisjoint(hits.wide)

    def spans(self, hits: _Hits) -> Iterator[Span]:
        """In the order of the patterns, so that the first one written is the one that is told."""
        met = [one for name in hits.wide.keys() & self._by_first.keys() for one in self._by_first[name]]
        for _, pattern in sorted(met, key=lambda one: one[0]):
            yield from pattern.spans(hits)


@dataclass(frozen=True)
class _Hits:
    """Where each phrase and list is met.

    A single word typed without its accents may be five others ("dong" is "đồng" and "đóng"): alone it is no hit.
    Beside another phrase of one pattern ("doc ... <mã>") it is: those hits are in `wide` only.
    """

    strict: dict[str, list[Span]] = field(default_factory=dict)
    wide: dict[str, list[Span]] = field(default_factory=dict)

    def add(self, name: str, span: Span, is_sure: bool) -> None:
        for hits in (self.strict, self.wide) if is_sure else (self.wide,):
            spans = hits.setdefault(name, [])
            if len(spans) < HITS_LIMIT:
                spans.append(span)

    def add_all(self, name: str, spans: Iterable[Span]) -> None:
        for hits in (self.strict, self.wide):
            hits[name] = sorted([*hits.get(name, ()), *spans])


class _Trie:
    """Phrases by their folded words; each says which names (of lists, or its own) it is a hit for."""

    END = ""  # no word is empty

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self.words: set[str] = set()

    def add(self, phrase: str, name: str) -> None:
        """A phrase without any accent is met with any, a word of its own only as it stands: "con" is not "còn"."""
        written = _WORDS.findall(phrase.lower())
        words = [fold(word) for word in written]
        any_will_do = len(words) > 1 and phrase.isascii()
        accented = tuple(None if any_will_do else retone(word) for word in written)
        node = self.root
        for word in words:
            node = node.setdefault(word, {})
        self.words.update(words)
        if (accented, name) not in node.setdefault(self.END, []):
            node[self.END].append((accented, name))

    def hits(self, words: _Words) -> _Hits:
        """Every place of every name, in order."""
        found = _Hits()
        folded, typed = words.folded, words.accented
        for start, word in enumerate(folded):
            node = self.root.get(word)
            end = start + 1
            while node is not None:
                for accented, name in node.get(self.END, ()):
                    if _same_accents(typed, start, accented):
                        is_sure = end > start + 1 or accented[0] in (None, typed[start] or word)
                        found.add(name, (start, end), is_sure)
                if end == len(folded):
                    break
                node = node.get(folded[end])
                end += 1
        return found


def _same_accents(typed: Sequence[str | None], start: int, accented: Sequence[str | None]) -> bool:
    """An accent left out is forgiven, a wrong one is another word: "nhẫn" is not "nhận"."""
    for at, known in enumerate(accented, start):
        if known is not None and typed[at] is not None and typed[at] != known:
            return False
    return True


# --- the judge


@dataclass(frozen=True)
class _Sign:
    name: str
    sign: MessageSign
    any: _Group
    all: tuple[_Group, ...]
    unless: _Group
    within: int

    @property
    def firsts(self) -> frozenset[str]:
        """Phrases and lists of which one must be there."""
        return self.any.firsts.union(*(group.firsts for group in self.all[:1]))

    def may_be_in(self, hits: _Hits) -> bool:
        return self.any.may_be_in(hits) or (bool(self.all) and all(group.may_be_in(hits) for group in self.all))


class MessageJudge:
    """Judges messages by the signs it was built from. Building it costs; asking it does not."""

    def __init__(self, signs: ScamSigns) -> None:
        self._verdicts = signs.verdicts
        self._likeness = signs.likeness
        self._gap = signs.gap
        self._trie = _Trie()
        for name in signs.lists:
            for phrase in _flat(signs.lists, name):
                self._trie.add(phrase, f"<{name}>")
        self._signs = [self._compile(name, sign, signs.reach) for name, sign in signs.signs.items()]
        self._by_first: dict[str, list[int]] = {}  # numbers of signs
        for number, compiled in enumerate(self._signs):
            for first in compiled.firsts:
                self._by_first.setdefault(first, []).append(number)
        self._negations = self._patterns(signs.negations.words)
        self._threats = self._patterns(signs.negations.unless)
        self._shaped = {name: tuple(_shapes(signs.lists, name)) for name in signs.lists}
        self._read = _Reader(frozenset(self._trie.words), signs.abbreviations)

    def __call__(self, text: str, links: Links = NO_LINKS, lead: float | None = None) -> Judgement:
        """Never raises; `links` are the addresses in the text with their judgements, in any order.

        `lead`: how much more the text is like known scams than like honest messages, in logits (likeness.py); without
        it the signs judge alone.
        """
        text = _shortened(text)
        words = self._read(text, links)
        if len(links) == 1 and words.folded == [_named(address) for address in links if not address.is_email]:
            return next(iter(links.values()))
        hits = self._hits(words)
        negated = self._negated(words, hits)
        likely = self._likely(hits)
        met = [(sign, span) for sign in likely if (span := self._span(sign, words, hits, negated)) is not None]
        return self._judgement(words, met, links.values(), lead)

    # Building

    def _compile(self, name: str, sign: MessageSign, reach: int) -> _Sign:
        return _Sign(
            name=name,
            sign=sign,
            any=self._patterns(sign.any),
            all=tuple(map(self._patterns, sign.all)),
            unless=self._patterns(sign.unless),
            within=sign.within or reach,
        )

    def _patterns(self, patterns: Iterable[str]) -> _Group:
        return _Group(self._pattern(pattern) for pattern in patterns)

    def _pattern(self, pattern: str) -> _Pattern:
        parts: list[str] = []
        gaps: list[int] = []
        gap = 0
        for piece in re.split(r"(<[^<>\s]+>|\.\.\.)", pattern):
            if piece == "...":
                gap = self._gap
            elif LIST_NAME.fullmatch(piece):
                parts.append(piece)
                gaps.append(gap)
                gap = 0
            elif piece.strip():
                self._trie.add(piece, piece.strip())
                parts.append(piece.strip())
                gaps.append(gap)
                gap = 0
        return _Pattern(tuple(parts), tuple(gaps))

    # Judging

    def _hits(self, words: _Words) -> _Hits:
        hits = self._trie.hits(words)
        for shape, spans in words.shapes.items():
            hits.add_all(f"<{shape}>", spans)
        for name, shapes in self._shaped.items():
            for shape in shapes:
                if shape in words.shapes:
                    hits.add_all(f"<{name}>", words.shapes[shape])
        return hits

    def _negated(self, words: _Words, hits: _Hits) -> frozenset[int]:
        """Words that a negation before them turns around."""
        threats = {at for span in self._threats.spans(hits) for at in range(*span)}
        return frozenset(
            at
            for start, end in self._negations.spans(hits)
            if start not in threats
            for at in range(end, min(end + NEGATION_REACH, len(words.folded)))
            if words.sentences[at] == words.sentences[start]
        )

    def _likely(self, hits: _Hits) -> list[_Sign]:
        """Signs of which something is there, in the order of the file: few of the hundred."""
        numbers = {number for name in hits.wide for number in self._by_first.get(name, ())}
        return [sign for number in sorted(numbers) if (sign := self._signs[number]).may_be_in(hits)]

    def _span(self, sign: _Sign, words: _Words, hits: _Hits, negated: frozenset[int]) -> Span | None:
        """Where the sign is met."""
        is_genuine = sign.sign.weight <= 0
        barred = {words.sentences[start] for start, _ in sign.unless.spans(hits)} if sign.unless else set()
        if is_genuine and barred:
            return None

        def stands(span: Span) -> bool:
            return is_genuine or (span[0] not in negated and words.sentences[span[0]] not in barred)

        for span in sign.any.spans(hits):
            if stands(span):
                return span
        if not sign.all:
            return None
        groups = []
        for group in sign.all:
            spans = [span for span in group.spans(hits) if stands(span)]
            if not spans:
                return None
            groups.append(spans)
        return _together(groups, sign.within)

    def _judgement(
        self,
        words: _Words,
        met: Sequence[tuple[_Sign, Span]],
        links: Iterable[Judgement],
        lead: float | None,
    ) -> Judgement:
        score = sum(sign.sign.weight for sign, _ in met)
        if lead is not None:
            score = min(score, self._likeness.signs_most) + self._points(lead)
        if lead is None or lead < LEAD_SURE:
            score = min([score, *(sign.sign.most for sign, _ in met if sign.sign.most is not None)])
        bad = [link for link in links if link.verdict in ACCUSED]
        score = max(score, 0.0) + max((link.score for link in bad), default=0.0)
        verdict = self._verdict(score)
        for link in bad:
            verdict = _worse(verdict, link.verdict)
        told = sorted(met, key=lambda one: -abs(one[0].sign.weight))
        is_genuine = verdict is Verdict.UNKNOWN and any(sign.sign.weight <= 0 for sign, _ in met)
        told = [one for one in told if (one[0].sign.weight <= 0) == is_genuine]
        reasons = [
            *(reason for link in bad for reason in link.reasons),
            *(Reason(sign.name, _quote(words, span), sign.sign.why) for sign, span in told),
        ]
        if verdict is not Verdict.UNKNOWN and lead is not None and lead >= LEAD_TOLD:
            reasons.append(Reason(LIKENESS_SIGN, "", self._likeness.why))
        guides = [*(guide for link in bad for guide in link.guides), *(sign.sign.guide for sign, _ in told)]
        return Judgement(
            verdict=verdict,
            score=round(score, 2),
            reasons=tuple(dict.fromkeys(reasons)),
            guides=tuple(dict.fromkeys(guide for guide in guides if guide)),
        )

    def _points(self, lead: float) -> float:
        known = self._likeness
        return known.weight * max(-known.most, min(lead + known.bias, known.most))

    def _verdict(self, score: float) -> Verdict:
        if score >= self._verdicts.dangerous:
            return Verdict.DANGEROUS
        return Verdict.SUSPICIOUS if score >= self._verdicts.suspicious else Verdict.UNKNOWN


def _worse(one: Verdict, other: Verdict) -> Verdict:
    order = list(Verdict)
    return max(one, other, key=order.index)


def _flat(lists: Mapping[str, Sequence[str]], name: str) -> Iterator[str]:
    """The phrases of a list and of the lists it names."""
    for phrase in lists.get(name, ()):
        inner = LIST_NAME.fullmatch(phrase)
        if inner:
            yield from _flat(lists, inner[1])
        else:
            yield phrase


def _shapes(lists: Mapping[str, Sequence[str]], name: str) -> Iterator[str]:
    """The shapes that a list names, itself or through another one."""
    for phrase in lists[name]:
        if inner := LIST_NAME.fullmatch(phrase):
            if inner[1] in lists:
                yield from _shapes(lists, inner[1])
            else:
                yield inner[1]


def _shortened(text: str) -> str:
    if len(text) > HEAD_LIMIT + TAIL_LIMIT:
        text = text[:HEAD_LIMIT] + "\n" + text[-TAIL_LIMIT:]
    return plain(text)[: HEAD_LIMIT + TAIL_LIMIT]


def _together(groups: Sequence[Sequence[Span]], within: int) -> Span | None:
    """The first stretch of at most `within` words that holds one span of each group."""
    marks = sorted((start, end, number) for number, group in enumerate(groups) for start, end in group)
    last: dict[int, Span] = {}
    for start, end, number in marks:
        last[number] = (start, end)
        if len(last) == len(groups):
            first = min(span[0] for span in last.values())
            if start - first <= within:
                return first, max(span[1] for span in last.values())
    return None


def _quote(words: _Words, span: Span) -> str:
    """What the message says there, in one line."""
    if not words.places:
        return ""
    start = words.places[min(span[0], len(words.places) - 1)][0]
    end = words.places[min(span[1], len(words.places)) - 1][1]
    said = " ".join(words.text[start:end].split())
    return said if len(said) <= FOUND_LIMIT else said[: FOUND_LIMIT - 1].rstrip() + "…"
