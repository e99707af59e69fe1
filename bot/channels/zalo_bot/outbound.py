"""Replies to Bot API calls. PURE. Limits: https://docs.zaloplatforms.com/docs/BOT"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from bot.channels.base import Capabilities, degrade
from bot.channels.splitting import BOLD, split, utf16_units
from bot.engine.model import Reply
from bot.stores.base import Delivery

CAPABILITIES = Capabilities(
    text_limit=2000,  # "characters"; styles are placed in UTF-16 units, so perhaps these are meant
    buttons=0,  # there are none: choices are numbered
    label_limit=2000,
    pictures=True,
    utf16=True,
    urls=False,
    phones=False,
)


class Call(NamedTuple):
    """One request to the Bot API."""

    method: str
    params: dict[str, Any]


def render(delivery: Delivery, pictures_url: str) -> list[Call]:
    """The calls that show this reply, in order. Zalo fetches pictures itself; without an address there are none."""
    reply = degrade(delivery.reply, CAPABILITIES)
    chat = {"chat_id": delivery.address.user_id}
    return [Call(method, {**chat, **params}) for method, params in _contents(reply, pictures_url)]


def as_plain(call: Call) -> Call:
    """The same without styles, for the day when ours are refused."""
    return Call(call.method, {key: value for key, value in call.params.items() if key != "text_styles"})


def _contents(reply: Reply, pictures_url: str) -> Iterator[Call]:
    if reply.picture and pictures_url:
        yield Call("sendPhoto", {"photo": f"{pictures_url}/{quote(reply.picture)}"})
    for part in split(reply.text, CAPABILITIES.text_limit, CAPABILITIES.measure):
        yield Call("sendMessage", _styled(part))


def _styled(text: str) -> dict[str, Any]:
    """Places instead of parse_mode: how to escape its marks is not documented, and people's words hold them."""
    plain = ""
    styles = []
    for index, piece in enumerate(BOLD.split(text)):
        if index % 2:
            styles.append({"start": utf16_units(plain), "len": utf16_units(piece), "st": ["b"]})
        plain += piece
    return {"text": plain, "text_styles": styles} if styles else {"text": plain}
