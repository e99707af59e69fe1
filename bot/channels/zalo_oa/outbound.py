"""Replies to bodies of `message/cs`. PURE. Limits: developers.zalo.me, the consulting message of v3.0."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bot.channels.base import Capabilities, degrade
from bot.channels.splitting import split
from bot.channels.zalo_oa.inbound import TAP
from bot.engine.model import Button, Reply
from bot.stores.base import Delivery

CAPABILITIES = Capabilities(
    text_limit=2000,  # characters
    buttons=5,
    label_limit=100,  # characters
    pictures=True,
    styles=False,
    undrawn=True,  # on a computer
)


class Message(NamedTuple):
    """One body to post. A picture, named by its path below the pictures' folder, is put in once it is uploaded."""

    body: dict[str, Any]
    picture: str = ""

    def with_picture(self, attachment_id: str) -> dict[str, Any]:
        element = {"media_type": "image", "attachment_id": attachment_id}
        attachment = {"type": "template", "payload": {"template_type": "media", "elements": [element]}}
        return {**self.body, "message": {**self.body["message"], "attachment": attachment}}


def render(delivery: Delivery) -> list[Message]:
    """The messages that show this reply, in order; the buttons are under the last."""
    reply = degrade(delivery.reply, CAPABILITIES)
    recipient = {"user_id": delivery.address.user_id}
    return [Message({"recipient": recipient, "message": content}, picture) for content, picture in _contents(reply)]


def _contents(reply: Reply) -> Iterator[tuple[dict[str, Any], str]]:
    """A message has one attachment: buttons or a picture."""
    texts = split(reply.text, CAPABILITIES.text_limit, CAPABILITIES.measure)
    if reply.picture:
        is_caption = len(texts) == 1 and not reply.buttons
        yield {"text": texts.pop()} if is_caption else {}, reply.picture
    for number, text in enumerate(texts, 1):
        is_last = number == len(texts)
        yield {"text": text, **(_attached(reply.buttons) if is_last and reply.buttons else {})}, ""


def _attached(buttons: Sequence[Button]) -> dict[str, Any]:
    return {"attachment": {"type": "template", "payload": {"buttons": [_button(button) for button in buttons]}}}


def _button(button: Button) -> dict[str, Any]:
    if button.url:
        return {"title": button.label, "type": "oa.open.url", "payload": {"url": button.url}}
    if button.phone:
        return {"title": button.label, "type": "oa.open.phone", "payload": {"phone_code": _phone_code(button.phone)}}
    # Hidden, or the person would seem to say the postback aloud.
    return {"title": button.label, "type": "oa.query.hide", "payload": TAP + button.postback}


def _phone_code(number: str) -> str:
    """Digits with the country's 84 for a 0; hotlines such as 113 and 1900 0368 stay as they are dialled."""
    return re.sub(r"^0", "84", re.sub(r"\D", "", number))
