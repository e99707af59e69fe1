"""Vietnamese as people type it, brought to one form. PURE.

An utterance becomes words in two forms side by side: accented as written, and folded (no diacritics, đ = d).
On the way raw Telex and VNI keystrokes are decoded, synonyms take their canonical form, and polite filler falls away.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

UTTERANCE_LIMIT = 600  # characters that are read: a spoken question has under 300; the rest of a paste adds no meaning

RECENT = 4  # texts remembered: one turn looks at the same text several times
_WORD = re.compile(r"[^\W_]+")
_INVISIBLE = dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])


def clean(text: str) -> str:
    """One Unicode form (NFKC, so that fullwidth letters are letters), lower case, no invisible characters."""
    return unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).lower()


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Lower case without diacritics: "Đăng ký" -> "dang ky"."""
    parts = unicodedata.normalize("NFD", clean(text).replace("đ", "d"))
    return "".join(char for char in parts if not unicodedata.combining(char))


# Rimes of written Vietnamese without tone marks, enough to tell a syllable from an English word or a keystroke.
_ONSET = r"(?:ngh|ng|nh|gh|gi|ch|kh|ph|qu|th|tr|[bcdđghklmnprstvx])?"
_RIME = (
    r"(?:(?:oa|oă|uâ|uyê|iê|yê|ươ|uô|oe|uê|uy|[aăâeêioôơuưy])(?:ch|ng|nh|[cmnpt])"
    r"|oai|oay|oeo|uây|uya|uôi|ươi|ươu|iêu|yêu|uyu|uêu|oao"
    r"|ai|ao|au|ay|âu|ây|eo|êu|ia|iu|oa|oe|oi|ôi|ơi|ua|uê|ui|uơ|uy|ưa|ưi|ưu|ya|[aeêioôơuưy])"
)
_SYLLABLE = re.compile(_ONSET + _RIME)
_PARTS = re.compile(r"(qu|gi(?=[aăâeêioôơuưy])|[^aăâeêioôơuưy]*)([aăâeêioôơuưy]+)([^aăâeêioôơuưy]*)")
_STOPPED = re.compile(r"(?:ch|[cpt])$")  # a syllable with a stop at its end takes only the tones sắc and nặng

_TONES = {"s": "\u0301", "f": "\u0300", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
_VNI_TONES = {"1": "s", "2": "f", "3": "r", "4": "x", "5": "j"}
_TELEX_MARKS = (
    ("uow", "ươ"),
    ("dd", "đ"),
    ("aa", "â"),
    ("aw", "ă"),
    ("ee", "ê"),
    ("oo", "ô"),
    ("ow", "ơ"),
    ("uw", "ư"),
)
_VNI_MARKS = (
    ("a6", "â"),
    ("e6", "ê"),
    ("o6", "ô"),
    ("u7o7", "ươ"),
    ("uo7", "ươ"),
    ("o7", "ơ"),
    ("u7", "ư"),
    ("a8", "ă"),
    ("d9", "đ"),
)
_TELEX_TONE = re.compile(r"([^\W\d_]*[aăâeêioôơuưy])(ch|ng|nh|[cmnpt])?([sfrxj])(ch|ng|nh|[cmnptiuoy])?")
_TELEX_HINT = re.compile(r"[sfrxj]$|[sfrxj](?:ch|ng|nh|[cmnpt])$|dd|aa|ee|oo|w")
_VNI_HINT = re.compile(r"[a-z]+[1-9]")


def is_syllable(word: str) -> bool:
    """Whether a lower-case word can be Vietnamese, by its letters alone: "sim" can, "link" cannot."""
    letters = unicodedata.normalize("NFD", word)
    return _is_syllable(unicodedata.normalize("NFC", "".join(char for char in letters if char not in _TONES.values())))


def _is_syllable(plain: str) -> bool:
    return _SYLLABLE.fullmatch(plain) is not None


def _with_tone(plain: str, key: str) -> str | None:
    if not _is_syllable(plain) or (_STOPPED.search(plain) and key not in "sj"):
        return None
    return _place_tone(plain, _TONES[key])


def _place_tone(plain: str, tone: str) -> str:
    """The syllable with its tone mark where the older spelling has it (hòa, not hoà)."""
    onset, vowels, coda = _PARTS.fullmatch(plain).groups()  # type: ignore[union-attr]  # callers pass a syllable
    marked = [index for index, char in enumerate(vowels) if char in "ăâêôơư"]
    at = marked[-1] if marked else min(len(vowels) - 1, 1) if coda or len(vowels) == 3 else 0
    return unicodedata.normalize("NFC", onset + vowels[: at + 1] + tone + vowels[at + 1 :] + coda)


@lru_cache(maxsize=65536)
def retone(word: str) -> str:
    """One spelling for the old and the new place of a tone mark."""
    letters = unicodedata.normalize("NFD", word)
    tone = next((char for char in letters if char in _TONES.values()), None)
    if tone is None:
        return word
    plain = unicodedata.normalize("NFC", letters.replace(tone, ""))
    return _place_tone(plain, tone) if _is_syllable(plain) else word


@lru_cache(maxsize=65536)
def decode_keys(word: str) -> str:
    """Raw Telex or VNI keystrokes to the syllable meant: "ddawng" -> "đăng", "ky1" -> "ký".

    A word that is a syllable as it stands, or that decodes to none, is left alone.
    """
    if len(word) > 10 or not word.isascii():
        return word
    if word.isalpha():
        return _decode_telex(word) if _TELEX_HINT.search(word) and not _is_syllable(word) else word
    return _decode_vni(word) if _VNI_HINT.match(word) else word


def _decode_telex(word: str) -> str:
    marked = word
    for keys, letter in _TELEX_MARKS:
        marked = marked.replace(keys, letter)
    marked = re.sub(r"(?<![aouâăơư])w", "ư", marked).replace("uơ", "ươ")
    if marked != word and _is_syllable(marked):
        return marked
    found = _TELEX_TONE.fullmatch(marked)
    if not found:
        return word
    return _with_tone(found[1] + (found[2] or found[4] or ""), found[3]) or word


def _decode_vni(word: str) -> str:
    marked = word
    for keys, letter in _VNI_MARKS:
        marked = marked.replace(keys, letter)
    marked = re.sub(r"uo([a-z]*)7", r"ươ\1", marked)
    # The mark may be typed after the coda ("dang8"): bring it back to its vowel.
    late = re.fullmatch(r"([a-zđ]*)([aeou])(ch|ng|nh|[cmnpt])([678])([1-5]?)", marked)
    if late:
        vowel = dict(_VNI_MARKS).get(late[2] + late[4])
        marked = f"{late[1]}{vowel}{late[3]}{late[5]}" if vowel else marked
    found = re.fullmatch(r"([^\W\d_]+)([1-5])([^\W\d_]*)", marked)
    if found:
        return _with_tone(found[1] + found[3], _VNI_TONES[found[2]]) or word
    return marked if _is_syllable(marked) else word


@dataclass(frozen=True)
class Utterance:
    """What someone said, normalized once."""

    text: str  # as far as it was read
    words: tuple[str, ...]  # accented, canonical
    folded: tuple[str, ...]  # the same words without diacritics

    @property
    def key(self) -> str:
        """Two utterances with the same key say the same."""
        return " ".join(self.folded)


def _split(text: str) -> tuple[str, ...]:
    return tuple(retone(decode_keys(word)) for word in _WORD.findall(clean(text)))


class _Phrases:
    """Replaces the longest known run of words.

    In a run of two words or more, accents may be left out, but those that are typed must be its own ("vợ tôi" is not
    "vô tội"). A single word is met only as it is written: "vô", not "vo".
    """

    def __init__(self, replacements: Iterable[tuple[str, str]]) -> None:
        self._by_words: dict[tuple[str, ...], list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
        for found, canonical in replacements:
            words = _split(found)
            if words:
                key = words if len(words) == 1 else tuple(fold(word) for word in words)
                known = tuple(map(_undashed, words))
                self._by_words.setdefault(key, []).append((known, _split(canonical)))
        self._lengths: dict[str, list[int]] = {}  # first word -> words in the runs that begin with it, longest first
        for length, first in sorted({(len(words), fold(words[0])) for words in self._by_words}, reverse=True):
            self._lengths.setdefault(first, []).append(length)

    def apply(self, words: Sequence[str]) -> list[str]:
        folded = [fold(word) for word in words]
        begins = [self._lengths.get(bare, ()) for bare in folded]
        if not any(begins):
            return list(words)
        out: list[str] = []
        at = 0
        while at < len(words):
            for length in begins[at]:
                canonical = self._meant(words[at : at + length], folded[at : at + length])
                if canonical is not None:
                    out.extend(canonical)
                    at += length
                    break
            else:
                out.append(words[at])
                at += 1
        return out

    def _meant(self, typed: Sequence[str], folded: Sequence[str]) -> tuple[str, ...] | None:
        for known, canonical in self._by_words.get(tuple(typed if len(typed) == 1 else folded), ()):
            pairs = zip(typed, folded, known, strict=True)
            if all(word == bare or _undashed(word) == right for word, bare, right in pairs):
                return canonical
        return None


def _undashed(word: str) -> str:
    """In a hurry "dăng" is typed for "đăng"."""
    return word.replace("đ", "d")


def spellings(sounds: Mapping[str, Iterable[str]], parts: str) -> Iterator[str]:
    """How a name sounds when it is spelled out, as voice typing writes it: "v ne i d" -> "vờ nê ai đi", …"""
    return map(" ".join, product(*(sounds[part] for part in parts.split())))


class Normalizer:
    """Brings text to an Utterance, with the word lists of knowledge/synonyms.yaml."""

    def __init__(
        self,
        classes: Mapping[str, Mapping[str, Iterable[str]]],
        filler: Iterable[str],
        spelled: Mapping[str, Iterable[str]] | None = None,
        sounds: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """`spelled`: names with the parts that they are spelled in; `sounds`: how each part is said."""
        spoken = {
            name: [said for parts in ways for said in spellings(sounds or {}, parts)]
            for name, ways in (spelled or {}).items()
        }
        self._synonyms = _Phrases(
            [
                (variant, canonical)
                for kind in (*classes.values(), spoken)
                for canonical, variants in kind.items()
                for variant in (canonical, *variants)  # itself first, or the "giờ" of "bây giờ" becomes "bây bây giờ"
            ]
        )
        self._filler = _Phrases((words, "") for words in filler)
        self._meant = lru_cache(RECENT)(self._canonical)
        self._typed = lru_cache(RECENT)(lambda text: _utterance(text, _split(text)))

    def plain(self, text: str) -> Utterance:
        """Without synonyms and filler: the words as typed, for commands and numbers."""
        return self._typed(text[:UTTERANCE_LIMIT])

    def __call__(self, text: str) -> Utterance:
        """An utterance that is filler alone keeps it: better a weak meaning than none.

        Synonyms are looked up twice, since one may complete another: "bhxh số" is "bảo hiểm xã hội số" is "vssid".
        """
        return self._meant(text[:UTTERANCE_LIMIT])

    def _canonical(self, text: str) -> Utterance:
        typed = _split(text)
        meant = self._filler.apply(typed) or list(typed)
        once = self._synonyms.apply(meant)
        return _utterance(text, once if once == meant else self._synonyms.apply(once))


def _utterance(text: str, words: Sequence[str]) -> Utterance:
    return Utterance(text, tuple(words), tuple(fold(word) for word in words))
