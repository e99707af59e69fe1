"""The judgement of one web address. PURE.

A name is read as Vietnamese people read it: split into known words, names worth borrowing, syllables and digits.
Each sign that shows adds its weight (knowledge/link_signs.yaml); the sum decides. What is really somebody's own
(knowledge/official_sites.yaml) is never accused, and nothing is called official for what its name looks like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.content.model import OfficialSite, SafetyKnowledge, Sign
from bot.language.normalize import fold
from bot.safety.addresses import Address, address_of_host
from bot.safety.blocklist import NO_BLOCKS, Blocklist, entry_of
from bot.safety.model import Judgement, Reason, Verdict

NAME_LIMIT = 100  # letters of a name that are read; the longest lure of the public lists has 60
REPEAT_SHARE = 0.5  # of a sign's weight, for each further word of the same sign
REPEAT_LIMIT = 2  # further words that count
SHORT_SHARE = 0.75  # of a name's weight, when only its short form is met: "acb", "momo" are other people's too
TINY_SHARE = 0.4  # the same for two letters: "mb", "ff"
ABOVE_SHARE = 0.6  # of a bait word before the registered name: anybody has a login.… and a shop.…
USUAL_PORTS = (None, 80, 443)
MANY_HYPHENS = 2
DIGITS = 2  # digits in a row that are worth a word: 68, 247, 999
LONG_NUMBER = 4  # digits from which a number is a year, a serial or a telephone number
GOV = "gov.vn"
SHORTENER = "shortener"  # the sign of an address that hides another


@dataclass(frozen=True)
class Word:
    """What a run of letters means: a name worth borrowing (`site`), or a sign's word."""

    sign: str
    site: str = ""
    is_short: bool = False


@dataclass(frozen=True)
class LinkLexicon:
    """knowledge/ in the form that judging needs; made once by `compile_links`."""

    signs: Mapping[str, Sign]
    sites: Mapping[str, OfficialSite]
    words: Mapping[str, Word]
    looks: Mapping[str, Word]  # the longer words of signs by their skeletons, for digits that stand for letters
    glued: frozenset[str]  # short words that count although a strange letter stands before them
    longest: int
    owners: Mapping[str, tuple[str, bool]]  # address -> (site, whether it is called official)
    lists: Mapping[str, frozenset[str]]  # shape -> its words as written
    likes: tuple[tuple[str, str], ...]  # (skeleton, site) of names that may be misspelt
    labels: Mapping[str, tuple[str, str]]  # skeleton -> (whole registered name, site): "vattgia" is like vatgia.com
    bad_sites: Blocklist
    suspicious: float
    dangerous: float


def compile_links(knowledge: SafetyKnowledge) -> LinkLexicon:
    """Takes some milliseconds: once for each edit, not for each address."""
    words: dict[str, Word] = {}
    for name in ("country_tag", "company_tag", "harmless", "remote_tool"):
        words |= {_joined(word): Word(name) for word in knowledge.signs[name].words}
    for name, sign in knowledge.links.names.items():
        words |= {_joined(word): Word(name) for word in sign.words}
    owners: dict[str, tuple[str, bool]] = {}
    likes: dict[str, str] = {}
    for name, site in knowledge.official_sites.items():
        kind = f"{site.kind}_name"
        if kind in knowledge.signs:
            words |= {_joined(word): Word(kind, name, is_short=True) for word in site.short}
            words |= {_joined(word): Word(kind, name) for word in site.brand}
            likes |= {_skeleton(word): name for word in map(fold, site.brand) if _may_be_misspelt(word)}
        owners |= dict.fromkeys(site.owned, (name, False))
    for name, site in knowledge.official_sites.items():  # last: what was checked wins over what is only said
        owners |= dict.fromkeys(site.domains, (name, True))
    labels = {_skeleton(label): (label, name) for owned, (name, _) in owners.items() if (label := _label(owned))}
    for label, name in labels.values():
        site = knowledge.official_sites[name]
        if _joined(label).startswith(
            tuple(brand for brand in map(_joined, (*site.brand, *site.short)) if len(brand) > _TINY)
        ):
            words.setdefault(_joined(label), Word(f"{site.kind}_name", name))  # "fptsoftware": FPT, no software firm
    words.pop("", None)
    address_of_host(GOV)  # reads the public suffix list now: the first citizen shall not wait for it
    return LinkLexicon(
        signs=knowledge.signs,
        sites=knowledge.official_sites,
        words=words,
        looks={_skeleton(word): meant for word, meant in words.items() if len(word) >= _LOOK_LENGTH and not meant.site},
        glued=frozenset(_joined(word) for sign in knowledge.signs.values() for word in sign.glued),
        longest=max(map(len, words), default=0),
        owners=owners,
        lists={name: frozenset(sign.words) for name, sign in knowledge.links.shapes},
        likes=tuple(likes.items()),
        labels=labels,
        bad_sites=Blocklist.of(entry for line in knowledge.bad_sites if (entry := entry_of(line))),
        suspicious=knowledge.links.verdicts.suspicious,
        dangerous=knowledge.links.verdicts.dangerous,
    )


def judge_link(address: Address, lexicon: LinkLexicon, blocklist: Blocklist = NO_BLOCKS) -> Judgement:
    """Official, unknown, suspicious or dangerous, and why. Never raises and asks nobody."""
    owner, is_official = _owner(address, lexicon)
    marks = _Marks(lexicon)
    listed = (lexicon.bad_sites | blocklist).find(address)
    if listed and not (owner and listed in (address.ascii_host, address.domain)):
        marks.add("blocked", listed)
    _mark_shape(address, marks, is_owned=bool(owner))
    if not owner and not _is_shortener(address, lexicon):  # a shortener's own name says nothing
        _mark_name(address, marks)
    elif not is_official and (page := _PAGE.match(address.path)):
        marks.add("free_hosting", address.host)
        _mark_words(read_name(_fold_name(page[1]), lexicon), marks)
    if is_official and not marks.reasons:
        return _official(address, owner, lexicon)
    verdict = Verdict.UNKNOWN
    if marks.score >= lexicon.suspicious and marks.more_than_hints and (not is_official or listed):
        verdict = Verdict.DANGEROUS if marks.score >= lexicon.dangerous else Verdict.SUSPICIOUS
    return Judgement(verdict, round(marks.score, 2), marks.told(), marks.guides())


def _official(address: Address, owner: str, lexicon: LinkLexicon) -> Judgement:
    sign = "official" if owner in lexicon.sites else "official_gov"
    name = lexicon.sites[owner].name if owner in lexicon.sites else address.domain
    return Judgement(Verdict.OFFICIAL, reasons=(Reason(sign, address.host, _told(lexicon.signs[sign], name)),))


def _told(sign: Sign, name: str) -> str:
    """Not str.format: a brace that an admin mistyped shall be read, not raise."""
    return sign.why.replace("{name}", name)


# Where a page that anybody may make is named: sites.google.com/view/kiem-tien-online.
_PAGE = re.compile(r"/view/([^/?#]+)")


# --- whose it is


def is_known(address: Address, lexicon: LinkLexicon) -> bool:
    """Whether official_sites.yaml or the state vouches for the address: then it is never blocked whole."""
    return bool(_owner(address, lexicon)[0])


def _owner(address: Address, lexicon: LinkLexicon) -> tuple[str, bool]:
    """(site or "gov.vn", whether it may be called official); ("", False) when nobody known owns it."""
    if address.is_ip:
        return "", False
    host = address.ascii_host
    if address.suffix == GOV or host == GOV:
        return GOV, True
    labels = host.split(".")
    for at in range(len(labels) - 1):
        above = ".".join(labels[at:])
        if found := lexicon.owners.get(above):
            site, is_official = found
            is_mailbox = address.is_email and lexicon.sites[site].kind == "social"
            by_anyone = is_mailbox or address.has_userinfo or _is_user_content(address, lexicon)
            return site, is_official and not by_anyone
    return "", False


def _is_user_content(address: Address, lexicon: LinkLexicon) -> bool:
    """Somebody's own page at a place where anybody may make one."""
    host = re.sub(r"^(?:www|m|web|vi-vn)\.", "", address.ascii_host)
    path = address.path.strip("/")
    if lexicon.owners.get(f"{host}/{path}"):
        return False  # facebook.com/hacked is Facebook's own
    for place in lexicon.lists["user_content"]:
        place_host, slash, place_path = place.partition("/")
        if host == place_host and (not slash or (path and path.startswith(place_path))):
            return True
    return False


# --- signs


class _Marks:
    """Signs as they are found; a sign met again weighs less."""

    def __init__(self, lexicon: LinkLexicon) -> None:
        self.lexicon = lexicon
        self.reasons: list[tuple[float, Reason]] = []
        self._met: dict[str, list[str]] = {}

    def add(self, name: str, found: str, site: str = "", share: float = 1.0) -> None:
        met = self._met.setdefault(name, [])
        if found in met or len(met) > REPEAT_LIMIT:
            return
        sign = self.lexicon.signs[name]
        weight = sign.weight * share * (REPEAT_SHARE if met else 1.0)
        if sign.weight < 0 and met:
            return  # a second harmless word says nothing new
        met.append(found)
        named = self.lexicon.sites[site].name if site else found
        self.reasons.append((weight, Reason(name, found, _told(sign, named))))

    @property
    def score(self) -> float:
        return sum(weight for weight, _ in self.reasons)

    @property
    def more_than_hints(self) -> bool:
        return any(weight > 0 and not self.lexicon.signs[reason.sign].is_hint for weight, reason in self.reasons)

    def told(self) -> tuple[Reason, ...]:
        """Heaviest first; what speaks for the address is not told: it proves nothing."""
        heaviest = sorted((each for each in self.reasons if each[0] > 0), key=lambda each: -each[0])
        return tuple(reason for _, reason in heaviest)

    def guides(self) -> tuple[str, ...]:
        guides = (self.lexicon.signs[reason.sign].guide for reason in self.told())
        return tuple(dict.fromkeys(guide for guide in guides if guide))


def _mark_shape(address: Address, marks: _Marks, is_owned: bool) -> None:
    lexicon = marks.lexicon
    lists = lexicon.lists
    if address.is_ip:
        marks.add("ip_host", address.host)
    if address.has_userinfo:
        marks.add("user_info", address.found)
    if address.port not in USUAL_PORTS:
        marks.add("odd_port", str(address.port))
    file = re.search(r"[\w-]*(\.[a-z0-9]+)(?=$|[?#&])", address.path.lower())
    if file and file[1] in lists["app_file"]:
        marks.add("app_file", file[0])
    host = address.ascii_host.removeprefix("www.")
    if _is_shortener(address, lexicon):
        marks.add(SHORTENER, host)
    if _is_user_content(address, lexicon):
        marks.add("user_content", host)
    if not is_owned and (first := address.path.strip("/").split("/", 1)[0].lower().removeprefix("www.")):
        site, _ = lexicon.owners.get(first, ("", False))
        if site and "." in first:
            marks.add("name_in_path", first, site)


def _is_shortener(address: Address, lexicon: LinkLexicon) -> bool:
    return address.ascii_host.removeprefix("www.") in lexicon.lists[SHORTENER]


def _mark_name(address: Address, marks: _Marks) -> None:
    lexicon = marks.lexicon
    lists = lexicon.lists
    if address.is_ip or address.suffix in lists["granted_ending"]:
        return
    name = _name(address, lexicon, marks)
    if address.suffix in lists["cheap_ending"]:
        marks.add("cheap_ending", "." + address.suffix)
    elif address.suffix in lists["foreign_ending"]:
        marks.add("foreign_ending", "." + address.suffix)
    elif address.suffix in lists["usual_ending"]:
        marks.add("usual_ending", "." + address.suffix)
    _mark_letters(address, marks)
    folded = _fold_name(name)
    _mark_front(address, marks)
    if found := _GOV_LIKE.search(folded):
        marks.add("gov_imitation", found[0])
    if folded.count("-") >= MANY_HYPHENS:
        marks.add("many_hyphens", name)
    tokens = read_name(folded, lexicon)
    registered = name.rsplit(".", 1)[-1]
    own = _letters(_fold_name(registered))[0]
    above = len(_letters(folded)[0]) - len(own)
    borrowed = _mark_words(tokens, marks, above)
    if own == registered and _is_plain_name(own, address.suffix, lexicon):
        marks.add("plain_name", own)
    if _is_nameless_shop(tokens, lists["nameless_shop"]) and "." not in name:
        marks.add("nameless_shop", name)
    is_baited = marks.score >= _BAITED
    for window, site in (*_label_like(own, lexicon), *_look_alikes(tokens, lexicon, is_baited)):
        if site not in borrowed:
            weight = lexicon.signs[f"{lexicon.sites[site].kind}_name"].weight + _LIKE_MORE
            share = min(1.0, weight / lexicon.signs["look_alike"].weight)
            marks.add("look_alike", window, site, share)
            break


def _name(address: Address, lexicon: LinkLexicon, marks: _Marks) -> str:
    """What somebody chose: the host without "www" and without the suffix, a free hosting's name included in that."""
    labels = address.host.split(".")
    for hosting in lexicon.lists["free_hosting"]:
        if address.ascii_host.endswith("." + hosting):
            marks.add("free_hosting", hosting)
            labels = labels[: -hosting.count(".") - 1]
            break
    else:
        labels = address.name.split(".")
        if address.is_hosted:
            marks.add("free_hosting", address.suffix)
    while len(labels) > 1 and labels[0] in ("www", "m"):
        labels = labels[1:]
    return ".".join(labels)


def _fold_name(name: str) -> str:
    """Without diacritics, and with letters of other scripts as those that they look like."""
    return fold(name.translate(_SAME_LOOK))


def _mark_letters(address: Address, marks: _Marks) -> None:
    if address.host.isascii():
        return
    for label in address.host.split("."):
        if not label.isascii() and label.translate(_SAME_LOOK) != label:
            marks.add("mixed_letters", label)
        elif not label.isascii():
            marks.add("accented_name", label)


def _mark_front(address: Address, marks: _Marks) -> None:
    """An official name before the real owner: acb.com.vn.evil.top, acb.vn-a.xyz."""
    host = address.ascii_host
    own_at = len(host) - len(address.domain)
    label_end = own_at + len(address.domain.split(".", 1)[0])
    if own_at == 0:
        return
    starts = [0, *(at + 1 for at, char in enumerate(host[:own_at]) if char == ".")]
    ends = [at for at, char in enumerate(host[:label_end]) if (char == "." and at < own_at) or char == "-"]
    for start in starts[:_FRONT_LIMIT]:
        for end in ends[:_FRONT_LIMIT]:
            if start < end and (found := marks.lexicon.owners.get(host[start:end])):
                marks.add("name_in_front", host[start:end], found[0])
                return
    if found_ending := _FAKE_ENDING.match(host[own_at:]):
        marks.add("fake_ending", found_ending[0])


def _mark_words(tokens: Sequence[Token], marks: _Marks, above: int = 0) -> set[str]:
    """Adds what the words say; returns the sites whose names are in them.

    `above`: how many letters stand before the name that somebody registered.
    """
    borrowed = set()
    end = 0
    for at, token in enumerate(tokens):
        end += len(token.text)
        if token.word is None:
            if token.is_digits and len(token.text) >= DIGITS:
                marks.add("long_number" if len(token.text) >= LONG_NUMBER else "digits", token.text)
            continue
        share = 1.0 if not token.word.is_short else TINY_SHARE if len(token.text) <= _TINY else SHORT_SHARE
        if not _stands_apart(tokens, at, marks.lexicon):
            if not _is_name_with_a_letter(tokens, at):
                continue
            share = TINY_SHARE
        if token.word.sign == "company_tag" and not _is_beside_name(tokens, at):
            continue
        if end <= above and not token.word.site:
            share = ABOVE_SHARE
        if token.is_disguised and marks.lexicon.signs[token.word.sign].weight > 0:
            marks.add("disguised", token.text)
        marks.add(token.word.sign, token.text, token.word.site, share)
        if token.word.site:
            borrowed.add(token.word.site)
    return borrowed


_NOT_ABROAD = ("agency_name", "lender_name", "game_name", "power_name")


def _is_plain_name(name: str, suffix: str, lexicon: LinkLexicon) -> bool:
    """ "google.com.eg", "hsbc.co.uk": firms keep their names in many countries; offices, lenders, games do not."""
    word = lexicon.words.get(name)
    return bool(word and word.site and suffix in lexicon.lists["plain_name"] and word.sign not in _NOT_ABROAD)


def _is_nameless_shop(tokens: Sequence[Token], shops: frozenset[str]) -> bool:
    """ "shophoangkim", "storehaiyen", "shoprbx": a shop with a name or a number, and no word of what it sells."""
    if len(tokens) < 2 or tokens[0].text not in {_joined(word) for word in shops}:
        return False
    return not any(token.word and token.word.sign == "harmless" for token in tokens[1:])


def _is_beside_name(tokens: Sequence[Token], at: int) -> bool:
    return any(0 <= near < len(tokens) and (word := tokens[near].word) and word.site for near in (at - 1, at + 1))


# --- reading a name


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
_TINY = 2  # letters: a word so short counts only between edges or digits
_SMALL = 3  # letters: must touch an edge or another known word


def read_name(folded: str, lexicon: LinkLexicon) -> tuple[Token, ...]:
    """The cheapest reading of a folded name, in time proportional to its length."""
    letters, edges = _letters(folded)
    size = len(letters)
    cost = [0.0] + [float("inf")] * size
    back: list[tuple[int, Word | None, str]] = [(0, None, "")] * (size + 1)
    inner = [0] * (size + 1)  # edges at or before a place
    for at in range(1, size + 1):
        inner[at] = inner[at - 1] + (at in edges)
    for start in range(size):
        base = cost[start]
        for end, price, word, kind in _pieces(letters, start, edges, inner, lexicon):
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


def _letters(folded: str) -> tuple[str, frozenset[int]]:
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
    letters: str, start: int, edges: frozenset[int], inner: Sequence[int], lexicon: LinkLexicon
) -> Iterator[tuple[int, float, Word | None, str]]:
    """Every piece that may begin here: (end, cost, word, kind)."""
    size = len(letters)
    for end in range(start + 1, min(size, start + lexicon.longest) + 1):
        word = lexicon.words.get(letters[start:end])
        if word is None:
            continue
        length = end - start
        bridges = inner[end - 1] - inner[start]
        if bridges and length < _BRIDGE_LENGTH:
            continue
        if length <= _TINY:
            at_edges = _is_edge(letters, start, edges) + _is_edge(letters, end, edges)
            if at_edges < (1 if word.sign in ("country_tag", "company_tag") else 2):
                continue
        yield end, _WORD_COST - _WORD_GAIN * length + _BRIDGE_COST * bridges, word, "word"
    if _DISGUISE.search(letters):
        yield from _disguised(letters, start, inner, lexicon)
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
    letters: str, start: int, inner: Sequence[int], lexicon: LinkLexicon
) -> Iterator[tuple[int, float, Word | None, str]]:
    """Known words that begin here and have digits for letters in them."""
    found = _DISGUISE.search(letters, start, start + lexicon.longest)
    if not found:
        return
    for end in range(max(found.end(), start + _LOOK_LENGTH), min(len(letters), start + lexicon.longest) + 1):
        if inner[end - 1] != inner[start]:
            return
        if letters[end - 1].isalpha() and (word := lexicon.looks.get(_skeleton(letters[start:end]))):
            yield end, _WORD_COST - _WORD_GAIN * (end - start) + _DISGUISE_COST, word, "disguised"


def _is_edge(letters: str, at: int, edges: frozenset[int]) -> bool:
    return at in edges or letters[at - 1].isdigit() or letters[at].isdigit()


def _stands_apart(tokens: Sequence[Token], at: int, lexicon: LinkLexicon) -> bool:
    """Whether a small word is a word here, and not a part of a longer one that we do not know.

    "vibe" is no "vib", and "sctv" no "ctv"; but nobody can read on in "vcbl…", so that is a "vcb".
    """
    token = tokens[at]
    is_harmless = token.word is not None and token.word.sign == "harmless"
    if len(token.text) > _SMALL + is_harmless:
        return True
    if token.ends and token.text in lexicon.glued:
        return True
    before = None if token.starts else tokens[at - 1]
    after = None if token.ends else tokens[at + 1]
    is_readable = any(char in "aeiouy" for char in token.text)
    if (before and before.is_loose) or (is_readable and after and after.is_loose):
        return False
    return not before or not after or any(each.word or each.is_digits for each in (before, after))


def _is_name_with_a_letter(tokens: Sequence[Token], at: int) -> bool:
    """ "onlineacbc", "247vcba": a short name between a known word or digits and one letter that ends the name."""
    token = tokens[at]
    if not token.word or not token.word.site or len(token.text) < _SMALL or at == 0 or at + 2 != len(tokens):
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


# --- names that look like others

LIKE_LENGTH = 6  # letters of a name that a misspelling is looked for: shorter ones are near too many words
_BAITED = 0.8  # what the other signs weigh together where there is a bait
_ONE_CHANGE, _TWO_CHANGES = 6, 10  # letters from which one wrong letter, and two, are a misspelling
_ONE_CHANGE_BAITED = 5  # the same beside a bait, and there the first letter may be the wrong one: "fhopee00412"
_STEM_ONE_CHANGE, _STEM_TWO_CHANGES = 5, 7  # the same for what stands before "bank", which all banks share
_BANK_LENGTH = 7  # letters of a skeleton, with "bank"
_SHARED_STARTS = ("vletnam", "vlet", "dlenmay")  # as skeletons have them
_WINDOW_LENGTHS = range(5, 20)
_WINDOW_TOKENS = 9  # "smrtbiddv" is eight
_WINDOW_LIMIT = 80  # pieces of a name that are compared: a plain name has about 15
_LIKE_MORE = 0.5  # to imitate a name is worse by so much than to use it; never more than the sign's own weight
_FRONT_LIMIT = 12  # edges in a host that are looked at

_FAKE_ENDING = re.compile(r"(?:vn|com|net|org|gov|edu|comvn|govvn)(?:-[a-z0-9-]+|\d+)?\.")
# "gov" with a vowel behind it is "gò v…": Gò Vấp, Go-Viet; "gover…" is government, governance.
_GOV_LIKE = re.compile(
    r"(?:(?:^|[.-]|vn|viet|vietnam)govt?(?![aeiouyr])|gov-?vn|[a-z]*gov(?:\.|-|$)|govt(?:\.|-|$)|gocvn|vietgov|govv?n)[a-z]{0,8}"
)
_SAME_LOOK: Final = str.maketrans("аеорсухіјѕԁһӏвкмнтαοιρνυκτ", "aeopcyxijsdhlbkmhtaoipvukt")
_DIGIT_LOOK: Final = str.maketrans("013457", "oleast")


def _joined(words: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(words))


@lru_cache(maxsize=8192)
def _skeleton(letters: str) -> str:
    """One form for what the eye takes for the same: rn and m, vv and w, 0 and o, 1, i and l; doubled letters once."""
    shown = letters.translate(_DIGIT_LOOK).replace("rn", "m").replace("vv", "w").replace("i", "l").replace("j", "l")
    return re.sub(r"(.)\1+", r"\1", shown)


def _may_be_misspelt(brand: str) -> bool:
    """One long word of its own; a phrase ("giao hàng …") is one letter away from many honest phrases.

    Nor "abbank": the end of every "…abank" looks like it.
    """
    if brand.endswith("bank") and len(_skeleton(brand)) < _BANK_LENGTH:
        return False
    return brand.isalnum() and len(brand) >= LIKE_LENGTH


def _label(owned: str) -> str:
    """The registered name of an owner's address, where it is long enough to be known again when misspelt."""
    found = address_of_host(owned) if "/" not in owned else None
    label = found.domain.split(".", 1)[0] if found else ""
    return label if len(label) >= LIKE_LENGTH else ""


def _label_like(label: str, lexicon: LinkLexicon) -> Iterator[tuple[str, str]]:
    """A whole name that the eye takes for another's, by a doubled letter, l for i, 0 for o; the same name is none."""
    known, site = lexicon.labels.get(_skeleton(label), ("", ""))
    if known and known != label:
        yield label, site


def _look_alikes(tokens: Sequence[Token], lexicon: LinkLexicon, is_baited: bool) -> Iterator[tuple[str, str]]:
    """(piece, site) where a piece of the name is nearly a name worth borrowing."""
    windows = _windows(tokens)
    if not windows or not lexicon.likes:
        return
    shown = [_skeleton(window) for window, _ in windows]
    for window, is_strange in tuple(windows):
        if "rn" in window or "vv" in window:  # also as typed: in "garerna" they are no m
            windows.append((window, is_strange))
            shown.append(_skeleton(window.replace("rn", "r-n").replace("vv", "v-v")).replace("-", ""))
    names = [name for name, _ in lexicon.likes]
    distances = process.cdist(shown, names, scorer=OSA.distance, score_cutoff=2, dtype=np.uint8)
    for at, like in zip(*np.nonzero(distances <= 2), strict=True):
        window, name, changes = shown[at], names[like], int(distances[at, like])
        typed, is_strange = windows[at]
        if _is_misspelling(window, name, changes, is_baited and is_strange):
            yield typed, lexicon.likes[like][1]


def _is_misspelling(window: str, name: str, changes: int, is_baited: bool) -> bool:
    """Whether so few changes tell anything: not where the letters that differ stand beside a word that many share."""
    if changes == 0:
        return True
    one_change = _ONE_CHANGE_BAITED if is_baited else _ONE_CHANGE
    if window[0] != name[0]:
        is_one_wrong = is_baited and len(window) == len(name)  # "arena" is no "garena"
        if changes > 1 or (len(name) < _TWO_CHANGES and not is_one_wrong):
            return False
    length = len(name)
    if not name.endswith("bank"):
        length -= next((len(shared) for shared in _SHARED_STARTS if name.startswith(shared)), 0)
    if window.endswith("bank") and name.endswith("bank"):
        length -= len("bank")
        return length >= (_STEM_ONE_CHANGE if changes == 1 else _STEM_TWO_CHANGES)
    if changes == 1:
        return length >= one_change + (len(window) < len(name))
    return length >= _TWO_CHANGES and len(window) >= len(name) - 1


def _windows(tokens: Sequence[Token]) -> list[tuple[str, bool]]:
    """Runs of neighbouring tokens that could be one misspelt name, and whether they are strange: "fhopee".

    Strange is what nobody can read on: "market" is no "target". Single known words are what they are.
    """
    found: dict[str, bool] = {}
    for start in range(len(tokens)):
        text, is_loose, is_known = "", False, False
        for end in range(start, min(len(tokens), start + _WINDOW_TOKENS)):
            text += tokens[end].text
            is_loose |= tokens[end].is_loose
            is_known |= tokens[end].word is not None and len(tokens[end].text) > _SMALL
            if len(text) not in _WINDOW_LENGTHS:
                if len(text) >= _WINDOW_LENGTHS.stop:
                    break
                continue
            if end > start or tokens[end].word is None:
                found.setdefault(text, is_loose and not is_known)
        if len(found) >= _WINDOW_LIMIT:
            break
    return list(found.items())
