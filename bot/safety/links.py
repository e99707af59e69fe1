"""The judgement of one web address. PURE.

A name is read as Vietnamese people read it: split into known words, names worth borrowing, syllables and digits.
Each sign that shows adds its weight (knowledge/link_signs.yaml); the sum decides. What is really somebody's own
(knowledge/official_sites.yaml) is never accused, and nothing is called official for what its name looks like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.content.model import OfficialSite, SafetyKnowledge, Sign
from bot.language.normalize import fold
from bot.safety.addresses import Address, address_of_host, is_shared_ending
from bot.safety.blocklist import NO_BLOCKS, Blocklist, entry_of
from bot.safety.letters import SAME_LOOK, fold_name, joined, skeleton
from bot.safety.look_alikes import Imitable, label_like, label_of, look_alikes, may_be_doubled, may_be_misspelt
from bot.safety.model import Judgement, Reason, Verdict
from bot.safety.names import TINY, Token, Vocabulary, Word, is_name_with_a_letter, letters_of, read_name, stands_apart

REPEAT_SHARE = 0.5  # of a sign's weight, for each further word of the same sign
REPEAT_LIMIT = 2  # further words that count
SHORT_SHARE = 0.75  # of a name's weight, when only its short form is met: "acb", "momo" are other people's too
TINY_SHARE = 0.4  # the same for two letters: "mb", "ff"
ABOVE_SHARE = 0.6  # of a bait word before the registered name: anybody has a login.… and a shop.…
USUAL_PORTS = (None, 80, 443)
MANY_HYPHENS = 2
DIGITS = 2  # digits in a row that are worth a word: 68, 247, 999
LONG_NUMBER = 4  # digits from which a number is a year, a serial or a telephone number
BAITED = 0.8  # what the other signs weigh together where there is a bait
LIKE_MORE = 0.5  # to imitate a name is worse by so much than to use it; never more than the sign's own weight
FRONT_LIMIT = 12  # edges in a host that are looked at
GOV = "gov.vn"
SHORTENER = "shortener"  # the sign of an address that hides another


@dataclass(frozen=True)
class LinkLexicon:
    """knowledge/ in the form that judging needs; made once by `compile_links`."""

    signs: Mapping[str, Sign]
    sites: Mapping[str, OfficialSite]
    vocabulary: Vocabulary
    imitable: Imitable
    owners: Mapping[str, tuple[str, bool]]  # address -> (site, whether it is called official)
    lists: Mapping[str, frozenset[str]]  # shape -> its words as written
    bad_sites: Blocklist
    suspicious: float
    dangerous: float


def compile_links(knowledge: SafetyKnowledge) -> LinkLexicon:
    """Takes some milliseconds: once for each edit, not for each address."""
    words: dict[str, Word] = {}
    for name in ("country_tag", "company_tag", "harmless", "remote_tool"):
        words |= {joined(word): Word(name) for word in knowledge.signs[name].words}
    for name, sign in knowledge.links.names.items():
        words |= {joined(word): Word(name) for word in sign.words}
    owners: dict[str, tuple[str, bool]] = {}
    brands: dict[str, str] = {}
    for name, site in knowledge.official_sites.items():
        kind = f"{site.kind}_name"
        if kind in knowledge.signs:
            words |= {joined(word): Word(kind, name, is_short=True) for word in site.short}
            words |= {joined(word): Word(kind, name) for word in site.brand}
            brands |= {skeleton(word): name for word in map(fold, site.brand) if may_be_misspelt(word)}
            if kind in _OFTEN_DOUBLED:
                words_of = map(fold, (*site.brand, *site.short))
                brands |= {skeleton(word): name for word in words_of if may_be_doubled(word)}
        owners |= dict.fromkeys(map(_whole, site.owned), (name, False))
    for name, site in knowledge.official_sites.items():  # last: what was checked wins over what is only said
        whole = map(_whole, site.domains)
        owners |= dict.fromkeys((domain for domain in whole if not is_shared_ending(domain)), (name, True))
    labels = {skeleton(label): (label, name) for owned, (name, _) in owners.items() if (label := label_of(owned))}
    for label, name in labels.values():
        site = knowledge.official_sites[name]
        if joined(label).startswith(
            tuple(brand for brand in map(joined, (*site.brand, *site.short)) if len(brand) > TINY)
        ):
            words.setdefault(joined(label), Word(f"{site.kind}_name", name))  # "fptsoftware": FPT, no software firm
    words.pop("", None)
    address_of_host(GOV)  # reads the public suffix list now: the first citizen shall not wait for it
    return LinkLexicon(
        signs=knowledge.signs,
        sites=knowledge.official_sites,
        vocabulary=Vocabulary.of(words, (joined(word) for sign in knowledge.signs.values() for word in sign.glued)),
        imitable=Imitable(brands, labels),
        owners=owners,
        lists={name: frozenset(sign.words) for name, sign in knowledge.links.shapes},
        bad_sites=Blocklist.of(entry for line in knowledge.bad_sites if (entry := entry_of(line))),
        suspicious=knowledge.links.verdicts.suspicious,
        dangerous=knowledge.links.verdicts.dangerous,
    )


def _whole(written: str) -> str:
    """An address of official_sites.yaml as hosts are compared with it."""
    return written.removeprefix("www.").rstrip("/")


def judge_link(address: Address, lexicon: LinkLexicon, blocklist: Blocklist = NO_BLOCKS) -> Judgement:
    """Official, unknown, suspicious or dangerous, and why. Never raises and asks nobody."""
    owner, is_official = _owner(address, lexicon)
    sends_on = bool(_SENDS_ON.search(address.path))
    is_official &= not sends_on
    marks = _Marks(lexicon)
    listed = (lexicon.bad_sites | blocklist).find(address)
    if listed and not (owner and listed in (address.ascii_host, address.domain)):
        marks.add("blocked", listed)
    _mark_shape(address, marks, has_owner=bool(owner))
    if not owner and not _is_shortener(address, lexicon):  # a shortener's own name says nothing
        _mark_name(address, marks)
    elif not is_official and (page := _PAGE.match(address.path)):
        marks.add("free_hosting", address.host)
        _mark_words(read_name(fold_name(page[1]), lexicon.vocabulary), marks)
    if is_official and not marks.reasons:
        return _official(address, owner, lexicon)
    verdict = Verdict.UNKNOWN
    if marks.score >= lexicon.suspicious and marks.more_than_hints and (not is_official or listed):
        verdict = Verdict.DANGEROUS if marks.score >= lexicon.dangerous else Verdict.SUSPICIOUS
    is_page = owner in lexicon.sites and lexicon.sites[owner].kind == "social" and address.path.strip("/")
    is_owned = bool(owner) and not marks.reasons and not sends_on and not is_page
    return Judgement(verdict, round(marks.score, 2), marks.told(), marks.guides(), is_owned=is_owned)


def _official(address: Address, owner: str, lexicon: LinkLexicon) -> Judgement:
    sign = "official" if owner in lexicon.sites else "official_gov"
    name = lexicon.sites[owner].name if owner in lexicon.sites else address.domain
    reason = Reason(sign, address.host, _told(lexicon.signs[sign], name))
    return Judgement(Verdict.OFFICIAL, reasons=(reason,), is_owned=True)


def _told(sign: Sign, name: str) -> str:
    """Not str.format: a brace that an admin mistyped shall be read, not raise."""
    return sign.why.replace("{name}", name)


_FAKE_ENDING = re.compile(r"(?:vn|com|net|org|gov|edu|comvn|govvn)(?:-[a-z0-9-]+|\d+)?\.")
# "gov" with a vowel behind it is "gò v…": Gò Vấp, Go-Viet; "gover…" is government, governance.
_GOV_LIKE = re.compile(
    r"(?:(?:^|[.-]|vn|viet|vietnam)govt?(?![aeiouyr])|gov-?vn|[a-z]*gov(?:\.|-|$)|govt(?:\.|-|$)|gocvn|vietgov|govv?n"
    r"|(?:^|[.-])(?:g0v|gcv|qov|gou)(?=[.-]|$))[a-z]{0,8}"
)
# A site that sends on to wherever its address says: "/r?url=//evil.top", written plainly or percent-encoded once more.
_SENDS_ON = re.compile(
    r"[=?#&](?:[a-z]{0,6}:)?(?:[/\\]|%2f|%5c){1,2}[^/\\%=&]*\.[a-z]|[=?#&]https?(?::|%3a)", re.IGNORECASE
)
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
    is_gov = address.suffix == GOV or host == GOV
    labels = host.split(".")
    for at in range(len(labels) - 1):
        above = ".".join(labels[at:])
        if found := lexicon.owners.get(above):
            site, is_official = found
            is_mailbox = address.is_email and lexicon.sites[site].kind == "social"
            by_anyone = is_mailbox or address.has_userinfo or _is_user_content(address, lexicon)
            if is_official or not is_gov:
                return site, is_official and not by_anyone
    return (GOV, True) if is_gov else ("", False)


def _is_user_content(address: Address, lexicon: LinkLexicon) -> bool:
    """Somebody's own page at a place where anybody may make one."""
    host = address.ascii_host.removeprefix("www.")
    path = address.path.strip("/")
    for place in lexicon.lists["user_content"]:
        place_host, slash, place_path = place.partition("/")
        if host != place_host and not host.endswith("." + place_host):
            continue  # "mbasic.facebook.com/ai.do" is anybody's, too
        if not slash or (path and path.startswith(place_path)):
            return f"{place_host}/{path}" not in lexicon.owners  # facebook.com/hacked is Facebook's own
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


def _mark_shape(address: Address, marks: _Marks, has_owner: bool) -> None:
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
    if not has_owner and (first := address.path.strip("/").split("/", 1)[0].lower().removeprefix("www.")):
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
    folded = fold_name(name)
    _mark_front(address, marks)
    if found := _GOV_LIKE.search(folded):
        marks.add("gov_imitation", found[0])
    if folded.count("-") >= MANY_HYPHENS:
        marks.add("many_hyphens", name)
    for piece in lists["bank_login"].intersection(re.split(r"[.-]", folded)):
        marks.add("bank_login", piece)
    tokens = read_name(folded, lexicon.vocabulary)
    registered = name.rsplit(".", 1)[-1]
    own = letters_of(fold_name(registered))[0]
    above = len(letters_of(folded)[0]) - len(own)
    borrowed = _mark_words(tokens, marks, above)
    if own == registered and _is_plain_name(own, address.suffix, lexicon):
        marks.add("plain_name", own)
    if _is_nameless_shop(tokens, lists["nameless_shop"]) and "." not in name:
        marks.add("nameless_shop", name)
    is_baited = marks.score >= BAITED
    for window, site in (*label_like(own, lexicon.imitable), *look_alikes(tokens, lexicon.imitable, is_baited)):
        if site not in borrowed:
            weight = lexicon.signs[f"{lexicon.sites[site].kind}_name"].weight + LIKE_MORE
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


def _mark_letters(address: Address, marks: _Marks) -> None:
    if address.host.isascii():
        return
    for label in address.host.split("."):
        if not label.isascii() and label.translate(SAME_LOOK) != label:
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
    for start in starts[:FRONT_LIMIT]:
        for end in ends[:FRONT_LIMIT]:
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
        share = 1.0 if not token.word.is_short else TINY_SHARE if len(token.text) <= TINY else SHORT_SHARE
        if not stands_apart(tokens, at, marks.lexicon.vocabulary):
            if not is_name_with_a_letter(tokens, at):
                continue
            share = TINY_SHARE
        if token.word.sign == "company_tag" and not _is_beside_name(tokens, at):
            continue
        if end <= above and not token.word.site:
            if marks.lexicon.signs[token.word.sign].weight < 0:
                continue  # "cafe." before a registered name costs nothing
            share = ABOVE_SHARE
        if token.is_disguised and marks.lexicon.signs[token.word.sign].weight > 0:
            marks.add("disguised", token.text)
        marks.add(token.word.sign, token.text, token.word.site, share)
        if token.word.site:
            borrowed.add(token.word.site)
    return borrowed


_OFTEN_DOUBLED = ("bank_name", "wallet_name", "shop_name")
_NOT_ABROAD = ("agency_name", "lender_name", "game_name", "power_name")


def _is_plain_name(name: str, suffix: str, lexicon: LinkLexicon) -> bool:
    """ "google.com.eg", "hsbc.co.uk": firms keep their names in many countries; offices, lenders, games do not."""
    word = lexicon.vocabulary.words.get(name)
    if not word or not word.site or word.sign in _NOT_ABROAD or name.endswith("vn"):
        return False
    return suffix in lexicon.lists["plain_name"]


def _is_nameless_shop(tokens: Sequence[Token], shops: frozenset[str]) -> bool:
    """ "shophoangkim", "storehaiyen", "shoprbx": a shop with a name or a number, and no word of what it sells."""
    if len(tokens) < 2 or tokens[0].text not in {joined(word) for word in shops}:
        return False
    return not any(token.word and token.word.sign == "harmless" for token in tokens[1:])


def _is_beside_name(tokens: Sequence[Token], at: int) -> bool:
    return any(0 <= near < len(tokens) and (word := tokens[near].word) and word.site for near in (at - 1, at + 1))
