"""Zalo Bot Platform's deliveries to Updates. PURE. Shapes: https://docs.zaloplatforms.com/docs/BOT

Where sources disagree every variant seen is read: bodies with and without the envelope {"ok": …, "result": …}.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.engine.model import Address, Update, UpdateKind
from bot.errors import BadSignature, InvalidUpdate

CHANNEL = "zalo_bot"
HEADER = "x-bot-api-secret-token"  # lower case: the case of a header's name means nothing

_KINDS = {
    "message.text.received": UpdateKind.TEXT,
    "message.image.received": UpdateKind.PICTURE,
    "message.sticker.received": UpdateKind.STICKER,
    "message.voice.received": UpdateKind.VOICE,
    "message.link.received": UpdateKind.FILE,  # in no document, but two programs of others read it
    "message.unsupported.received": UpdateKind.FILE,  # files, links, cards, and all that protected senders write
}
_REPLY_MARKS = ("reply_to_message", "reply_to", "quote", "quote_message")  # undocumented: whatever marks an answer
_ANY_BOT = r"bot[\w.]*"  # every bot's name begins so; the platform shows us no mention of another


def is_probe(body: bytes) -> bool:
    """Whether this only asks if anybody is here, as on registration. Nothing says that it is signed."""
    return body.strip() in (b"", b"{}")


def verify(headers: Mapping[str, str], secret: str) -> None:
    """Raises BadSignature. Without a secret of ours nothing is believed."""
    given = next((value for name, value in headers.items() if name.lower() == HEADER), "")
    # As bytes: compare_digest refuses text that is not ASCII.
    if not secret or not hmac.compare_digest(given.encode(errors="backslashreplace"), secret.encode()):
        raise BadSignature("secret token missing or wrong")


def parse(body: bytes, names: Sequence[str] = ()) -> list[Update]:
    """`names` are the bot's own, by which it is called in groups. Raises InvalidUpdate."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidUpdate("not JSON") from None  # the cause would quote what the person wrote
    return read(payload, names)


def read(payload: Any, names: Sequence[str] = ()) -> list[Update]:
    """The same for a delivery that was fetched. Events that we do not know mean nothing to us."""
    match payload:
        case {"result": {**event}} | {**event}:
            pass
        case _:
            raise InvalidUpdate("not an object")
    match event:
        case {"event_name": str(name), "message": {**message}} if name in _KINDS:
            return _read_message(_KINDS[name], message, names)
        case {"event_name": "message.unsupported.received"}:
            return []  # it may come without a message, so without anybody to answer
        case {"event_name": str(name)} if name not in _KINDS:
            return []
    raise InvalidUpdate("no event or no message")


def _read_message(kind: UpdateKind, message: Mapping[Any, Any], names: Sequence[str]) -> list[Update]:
    match message:
        case {"from": {"is_bot": True}}:
            return []  # two bots would talk for ever
        case {"chat": {"id": str(chat), **where}} if _clean(chat):
            is_private = where.get("chat_type", "PRIVATE") == "PRIVATE"
        case _:
            raise InvalidUpdate("message without chat")
    text = message.get("text") if kind is UpdateKind.TEXT else message.get("text") or message.get("caption") or ""
    if not isinstance(text, str):
        raise InvalidUpdate("text is no text")
    text = _clean(text)
    if not is_private:
        mention = _mention(names)
        # In a group people talk with each other: we answer our name, or a reply to us, and only words.
        if kind is not UpdateKind.TEXT or not (mention.search(text) or any(message.get(key) for key in _REPLY_MARKS)):
            return []
        text = mention.sub("", text)
    text = text.strip()
    if kind is UpdateKind.TEXT and not text:
        kind = UpdateKind.START  # called by name alone
    return [Update(_id(message), Address(CHANNEL, _clean(chat)), kind, text, picture=_picture(kind, message))]


def _picture(kind: UpdateKind, message: Mapping[Any, Any]) -> str:
    """Its address: seen live under one name, documented under another."""
    named = [message.get(key) for key in ("photo_url", "photo")] if kind is UpdateKind.PICTURE else []
    return next((_clean(url) for url in named if isinstance(url, str)), "")


def _id(message: Mapping[Any, Any]) -> str:
    """There is no number of an update. What lacks even a message_id is known again by its content."""
    given = message.get("message_id")
    if isinstance(given, str) and _clean(given):
        return _clean(given)
    return hashlib.sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()[:20]


def _mention(names: Sequence[str]) -> re.Pattern[str]:
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)
    return re.compile(rf"(?<!\w)@(?:{known + '|' if known else ''}{_ANY_BOT})(?!\w)", re.IGNORECASE)


def _clean(text: str) -> str:
    """Halves of surrogate pairs and NUL can be written in JSON, and no store would take them."""
    return text.encode(errors="ignore").decode().replace("\0", "")
