"""What a QR code holds, told apart by its text alone. PURE.

A Vietnamese payment code (VietQR) is a row of fields as EMVCo has them: two digits of name, two of length, the value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.language.redact import contains_secret
from bot.safety.addresses import find_addresses

NAME_SHOWN = 60  # characters of a name that a code tells; a person's or a network's is shorter
ACCOUNT_SHOWN = 4  # last digits of an account: enough to compare, too few to keep


class CodeKind(StrEnum):
    """A name of phrases, too: qr_link, qr_payment, …"""

    LINK = "link"
    NUMBER = "number"  # to call or to write to
    TEXT = "text"
    PAYMENT = "payment"
    WIFI = "wifi"
    CONTACT = "contact"
    PRIVATE = "private"  # papers, or the seed of one-time passwords


@dataclass(frozen=True)
class Code:
    """`text` is what the scam check judges; the rest is what the code tells of a payment, a network or a person."""

    kind: CodeKind
    text: str = ""
    name: str = ""
    bank: str = ""  # BIN, six digits
    account: str = ""  # its last digits
    amount: int = 0  # đồng; 0: the payer says how much


_PAPERS = re.compile(r"[A-Z]{0,2}\d{9,13}(?:\|[^|]*){5,}")  # citizen card: number|old number|name|born|sex|home|issued
_SEEDS = ("otpauth:", "otpauth-migration:")
_EMVCO = "000201"  # field 00, the version, comes first
_ACCOUNTS = range(26, 52)  # fields that say who is paid, one a network
_NAPAS = ("38", "A000000727")  # VietQR's field and the name of its network
_DIALS = re.compile(r"(?:tel|sms|smsto|mms|mmsto):([+\d][\d .()-]+)", re.IGNORECASE)
_WIFI_NAME = re.compile(r"[:;]S:((?:\\.|[^;\\])*)")
_CONTACT = re.compile(r"BEGIN:VCARD|MECARD:", re.IGNORECASE)
_CONTACT_NAME = re.compile(r"(?im)^MECARD:(?:.*;)?N:([^;]*)|^FN\b[^:\n]*:(.*)|^N\b[^:\n]*:(.*)")
_AMOUNT = re.compile(r"([0-9]{1,13})(?:\.[0-9]*)?")  # at most 13 characters (EMVCo, field 54)
_LINK_DOT = re.compile(r"(?<=\w)\.(?=\w)")


def read_code(content: str) -> Code:
    """Never raises: codes hold whatever somebody printed."""
    content = content.strip()
    if _PAPERS.match(content) or content.lower().startswith(_SEEDS):
        return Code(CodeKind.PRIVATE)
    if content.startswith(_EMVCO) and (payment := _payment(content)):
        return payment
    if content[:5].upper() == "WIFI:":
        found = _WIFI_NAME.search(content)
        return Code(CodeKind.WIFI, name=_shown(re.sub(r"\\(.)", r"\1", found[1])) if found else "")
    if _CONTACT.match(content):
        found = _CONTACT_NAME.search(content)
        name = next(filter(None, found.groups()), "") if found else ""
        return Code(CodeKind.CONTACT, name=_shown(re.sub("[;,]", " ", name)))
    if dialled := _DIALS.match(content):
        return Code(CodeKind.NUMBER, dialled[1].strip(), name=_shown(dialled[1]))
    links = [address for address in find_addresses(content) if not address.is_email]
    if links:
        return Code(CodeKind.LINK, content, name=links[0].host)
    if contains_secret(content):
        return Code(CodeKind.PRIVATE)
    return Code(CodeKind.TEXT, content, name=_shown(content))


def _payment(content: str) -> Code | None:
    fields = _fields(content)
    if not any(name.isdecimal() and int(name) in _ACCOUNTS for name in fields):
        return None
    field, network = _NAPAS
    paid = _fields(fields.get(field, ""))
    receiver = _fields(paid.get("01", "")) if paid.get("00") == network else {}
    amount = _AMOUNT.fullmatch(fields.get("54", ""))
    return Code(
        CodeKind.PAYMENT,
        name=_shown(fields.get("59", "")),
        bank=receiver.get("00", ""),
        account=receiver.get("01", "")[-ACCOUNT_SHOWN:],
        amount=int(amount[1]) if amount else 0,
    )


def _fields(content: str) -> dict[str, str]:
    """As many as are whole; lengths are of characters."""
    fields: dict[str, str] = {}
    at = 0
    while re.fullmatch(r"[0-9]{4}", content[at : at + 4]):
        end = at + 4 + int(content[at + 2 : at + 4])
        if end > len(content):
            break
        fields.setdefault(content[at : at + 2], content[at + 4 : end])
        at = end
    return fields


def _shown(told: str) -> str:
    """In one line, without marks of style, cut to what a name needs; a chat would make links of addresses in it."""
    line = _LINK_DOT.sub(" . ", " ".join(told.replace("*", " ").split()))
    return line if len(line) <= NAME_SHOWN else line[: NAME_SHOWN - 1].rstrip() + "…"
