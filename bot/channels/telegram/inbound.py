"""Telegram's deliveries to Updates. PURE. Shapes: https://core.telegram.org/bots/api#update"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

from bot.engine.model import Address, Update, UpdateKind
from bot.errors import BadSignature, InvalidUpdate

CHANNEL = "telegram"
HEADER = "x-telegram-bot-api-secret-token"  # lower case: the case of a header's name means nothing

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)
_ATTACHMENTS = {
    "photo": UpdateKind.PICTURE,
    "sticker": UpdateKind.STICKER,
    "voice": UpdateKind.VOICE,
    "audio": UpdateKind.VOICE,
    "video_note": UpdateKind.FILE,
    "video": UpdateKind.FILE,
    "document": UpdateKind.FILE,
    "contact": UpdateKind.FILE,
    "location": UpdateKind.LOCATION,
}


def verify(headers: Mapping[str, str], secret: str) -> None:
    """Raises BadSignature. Without a secret of ours nothing is believed."""
    given = next((value for name, value in headers.items() if name.lower() == HEADER), "")
    # As bytes: compare_digest refuses text that is not ASCII.
    if not secret or not hmac.compare_digest(given.encode(errors="backslashreplace"), secret.encode()):
        raise BadSignature("secret token missing or wrong")


def load(body: bytes) -> Any:
    """The delivery as Telegram wrote it. Raises InvalidUpdate."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidUpdate("not JSON") from None  # the cause would quote what the person wrote


def parse(body: bytes, username: str = "") -> list[Update]:
    """`username` is the bot's own, by which it is called in groups. Raises InvalidUpdate."""
    return read(load(body), username)


def read(payload: Any, username: str = "") -> list[Update]:
    """The same for a delivery that was fetched. Types we did not ask for mean nothing to us."""
    match payload:
        case {"update_id": int(number), "message": message}:
            return _read_message(str(number), message, username)
        case {"update_id": int(number), "callback_query": tap}:
            return _read_tap(str(number), tap)
        case {"update_id": int(number), "my_chat_member": change}:
            return _read_membership(str(number), change)
        case {"update_id": int()}:
            return []
    raise InvalidUpdate("no update_id")


def tap_id(payload: Any) -> str:
    """What answers a tap, so that the button stops spinning; empty when nothing was tapped."""
    match payload:
        case {"callback_query": {"id": str(query_id)}}:
            return query_id
    return ""


def _read_message(update_id: str, message: Any, username: str) -> list[Update]:
    match message:
        case {"chat": {"id": int(chat), "type": str(kind)}}:
            address = Address(CHANNEL, str(chat))
        case _:
            raise InvalidUpdate("message without chat")
    text = _text_of(message)
    if kind == "channel" or (kind != "private" and not _is_for_us(message, text, username)):
        return []
    text = _without_mention(text, username)
    about = _about(message)
    attached = next((kind for key, kind in _ATTACHMENTS.items() if key in message), None)
    if attached:
        return [Update(update_id, address, _picture_or(attached, message), text, picture=_picture(message), **about)]
    if "text" not in message:
        return []  # somebody joined, a message was pinned, …
    if command := _COMMAND.fullmatch(text):
        word, _, rest = command.groups(default="")
        if word.lower() == "start":
            return [Update(update_id, address, UpdateKind.START, data=rest.strip())]
        return [Update(update_id, address, UpdateKind.TEXT, word.lower())]
    return [Update(update_id, address, UpdateKind.TEXT if text else UpdateKind.START, text, **about)]


def _about(message: Mapping[str, Any]) -> dict[str, Any]:
    """Its own number, by which it can be taken away, and whether somebody else wrote it."""
    number = message.get("message_id")
    return {
        "message": str(number) if isinstance(number, int) else "",
        "is_passed_on": isinstance(message.get("forward_origin"), dict),
    }


def _text_of(message: Mapping[str, Any]) -> str:
    """What was typed, or a caption, with the links that a forwarded text hides behind its words."""
    text = message.get("text", message.get("caption", ""))
    entities = message.get("entities", message.get("caption_entities", []))
    if not isinstance(text, str) or not isinstance(entities, list):
        raise InvalidUpdate("text is no text")
    links = [one["url"] for one in entities if isinstance(one, dict) and isinstance(one.get("url"), str)]
    return _clean("\n".join([text, *links]))


def _picture_or(kind: UpdateKind, message: Mapping[str, Any]) -> UpdateKind:
    """A screenshot sent as a file is a picture all the same."""
    match message.get("document"):
        case {"mime_type": str(mime)} if mime.startswith("image/"):
            return UpdateKind.PICTURE
    return kind


def _picture(message: Mapping[str, Any]) -> str:
    """The name by which its file can be fetched: of a photo the largest size, which comes last."""
    match message:
        case {"photo": [*_, {"file_id": str(name)}]}:
            return _clean(name)
        case {"document": {"mime_type": str(mime), "file_id": str(name)}} if mime.startswith("image/"):
            return _clean(name)
    return ""


def _is_for_us(message: Mapping[str, Any], text: str, username: str) -> bool:
    """In a group people talk with each other: we answer our name, a command, or a reply to us."""
    if command := _COMMAND.fullmatch(text):
        return command[2] is None or command[2].lower() == username.lower()
    match message.get("reply_to_message"):
        case {"from": {"is_bot": True, "username": str(author)}} if author == username:
            return True
    return bool(username) and bool(_mention(username).search(text))


def _without_mention(text: str, username: str) -> str:
    return _mention(username).sub("", text).strip() if username and not text.startswith("/") else text.strip()


def _mention(username: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)@{re.escape(username)}\b", re.IGNORECASE)


def _read_tap(update_id: str, tap: Any) -> list[Update]:
    match tap:
        case {"from": {"id": int(person)}, "data": str(data)}:
            chat, origin = _tapped_message(tap.get("message"))
            address = Address(CHANNEL, chat or str(person))
            return [Update(update_id, address, UpdateKind.BUTTON, data=_clean(data), origin=origin)]
        case {"from": {"id": int()}} if "data" not in tap:
            return []  # a game's button
    raise InvalidUpdate("callback_query without sender")


def _tapped_message(message: Any) -> tuple[str, str]:
    """Its chat and its id. Date 0 marks a message that is too old to be edited."""
    match message:
        case {"chat": {"id": int(chat)}, "message_id": int(message_id), "date": int(date)}:
            return str(chat), str(message_id) if date else ""
        case None:
            return "", ""
    raise InvalidUpdate("callback_query of a strange message")


def _read_membership(update_id: str, change: Any) -> list[Update]:
    match change:
        case {"chat": {"id": int(chat)}, "new_chat_member": {"status": str(status)}}:
            is_gone = status in ("kicked", "left")
            return [Update(update_id, Address(CHANNEL, str(chat)), UpdateKind.LEFT)] if is_gone else []
    raise InvalidUpdate("my_chat_member without status")


def _clean(text: str) -> str:
    """Halves of surrogate pairs and NUL can be written in JSON, and no store would take them."""
    return text.encode(errors="ignore").decode().replace("\0", "")
