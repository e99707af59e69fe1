"""What the chat page and the server say to each other, as JSON. PURE.

page -> server                                      server -> page
{"type": "hello", "after": N}                       {"type": "reply", "id": N, "html": …, "speak": …, "buttons": […],
{"type": "say",   "id": uuid, "text": …}                "picture": url, "replaces": bool, "origin": …}
{"type": "tap",   "id": uuid, "data": …, "origin": …}
{"type": "start", "id": uuid, "data": …}            {"type": "taken", "id": uuid}   the turn is committed
{"type": "file",  "id": uuid}                       {"type": "failed", "id": uuid}  nothing is committed: send again
{"type": "ack",   "upto": N}                        {"type": "refused"}             not of this protocol: do not

A picture is posted by itself, to /chat/pictures/<uuid>, made smaller first and looked at for QR codes; where that does
not get through, "file" tells that there was one.

The page sends a message again until it is taken; the id is the same, so the store drops what it has seen. A tap's
`origin` is the id of the reply whose button it was, and comes back with the answer that may take its place.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, TypeAdapter, ValidationError

from bot.engine.model import CALLBACK_LIMIT, Address, Button, Update, UpdateKind
from bot.errors import InvalidUpdate
from bot.stores.base import Delivery
from bot.web.markup import to_html, to_plain

TEXT_LIMIT = 4000  # characters; the page's maxlength says the same

# Largest id that JavaScript holds exactly.
_Number = Annotated[int, Field(ge=0, lt=2**53)]
# PostgreSQL stores no NUL.
_Text = Annotated[str, AfterValidator(lambda text: text.replace("\0", ""))]
_Data = Annotated[_Text, StringConstraints(max_length=CALLBACK_LIMIT)]


class Hello(BaseModel):
    """Send what I do not hold yet."""

    type: Literal["hello"]
    after: _Number = 0


class Ack(BaseModel):
    """I hold everything up to here."""

    type: Literal["ack"]
    upto: _Number


class Say(BaseModel):
    type: Literal["say"]
    id: UUID
    text: Annotated[_Text, StringConstraints(min_length=1)]


class Tap(BaseModel):
    type: Literal["tap"]
    id: UUID
    data: _Data
    origin: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,16}$")] = ""


class Start(BaseModel):
    type: Literal["start"]
    id: UUID
    data: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]*$", max_length=CALLBACK_LIMIT)] = ""


class File(BaseModel):
    """A picture was picked, but could not be sent itself: see POST /chat/pictures/<id> in chat.py."""

    type: Literal["file"]
    id: UUID


Deed = Say | Tap | Start | File
_MESSAGE: TypeAdapter[Hello | Ack | Deed] = TypeAdapter(
    Annotated[Hello | Ack | Say | Tap | Start | File, Field(discriminator="type")]
)


def parse(body: str | bytes) -> Hello | Ack | Deed:
    """Raises InvalidUpdate."""
    try:
        return _MESSAGE.validate_json(body)
    except ValidationError as error:
        raise InvalidUpdate(f"{error.error_count()} faults") from None


def update(address: Address, deed: Deed) -> Update:
    """The person is part of the id, so that nobody can use up another one's."""
    name = f"{address.user_id}:{deed.id}"
    match deed:
        case Say():
            return Update(name, address, UpdateKind.TEXT, text=deed.text[:TEXT_LIMIT])
        case Tap():
            return Update(name, address, UpdateKind.BUTTON, data=deed.data, origin=deed.origin)
        case Start():
            return Update(name, address, UpdateKind.START, data=deed.data)
        case File():
            return Update(name, address, UpdateKind.PICTURE)


def render(delivery: Delivery) -> dict[str, Any]:
    reply = delivery.reply
    return {
        "type": "reply",
        "id": delivery.id,
        "html": to_html(reply.text),
        "speak": to_plain(reply.text),
        "buttons": [_button(button) for button in reply.buttons],
        "picture": picture_url(reply.picture),
        "replaces": reply.replaces,
        "origin": delivery.origin,
    }


def picture_url(path: str) -> str:
    return f"/pictures/{quote(path)}" if path else ""


def _button(button: Button) -> dict[str, str]:
    if button.url:
        return {"label": button.label, "url": button.url}
    if button.phone:
        return {"label": button.label, "phone": button.phone.replace(" ", "")}
    return {"label": button.label, "postback": button.postback}
