"""An Official Account's deliveries to Updates. PURE: the time is handed in. Shapes: reference/zalo.md, 3.5 to 3.8.

One delivery is one event. What no citizen did (echoes of what we sent, receipts, tags, calls) is dropped here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.engine.model import Address, Update, UpdateKind
from bot.errors import BadSignature, InvalidUpdate

CHANNEL = "zalo_oa"
SIGNATURE = "x-zevent-signature"  # lower case: the case of a header's name means nothing
TIMESTAMP = "x-zevent-timestamp"
PROBE = b"{}"  # what the console sends, unsigned, when a webhook's address is saved
REPLAY_WINDOW = timedelta(hours=2)  # Zalo's own retries reach 1 h 51 min
TAP = "#hv:"  # before a postback: nothing else tells a tap from typing, and nobody types this
GREET_ONCE = timedelta(minutes=10)  # following and opening the chat come together: one greeting answers both

_MESSAGES = {
    "user_send_text": UpdateKind.TEXT,
    "user_send_link": UpdateKind.TEXT,
    "user_send_image": UpdateKind.PICTURE,
    "user_send_gif": UpdateKind.PICTURE,
    "user_send_sticker": UpdateKind.STICKER,
    "user_send_audio": UpdateKind.VOICE,
    "user_send_video": UpdateKind.FILE,
    "user_send_file": UpdateKind.FILE,
    "user_send_business_card": UpdateKind.FILE,
    "user_send_location": UpdateKind.LOCATION,
}
_EVENTS = {
    "follow": UpdateKind.START,
    "user_click_chatnow": UpdateKind.START,
    "unfollow": UpdateKind.LEFT,
    "user_withdraw": UpdateKind.WITHDRAWN,
    "user_submit_info": UpdateKind.FILE,  # we never ask for it: answered, and none of it read
}


def parse(headers: Mapping[str, str], body: bytes, now: datetime, app_id: str, oa_secret: str) -> list[Update]:
    """Raises BadSignature or InvalidUpdate. An event that means nothing to us is an empty list."""
    if body.strip() == PROBE:
        return []
    payload = _load(body)
    signed_at = verify(headers, body, payload, app_id, oa_secret)
    if not isinstance(payload, dict):
        raise InvalidUpdate("no JSON object")
    if "app_id" in payload and str(payload["app_id"]) != app_id:
        raise BadSignature("of another app")
    _refuse_replay(_timestamp(payload) or signed_at, now)
    return read(payload)


def verify(headers: Mapping[str, str], body: bytes, payload: Any, app_id: str, oa_secret: str) -> str:
    """The timestamp that is signed. Raises BadSignature. Without a secret of ours nothing is believed.

    The sources disagree whether it is the one in the body or in a header, so either will do.
    """
    given = _header(headers, SIGNATURE).removeprefix("mac=").lower().encode(errors="backslashreplace")
    matching = [
        timestamp
        for timestamp in (_timestamp(payload), _header(headers, TIMESTAMP))
        if hmac.compare_digest(given, sign(body, timestamp, app_id, oa_secret).encode())
    ]
    if not oa_secret or not matching:
        raise BadSignature("signature missing or wrong")
    return matching[0]


def sign(body: bytes, timestamp: str, app_id: str, oa_secret: str) -> str:
    """A plain SHA-256 of the four in a row, not an HMAC: so Zalo has it."""
    parts = (app_id.encode(), body, timestamp.encode(errors="backslashreplace"), oa_secret.encode())
    return hashlib.sha256(b"".join(parts)).hexdigest()


def read(payload: Mapping[str, Any]) -> list[Update]:
    """The event of a delivery that was believed. Raises InvalidUpdate."""
    event = payload.get("event_name")
    if not isinstance(event, str):
        raise InvalidUpdate("no event_name")
    if event in _MESSAGES:
        return _read_message(event, payload)
    if event in _EVENTS:
        kind, person = _EVENTS[event], _person(payload)
        return [Update(_event_id(kind, event, person, payload), Address(CHANNEL, person), kind)]
    return []


def _read_message(event: str, payload: Mapping[str, Any]) -> list[Update]:
    person, message = _person(payload), payload.get("message")
    if not isinstance(message, dict):
        raise InvalidUpdate("event without message")
    text = _text_of(event, message)
    update_id = _id(message.get("msg_id")) or _digest(event, person, _timestamp(payload))
    address, kind = Address(CHANNEL, person), _picture_or(_MESSAGES[event], message)
    if kind is UpdateKind.TEXT and text.startswith(TAP):
        return [Update(update_id, address, UpdateKind.BUTTON, data=text.removeprefix(TAP))]
    if kind is UpdateKind.TEXT and not text:
        return []
    return [Update(update_id, address, kind, text, picture=_picture(kind, message))]


def _picture(kind: UpdateKind, message: Mapping[str, Any]) -> str:
    """Its address; one event has one picture."""
    urls = (attached.get("url") for attached in _payloads(message)) if kind is UpdateKind.PICTURE else ()
    return next((_clean(url) for url in urls if isinstance(url, str)), "")


def _text_of(event: str, message: Mapping[str, Any]) -> str:
    """What was typed, or stands beside a picture, with the link that was forwarded."""
    text = message.get("text", None if event == "user_send_text" else "")
    if not isinstance(text, str):
        raise InvalidUpdate("text is no text")
    links = [
        url
        for attached in (_payloads(message) if event == "user_send_link" else ())
        if isinstance(url := attached.get("url"), str) and url not in text
    ]
    return _clean("\n".join([text, *links])).strip()


def _picture_or(kind: UpdateKind, message: Mapping[str, Any]) -> UpdateKind:
    """A screenshot sent as a file is a picture all the same."""
    types = [str(attached.get("type", "")).lower() for attached in _payloads(message)]
    is_picture = any(one.removeprefix("image/") in ("jpg", "jpeg", "png") for one in types)
    return UpdateKind.PICTURE if kind is UpdateKind.FILE and is_picture else kind


def _payloads(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    attachments = message.get("attachments", [])
    if not isinstance(attachments, list):
        raise InvalidUpdate("attachments are no list")
    for one in attachments:
        if isinstance(one, dict) and isinstance(one.get("payload"), dict):
            yield one["payload"]


def _person(payload: Mapping[str, Any]) -> str:
    """Who did it: events name them in three ways."""
    for holder in (payload.get("sender"), payload.get("follower")):
        if isinstance(holder, dict) and (person := _id(holder.get("id"))):
            return person
    if person := _id(payload.get("user_id")):
        return person
    raise InvalidUpdate("event of nobody")


def _event_id(kind: UpdateKind, event: str, person: str, payload: Mapping[str, Any]) -> str:
    """Zalo numbers only messages. Starts close to each other are one: see GREET_ONCE."""
    timestamp = _timestamp(payload)
    if kind is UpdateKind.START and timestamp.isdecimal():
        return _digest(kind.value, person, str(int(timestamp) // int(GREET_ONCE.total_seconds() * 1000)))
    return _digest(event, person, timestamp)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _refuse_replay(timestamp: str, now: datetime) -> None:
    """Raises InvalidUpdate, not BadSignature: told 403 for a slow clock, Zalo would unsubscribe us."""
    if not (timestamp.isascii() and timestamp.isdecimal()) or len(timestamp) > 14:
        raise InvalidUpdate("no timestamp")
    if abs(now - datetime.fromtimestamp(int(timestamp) / 1000, UTC)) > REPLAY_WINDOW:
        raise InvalidUpdate("too old, or from the future")


def _timestamp(payload: Any) -> str:
    """In milliseconds; empty when there is none."""
    return _id(payload.get("timestamp")) if isinstance(payload, dict) else ""


def _id(value: object) -> str:
    """Ids are text, and longer than a float holds; a number is taken too. Empty for anything else."""
    is_id = isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))
    return _clean(str(value)) if is_id else ""


def _header(headers: Mapping[str, str], wanted: str) -> str:
    return next((value for name, value in headers.items() if name.lower() == wanted), "")


def _load(body: bytes) -> Any:
    """None for what is not JSON: whether it was signed is judged first."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _clean(text: str) -> str:
    """Halves of surrogate pairs and NUL can be written in JSON, and no store would take them."""
    return text.encode(errors="ignore").decode().replace("\0", "")
