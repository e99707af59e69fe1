"""Web addresses in a text as people paste them, taken apart. PURE.

The text is first brought to plain letters (no invisible characters, fullwidth and spaced-out letters as usual ones).
Then one pass finds runs that look like a host; a run is an address when its end is a real public suffix. Where a
sentence and an address look alike ("xong.Em chào"), the sentence wins, unless the run stands alone or has a scheme.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from publicsuffixlist import PublicSuffixList

TEXT_LIMIT = 110_000  # characters that are read: a paste of 100 kB is, and a chat delivers far less
HOST_LIMIT = 253  # characters (RFC 1035, 2.3.4)
LABEL_LIMIT = 63  # characters (RFC 1035, 2.3.4)
ADDRESS_LIMIT = 200  # addresses of one text: a message has one or two, the rest is a way to keep us busy
RUN_LIMIT = 2_000  # different runs of one text that are looked at, for the same reason
LOOK_BACK = 200  # characters before an "@" that are read to tell an e-mail from https://user@host
PEEL_LIMIT = 3  # labels taken from the end in search of a suffix: "vietcombank.com.Em chào"


@dataclass(frozen=True)
class Address:
    """One address. `found` is what the text says, in plain letters; nothing in here was looked up anywhere."""

    found: str
    host: str  # Unicode, lower case
    ascii_host: str  # the same as the network knows it: punycode where needed, an IP in dotted form
    domain: str = ""  # registrable domain in ASCII; "" for an IP, the host itself for a bare suffix such as weebly.com
    suffix: str = ""  # public suffix in ASCII, private ones such as web.app included
    is_hosted: bool = False  # the suffix is a firm's: anybody gets a name below it
    path: str = ""  # with query and fragment, percent-decoded once
    port: int | None = None
    has_scheme: bool = False
    has_userinfo: bool = False  # https://vietcombank.com.vn@evil.example: what stands before "@" says nothing
    is_email: bool = False
    is_ip: bool = False
    is_nested: bool = False  # stands in the path of another address, which sends on to it

    @property
    def subdomains(self) -> tuple[str, ...]:
        """Labels left of the registrable domain, in Unicode."""
        above = len(self.domain.split("."))
        return () if self.is_ip else tuple(self.host.split(".")[:-above])

    @property
    def name(self) -> str:
        """The host without its public suffix, in Unicode: what somebody chose."""
        if self.is_ip:
            return ""
        labels = self.host.split(".")
        return ".".join(labels[: max(len(labels) - len(self.suffix.split(".")), 0)]) or labels[0]


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


@lru_cache(maxsize=1)
def _registry_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)


# --- plain letters

_INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u3164\ufeff\uffa0"
_PLAIN = {
    **dict.fromkeys(map(ord, _INVISIBLE)),
    **dict.fromkeys(range(0x200B, 0x2010)),
    **dict.fromkeys(range(0x202A, 0x202F)),
    **dict.fromkeys(range(0x2060, 0x2070)),
    **dict.fromkeys(range(0xFE00, 0xFE10)),
    **dict.fromkeys((0x3002, 0x2024, 0xFE52), "."),  # stops that browsers take for a dot, or that look like one
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2212), "-"),
    **dict.fromkeys((0x2044, 0x2215, 0x29F8), "-"),  # they look like a slash, but end no host: "acb.com.vn∕a.evil.top"
}
_IS_ODD = re.compile("[" + "".join(map(chr, _PLAIN)).replace("-", "") + "]")
_LONG_SIGNS = str.maketrans("", "", "\ufdfa\ufdfb")  # NFKC makes a sentence of each: a paste of them would take ages
_SPACED_OUT = re.compile(r"(?<![^\s])(?:[A-Za-z0-9.:/-][ \u00a0]){6,}[A-Za-z0-9/](?![^\s])")


def plain(text: str) -> str:
    """The text in one Unicode form, without invisible characters, and "h t t p s" joined."""
    text = text[:TEXT_LIMIT]
    if not text.isascii():
        if "\ufdfa" in text or "\ufdfb" in text:
            text = text.translate(_LONG_SIGNS)
        text = unicodedata.normalize("NFKC", text)[:TEXT_LIMIT]
        if _IS_ODD.search(text):
            text = text.translate(_PLAIN)
    return _SPACED_OUT.sub(lambda run: re.sub(r"\s", "", run[0]), text)


# --- runs that look like a host

# What people spell out or put spaces before: "vietcombank chấm com", "vietcombank . com . vn".
_SPELT = r"(?=(?:com|net|org|gov|edu|vn|xyz|icu|cc|top|vip|info|online|shop|site|club|asia)(?![^\W_]))"
_SPACED = r"(?=(?:com|net|org|gov|edu|vn|xyz|icu|cc)(?![^\W_]))"
_DOT = (
    rf"(?:\.|[ \t]{{1,2}}\.[ \t]{{0,2}}{_SPACED}|\.[ \t]{{1,2}}{_SPACED}"
    rf"|[ \t]{{1,2}}(?:chấm|cham|dot)[ \t]{{1,2}}{_SPELT}"
    rf"|[ \t]?[\[({{][ \t]?(?:\.|dot|chấm|cham)[ \t]?[\])}}][ \t]?)"
)
_LABEL = r"(?:[^\W_]|%[0-9a-f]{2})(?:[\w-]|%[0-9a-f]{2})*+"
_RUN = re.compile(
    r"(?:(?P<scheme>(?<![\w%-])(?:h[tx][tx]ps?|ftp)[ \t]?:[ \t]?[/\\][ \t]?[/\\]{0,3}[ \t]?)"
    rf"(?:(?P<six>\[[0-9a-f:.]{{2,45}}\])|(?P<meant>{_LABEL}(?:{_DOT}{_LABEL})*+))"
    rf"|(?<![\w%-])(?P<bare>{_LABEL}(?:{_DOT}{_LABEL})++))"
    r"\.?(?P<port>:[0-9]{1,5}(?![0-9]))?(?P<path>[/?#\\][^\s<>\"“”]*+)?",
    re.IGNORECASE,
)
_JOIN = re.compile(_DOT, re.IGNORECASE)
_INTEGER_HOST = re.compile(r"(?:0x[0-9a-f]{1,12}|[0-9]{6,12})(?:\.(?:0x[0-9a-f]{1,8}|[0-9]{1,10})){0,3}")
_IP_PARTS = re.compile(r"(?:0x[0-9a-f]{1,8}|[0-9]{1,10})(?:\.(?:0x[0-9a-f]{1,8}|[0-9]{1,10})){1,3}")
_USER = re.compile(
    r"(?P<scheme>(?:h[tx][tx]ps?|ftp):[/\\]{1,4})?[^\s/\\@<>]{1,64}@(?:[^\s/\\@<>]{1,64}@)*\Z", re.IGNORECASE
)
_NESTED = re.compile(r"(?:https?:|%3a)(?://|%2f%2f)", re.IGNORECASE)
_TRAILING = ".,;:!?)]}'\"…»”*_~|"


def find_addresses(text: str) -> tuple[Address, ...]:
    """Every address of the text in its order, each once. Never raises, and takes time in proportion to the text."""
    cleaned = plain(text)
    found: dict[Address, None] = {}
    for address in _addresses(cleaned):
        found.setdefault(address)
        if len(found) >= ADDRESS_LIMIT:
            break
    return tuple(found)


def parse_address(text: str) -> Address | None:
    """The first address of a text that is meant as one: a link that was tapped, a line of a list."""
    return next(iter(find_addresses(text)), None)


def address_of_host(host: str) -> Address | None:
    """The same for a bare host of a list, many times as fast; None when it is no name with a public suffix."""
    found, suffix, domain, is_hosted = _split_host(tuple(host.rstrip(".").split(".")))
    if not found or not suffix:
        return None
    shown = ".".join(map(_to_unicode, found.split(".")))
    return Address(host, shown, found, domain or found, suffix, is_hosted)


def is_shared_ending(host: str) -> bool:
    """Whether everybody may have a name below it: "com.vn", "web.app"."""
    found = address_of_host(host) if "/" not in host else None
    return found is not None and found.suffix == found.ascii_host


def _addresses(text: str) -> Iterator[Address]:
    alone = len(text.split(None, 1)) == 1
    seen: set[str] = set()
    for run in _RUN.finditer(text):
        around = text[run.start() - 1 : run.start()] + run[0] + text[run.end() : run.end() + 1]
        if around in seen:
            continue
        seen.add(around)
        if address := _address(text, run, alone):
            yield address
            if nested := _NESTED.search(address.path):
                yield from _nested(address.path[nested.start() :])
        if len(seen) >= RUN_LIMIT:
            return


def _nested(path: str) -> Iterator[Address]:
    """An address that another one sends on to: google.com/url?q=https://…"""
    inner = unquote(path)
    run = _RUN.match(inner)
    if run and (address := _address(inner, run, alone=True)):
        yield Address(**{**vars(address), "is_nested": True})


def _address(text: str, run: re.Match[str], alone: bool) -> Address | None:
    scheme = run["scheme"] is not None
    if text[run.end() : run.end() + 1] == "@":
        return None  # what stands before "@" is no host; the host comes next
    start, has_userinfo = _user(text, run.start())
    is_email = start < run.start() and not has_userinfo
    sure = scheme or has_userinfo or is_email
    path = (run["path"] or "").rstrip(_TRAILING)
    rest: dict[str, object] = {
        "found": text[start : run.end() - len(run["path"] or "") + len(path)].rstrip(_TRAILING),
        "path": _decode(path.replace("\\", "/")),
        "port": int(run["port"][1:]) if run["port"] else None,
        "has_scheme": scheme,
        "has_userinfo": has_userinfo,
        "is_email": is_email,
    }
    host = run["six"] or _JOIN.sub(".", run["meant"] or run["bare"])
    if "%" in host:
        host = unicodedata.normalize("NFKC", unquote(host, errors="replace")).translate(_PLAIN)
    if ip := _ip(host, sure):
        return Address(host=ip, ascii_host=ip, is_ip=True, **rest)  # type: ignore[arg-type]
    labels = [label for label in host.split(".") if label]
    return _named(labels, sure or bool(path), alone, rest)


def _user(text: str, start: int) -> tuple[int, bool]:
    """Where what stands before an "@" begins, and whether it is user info: then a scheme stands before it."""
    if start == 0 or text[start - 1] != "@":
        return start, False
    before = _USER.search(text, max(0, start - LOOK_BACK), start)
    if before is None:
        return start, False
    return before.start(), before["scheme"] is not None


def _decode(path: str) -> str:
    return unquote(path, errors="replace") if "%" in path else path


def _ip(host: str, sure: bool) -> str:
    """An IP host in dotted form, whatever way of writing it hides behind; "" when it is none.

    Without a scheme only the usual four parts count: "25.11.2026" is a day and "0258.3822045" a phone.
    """
    if host.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            return ""
    lowered = host.lower()
    if not (_INTEGER_HOST if "." not in host else _IP_PARTS).fullmatch(lowered):
        return ""
    parts = lowered.split(".")
    if not sure and not (len(parts) == 4 and all(part.isdecimal() and str(int(part)) == part for part in parts)):
        return ""
    return _dotted(parts)


def _dotted(parts: list[str]) -> str:
    """As inet_aton reads it: hexadecimal, octal, and a last part that fills what is left."""
    try:
        numbers = [
            int(part, 16 if part.startswith("0x") else 8 if re.fullmatch("0[0-7]+", part) else 10) for part in parts
        ]
    except ValueError:
        return ""
    *first, last = numbers
    if any(number > 255 for number in first) or last >= 256 ** (5 - len(numbers)):
        return ""
    value = last + sum(number << (8 * (3 - place)) for place, number in enumerate(first))
    return str(ipaddress.IPv4Address(value))


def _named(labels: list[str], sure: bool, alone: bool, rest: dict[str, object]) -> Address | None:
    """The address of a host with a name, or None when it is a piece of a sentence, a number or a file's name."""
    if not 2 <= len(labels) <= HOST_LIMIT // 2:
        return None
    for peeled in range(1 if rest["has_scheme"] else min(PEEL_LIMIT, len(labels) - 1)):
        kept = labels[: len(labels) - peeled]
        host, suffix, domain, is_hosted = _split_host(tuple(kept))
        if not host:
            return None
        if not suffix or (not sure and _reads_as_sentence(kept, alone)):
            continue
        if not domain and not is_hosted and not rest["has_scheme"]:
            return None  # "com.vn"
        if peeled:
            rest = {**rest, "found": ".".join(kept), "path": "", "port": None}
        shown = ".".join(_to_unicode(label) for label in host.split("."))
        return Address(host=shown, ascii_host=host, domain=domain or host, suffix=suffix, is_hosted=is_hosted, **rest)  # type: ignore[arg-type]
    return None


@lru_cache(maxsize=4096)
def _split_host(labels: tuple[str, ...]) -> tuple[str, str, str, bool]:
    """(ASCII host, public suffix, registrable domain, whether the suffix is a firm's), empty where there is none."""
    ascii_labels = [_to_ascii(label) for label in labels]
    host = ".".join(ascii_labels)
    if "" in ascii_labels or len(host) > HOST_LIMIT:
        return "", "", "", False
    suffix = _suffixes().publicsuffix(host) or ""
    domain = _suffixes().privatesuffix(host) or ""
    return host, suffix, domain, suffix != (_registry_suffixes().publicsuffix(host) or "")


def _to_ascii(label: str) -> str:
    """A label as the network knows it; "" when it cannot be one."""
    label = unicodedata.normalize("NFC", label.lower())
    if not label.isascii():
        try:
            label = "xn--" + label.encode("punycode").decode("ascii")
        except UnicodeError:
            return ""
    is_label = len(label) <= LABEL_LIMIT and re.fullmatch(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?", label)
    return label if is_label else ""


def _to_unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        shown = label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label
    return unicodedata.normalize("NFC", shown) if shown.isprintable() else label


# Endings that web addresses read aloud in Vietnam have; every other one may be a word of the next sentence.
_USUAL = frozenset("com net org vn info biz gov edu xyz top vip icu cfd online site shop store club asia app".split())
_SYLLABLE_LIKE = re.compile(r"(?:ngh?|nh|[cgkpt]h|gi|qu|tr|[bcdđghklmnprstvx])?[aeiouy]{1,3}(?:[cn]h|ng|[cmnpt])?")
# Endings that are far more often a file's, or hidden digits' ("09xx.xxx.812"), than a site's.
_NO_SITES = frozenset("py sh rs md zip mov pl ps xxx".split())


def _reads_as_sentence(labels: list[str], alone: bool) -> bool:
    """Whether a bare run is rather two sentences that lack the space, a file's name or a number, than an address."""
    *before, last = labels
    ending = last.lower()
    if ending in _NO_SITES:
        return True
    if ending in _USUAL:
        return False
    if not all(label.isascii() for label in labels) or all(label.isdecimal() for label in before):
        return True
    if alone:
        return False
    is_word = last[:1].isupper() or _SYLLABLE_LIKE.fullmatch(ending) is not None
    return (
        is_word
        and (last[:1].isupper() or len(before) == 1)
        and _SYLLABLE_LIKE.fullmatch(before[-1].lower()) is not None
    )
