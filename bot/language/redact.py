"""Personal data out of a text. Pure; it would rather hide a harmless number than show a person's.

First digits are made plain, then each finder in turn covers what it knows: passwords, emails, names, codes with
letters, and last the numbers. A number is told by its length, its grouping, and the last telling word before it.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

LABELS = {
    "citizen": "[SỐ CĂN CƯỚC]",
    "passport": "[SỐ HỘ CHIẾU]",
    "insurance": "[SỐ BẢO HIỂM]",
    "card": "[SỐ THẺ]",
    "account": "[SỐ TÀI KHOẢN]",
    "phone": "[SỐ ĐIỆN THOẠI]",
    "email": "[EMAIL]",
    "otp": "[MÃ OTP]",
    "password": "[MẬT KHẨU]",
    "plate": "[BIỂN SỐ XE]",
    "name": "[HỌ TÊN]",
    "number": "[DÃY SỐ]",
}
"""Placeholder tokens of the log, one a kind. They hold no digit, so what is covered stays covered."""

SECRETS = ("password", "otp", "card", "citizen", "passport", "insurance", "account")  # the gravest first


def redact(text: str) -> str:
    """The text with personal data replaced by LABELS, and with plain digits."""
    return _cover(text)[0]


def contains_secret(text: str) -> str | None:
    """The gravest kind in SECRETS that the text holds. Phones, emails, names and plates are not secrets."""
    kinds = _cover(text)[1]
    return next((kind for kind in SECRETS if kind in kinds), None)


class Span(NamedTuple):
    start: int
    end: int
    kind: str


def _cover(text: str) -> tuple[str, set[str]]:
    text = _plain_digits(text)
    kinds = set()
    for find in _FINDERS:
        pieces, at = [], 0
        for start, end, kind in find(text):
            pieces += [text[at:start], LABELS[kind]]
            at = end
            kinds.add(kind)
        text = "".join(pieces) + text[at:]
    return text, kinds


# Characters that show nothing, and so could part a number unseen.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u20e3\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e01ef]+"
)
_ODD = re.compile("[^\0-\x7f\u00c0-\u024f\u0300-\u036f\u1e00-\u1eff]")  # neither ASCII nor Vietnamese
_MARK_ON_DIGIT = re.compile("(?<=[0-9])[\u0300-\u036f\u20d0-\u20ff]+")
_EXPANSION_LIMIT = 4  # characters; one Arabic sign stands for 18, and a paste of it would take that much longer


def _plain_digits(text: str) -> str:
    """Every script's digits as 0 to 9, wide and fancy letters as plain ones, and nothing invisible."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", _ODD.sub(_plain, _INVISIBLE.sub("", text)))
    return _MARK_ON_DIGIT.sub("", text)


def _plain(odd: re.Match[str]) -> str:
    digit = unicodedata.decimal(odd[0], None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", odd[0])
    return plain if len(plain) <= _EXPANSION_LIMIT else odd[0]


def _bare(word: str) -> str:
    """A word in small letters without diacritics."""
    return re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", word.lower())).replace("đ", "d")


# A match never touches "]" or "[" of a placeholder: what stood beside a covered number is judged as it was before.
_FROM = r"(?<![\w\]])"
_TO = r"(?![\w\[])"

# --- passwords

_OWNER = r"t[ôo]i|tui|m[ìi]nh|em|ch[áa]u|con|b[áa]c|c[ôo]|ch[úu]|anh|ch[ịi]|[ôo]ng|b[àa]|t[ớo]|d[ìi]|m[ẹe]|b[ốo]"
_PASSWORD = re.compile(
    rf"{_FROM}(?:m[ậa]t kh[ẩa]u|m[ậa]t m[ãa]|mk|pass(?:word|code)?|pwd)"
    rf"(?: (?:c[ũu]|m[ớo]i|c[ủu]a|cho|nh[àa]|vneid|vssid|zalo|facebook|fb|gmail|email|wifi|app|t[àa]i kho[ảa]n"
    rf"|ng[âa]n h[àa]ng|[đd][ăa]ng nh[ậa]p|m[ứu]c [12]|{_OWNER})(?!\w))*+"
    rf"(?P<told> ?[:=]| l[àa](?!\w) ?:?)?\s{{0,3}}(?P<token>[^\s\[\]]++)(?!\[)",
    re.IGNORECASE,
)
_SYLLABLE = re.compile(
    "(?:ngh?|nh|[cgkpt]h|gi|qu|tr|[bcdghklmnprstvx])?[aeiouy]{1,3}(?:[cn]h|ng|[cmnpt])?", re.IGNORECASE
)


def _passwords(text: str) -> Iterator[Span]:
    for found in _PASSWORD.finditer(text):
        start = found.start("token")
        token = found["token"].rstrip(".,;")
        if _is_password(token, told=bool(found["told"])):
            yield Span(start, start + len(token), "password")


def _is_password(token: str, told: bool) -> bool:
    """Passwords hold a digit, or are ASCII that is no Vietnamese syllable: "mật khẩu: vao dau" tells none."""
    if len(token) < 4 or token.endswith(":"):
        return False
    has_digit = _DIGIT.search(token) is not None
    if not told:
        return has_digit and token.lower().rstrip("0123456789") not in {"", *_APPS}
    is_word = not token.isascii() or _SYLLABLE.fullmatch(token.rstrip("?!)\"'")) or token.lower() in _APPS
    return has_digit or not is_word


_APPS = {"vneid", "vssid", "zalo", "facebook", "gmail", "email", "face", "google", "momo", "viettel"}

# --- emails

_EMAIL = re.compile(r"(?<![\w.+\-\]])[\w.+-]++ ?@ ?[\w-]++(?:\.[\w-]++)+")


def _emails(text: str) -> Iterator[Span]:
    if "@" in text:
        for found in _EMAIL.finditer(text):
            yield Span(found.start(), found.end(), "email")


# --- names

_LETTERS = r"[^\W\d_]+"
_WORD = re.compile(_LETTERS)
_WORDS = rf"{_LETTERS}(?:[ \t]+{_LETTERS}){{0,4}}+"
_NAME = re.compile(
    rf"(?=[^\W\d_]){_FROM}"
    rf"(?:(?P<thing>app|[ứu]ng d[ụu]ng|ph[ầa]n m[ềe]m|trang|web|t[ệe]p|file|nh[óo]m|m[ụu]c|n[úu]t)\s+)?"
    rf"(?:(?P<told>(?:h[ọo](?: v[àa])? t[êe]n|t[êe]n(?: c[ủu]a)?) (?:{_OWNER})(?: l[àa](?!\w)|\s?:)"
    rf"|t[êe]n l[àa](?!\w)|h[ọo](?: v[àa])? t[êe]n(?: l[àa](?!\w)|\s?:))"
    rf"|(?:{_OWNER}) t[êe]n(?! l[àa](?!\w))|h[ọo](?: v[àa])? t[êe]n|(?P<am>(?:{_OWNER}) l[àa]))"
    rf"(?:\s*:)?\s+(?=(?P<words>{_WORDS})|\[)|{_FROM}t[êe]n\s?:\s*(?=(?P<field>{_WORDS})|\[)",
    re.IGNORECASE,
)
_SURNAMES = re.compile(
    "nguyen|tran|le|pham|huynh|hoang|phan|vu|vo|dang|bui|do|ho|ngo|duong|ly|dinh|truong|cao|mai|trinh"
)
_NEVER_FIRST = re.compile("gi|sao|nao|ai|the|bao|vneid|vssid|zalo|dang|tai|sai|khac")  # "tên là gì", "tên tôi sai"
_ENDS_A_NAME = re.compile("muon|hoi|o|so|can|bi|co|khong|ko|k|xin|va|cho|goi|cccd|cmnd|sdt|la|duoc|dc|nhe|nha|nhu")


def _names(text: str) -> Iterator[Span]:
    # A name ends where the next is told at the latest, be that one covered already or not.
    told = list(_NAME.finditer(text))
    for at, found in enumerate(told):
        stop = told[at + 1].start() if at + 1 < len(told) else len(text)
        start, end = found.span("words" if found["words"] else "field")
        words = [word.span() for word in _WORD.finditer(text, max(start, 0), min(end, stop))]
        if words and (count := _name_length(found, [text[left:right] for left, right in words])):
            yield Span(start, words[count - 1][1], "name")


def _name_length(found: re.Match[str], words: list[str]) -> int:
    """How many of the words are the name, going by how it was told."""
    first = _bare(words[0])
    if _NEVER_FIRST.fullmatch(first):
        return 0
    has_surname = len(words) > 1 and _SURNAMES.fullmatch(first) is not None
    # "app tên là …" and "tôi là …" are mostly said of other things.
    if (found["thing"] or found["am"] or found["field"]) and not has_surname:
        return 0
    ends = (at for at, word in enumerate(words) if at and _ENDS_A_NAME.fullmatch(_bare(word)))
    words = words[: next(ends, len(words))]
    if words[0][0].isupper():
        return _capitals(words)
    return len(words) if found["told"] or (has_surname and not found["am"]) else 0


def _capitals(words: list[str]) -> int:
    """How many words make a capitalised name; one small word inside is let pass: Trần văn An."""
    count = 1
    for at, word in enumerate(words):
        if word[0].isupper() and at <= count + 1:
            count = at + 1
    return count


# --- codes with letters

_CODE = re.compile(
    rf"{_FROM}(?:"
    r"(?P<insurance>(?!tk )[A-Z]{2} ?[1-5](?:[ .-]?\d){12})"
    r"|(?P<passport>[A-Z]\d{7,8}|(?-i:[A-Z]) \d{7})"
    # 79A-123.45, 79-H1 12345, 79h1-2345. Small letters and a space alone would also be "15h 2024".
    r"|(?P<plate>[1-9]\d[ .-]?(?:(?-i:[A-ZĐ]{1,2})\d?[ .-]{0,3}|[A-ZĐ]{1,2}(?:\d[ .-]{1,3}|[.-]{1,2}|(?=\d{5})))"
    r"(?:\d{3}[ .-]?\d{2}|\d{4}))"
    rf"){_TO}",
    re.IGNORECASE,
)


def _codes(text: str) -> Iterator[Span]:
    if not _DIGIT.search(text):
        return
    for found in _CODE.finditer(text):
        yield Span(found.start(), found.end(), found.lastgroup or "")


# --- numbers

_SEPARATORS = r" \t.,_/()+·•*‐‑‒–—−-"
_DIGIT = re.compile(r"\d")
_GAP = re.compile(rf"[{_SEPARATORS}]{{1,3}}")  # between the groups of one number
_SHORT_CODES = {"111", "112", "113", "114", "115", "156", "1022", "1414", "5656"}
_YEAR = re.compile(r"(?:19|20)\d\d")
_S = rf"[{_SEPARATORS}]{{0,3}}+"
_DAY, _MONTH, _CENTURY = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)\d\d"
_UNIT = r"(?:đồng|đ|₫|dong|vnđ|vnd|triệu|trieu|tr|tỷ|tỉ|nghìn|nghin|ngàn|ngan)"
_NUMBER = re.compile(
    r"(?=[\d(+])(?:"
    rf"(?P<open>{_DAY}(?P<by>[./-]| [/-] | ){_MONTH}(?P=by){_CENTURY}(?!\d| \d{{3}})"
    rf"|{_CENTURY}(?P<sep>[./-]){_MONTH}(?P=sep){_DAY}(?!\d)"
    # a decree: 69/2024/NĐ-CP
    rf"|\d{{1,5}}/{_CENTURY}(?![\d/])"
    # a hotline: 1900 and 4 or 6 more. Four more again would be an account that only begins so.
    r"|(?!\d{9}(?!\d))1[89]00(?:[ .-]?\d){4}(?:(?:[ .-]?\d){2})?(?!\d)(?![ .-](?!0|1[89]00|11[1-5])\d{3,4}(?!\d))"
    # money: with its unit, or in round thousands
    r"|(?:(?!0)\d{1,3}(?:[.,]\d{3})++|\d{1,8})(?!\d)"
    rf"(?:(?: ?{_UNIT}|[dk])(?![\w\[])|(?<=[.,]000)(?![.,]?\d)))"
    rf"|(?P<citizen>0(?:{_S}\d){{11}}(?!\d))"
    rf"|(?P<phone>(?:\(?\+)?(?:(?:0{_S}0{_S})?8{_S}4{_S}(?:0{_S})?(?:[35-9](?:{_S}\d){{8}}|2(?:{_S}\d){{9}})"
    rf"|0{_S}(?:[3-9](?:{_S}\d){{8}}|2(?:{_S}\d){{8,9}}|1(?:{_S}\d){{9}}))(?!\d)"
    # from abroad, and no amount
    rf"|\+(?!\d{{1,3}}(?:[.,]\d{{3}})++(?!\d))[1-9](?:{_S}\d){{9,13}}(?!\d)(?! ?{_UNIT}))"
    rf"|(?P<card>(?!(?:{_CENTURY}{_S}){{4}})[2-9]\d{{3}}(?:{_S}\d{{4}}){{3}}(?!\d))"
    r"|(?P<group>\d++))",
    re.IGNORECASE,
)
"""Shapes known on sight, of which `open` may be shown, and a group of digits for all the rest."""

OTP_MIN = 4  # digits
ACCOUNT_MIN, ACCOUNT_LIMIT = 8, 19  # digits: the shortest bank account, the longest card
_WORD_REACH = 30  # characters before a number in which a word still tells what it is
_OTP_REACH = 15  # characters after it: "482913 là mã OTP"
_HINT = re.compile(
    r"(?=[abcdđhmnopstvz])(?:"  # what any of them begins with: most places are passed by at once
    r"(?P<other>(?:mã|ma)(?: số)? (?:lỗi|loi|vùng|vung|bưu|buu|hồ sơ|ho so|thuế|so thue|qr|khách|khach"
    r"|giao dịch|đơn|vạch|tỉnh|tinh|xã|trường)|mst|năm|biên nhận)"
    r"|(?P<insurance>bhxh|bhyt|bảo hiểm|bao hiem)"
    r"|(?P<citizen>cccd|cmnd|cmt|căn cước|can cuoc|chứng minh|chung minh|định danh|dinh danh)"
    r"|(?P<passport>hộ chiếu|ho chieu|passport)"
    r"|(?P<account>stk|tài khoản|tai khoan|tk(?![^\W\d]))"
    r"|(?P<card>thẻ|cvv|visa|(?<![^\W\d])atm)"
    r"|(?P<phone>sđt|sdt|điện thoại|dien thoai|hotline|zalo)"
    r"|(?P<otp>otp|(?:mã|ma|số|so) ?pin(?: thẻ| the| atm)?(?![^\W\d])|pin (?:thẻ|the|atm)(?![^\W\d])|"
    r"(?<![^\W\d])(?:code|mã|ma(?= ?[:=\d]| (?:otp|xac|kich|bao mat|pin|la \d|so \d|cua)))(?![^\W\d])))",
    re.IGNORECASE,
)
_OTP_GAP_BREAKS = re.compile(r"[\d\n\[\].!?]")


class _Hints:
    """Telling words of a text, to be asked for the nearest one."""

    def __init__(self, text: str) -> None:
        self._text = text
        found = list(_HINT.finditer(text))
        self._starts = [hint.start() for hint in found]
        self._ends = [hint.end() for hint in found]
        self._kinds = [hint.lastgroup or "" for hint in found]

    def before(self, at: int) -> str:
        last = bisect_left(self._starts, at) - 1
        if last < 0 or at - self._ends[last] > _WORD_REACH:
            return ""
        kind = self._kinds[last]
        return "" if kind == "otp" and _OTP_GAP_BREAKS.search(self._text, self._ends[last], at) else kind

    def is_otp(self, start: int, end: int) -> bool:
        if self.before(start) == "otp":
            return True
        after = bisect_left(self._starts, end)
        if after == len(self._starts) or self._kinds[after] != "otp" or self._starts[after] - end > _OTP_REACH:
            return False
        return not _OTP_GAP_BREAKS.search(self._text, end, self._starts[after])


def _numbers(text: str) -> Iterator[Span]:
    if not _DIGIT.search(text):
        return
    hints = _Hints(text)
    loose: list[tuple[int, int]] = []
    for number in _NUMBER.finditer(text):
        left, right = number.span()
        kind = number.lastgroup or ""
        if kind == "group" and right - left < ACCOUNT_MIN:
            if loose and not _GAP.fullmatch(text, loose[-1][1], left):
                yield from _loose(text, loose, hints)
                loose = []
            loose.append((left, right))
            continue
        yield from _loose(text, loose, hints)
        loose = []
        if kind != "open":
            yield Span(left, right, _told(_by_length(right - left) if kind == "group" else kind, hints.before(left)))
    yield from _loose(text, loose, hints)


def _told(kind: str, hint: str) -> str:
    """What a long number is, by its own look and by the word before it."""
    if hint in ("account", "insurance", "citizen", "card") and kind != "number":
        return hint
    return "number" if hint == "other" and kind != "phone" else kind


def _by_length(digits: int) -> str:
    return {9: "citizen", 12: "citizen", 16: "card"}.get(digits, "account" if digits <= ACCOUNT_LIMIT else "number")


def _loose(text: str, groups: list[tuple[int, int]], hints: _Hints) -> Iterator[Span]:
    """Groups that only together may be something: an account in fours, an old card in threes, an OTP."""
    length = sum(right - left for left, right in groups)
    if length < OTP_MIN or all(_is_public(text[left:right]) for left, right in groups):
        return
    start, end = groups[0][0], groups[-1][1]
    if length >= ACCOUNT_MIN:
        yield Span(start, end, _told(_by_length(length), hints.before(start)))
    elif hints.is_otp(start, end):
        yield Span(start, end, "otp")
    else:
        for left, right in groups:
            if right - left == 6 and _is_alone(text, left, right):
                yield Span(left, right, "otp" if text.strip() == text[left:right] else "number")


def _is_public(digits: str) -> bool:
    return digits in _SHORT_CODES or _YEAR.fullmatch(digits) is not None


def _is_alone(text: str, left: int, right: int) -> bool:
    """Not part of a word or of a covered one."""
    around = text[max(left - 1, 0) : left] + text[right : right + 1]
    return not any(letter.isalnum() or letter in "[]" for letter in around)


_CVV = re.compile(r"(?:cvv|cvc)2?(?: (?:là|la))?[\s:=]{0,3}(\d{3,4})(?!\d)", re.IGNORECASE)
# "482-913", "4 8 2 9 1 3"; but "500 000" is money, and "113 115" are two numbers to call.
_SPACED_OTP = re.compile(r"\s*(?!\d{3}[ .]000|11\d)(\d{3}[ .-]\d{3}|\d(?:[ .-]\d){5})\s*")


def _short_secrets(text: str) -> Iterator[Span]:
    """What is too short or too loose for a number among words: a card's check digits, a code sent alone."""
    for found in _CVV.finditer(text):
        yield Span(*found.span(1), "card")
    if alone := _SPACED_OTP.fullmatch(text):
        yield Span(*alone.span(1), "otp")


_FINDERS: tuple[Callable[[str], Iterable[Span]], ...] = (
    _passwords,
    _emails,
    _names,
    _codes,
    _short_secrets,
    _numbers,
)
