"""Replies to Bot API calls. PURE. Limits: https://core.telegram.org/bots/api#sendmessage"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bot.channels.base import Capabilities, degrade
from bot.channels.splitting import BOLD, split
from bot.engine.model import CALLBACK_LIMIT, Button, Reply
from bot.errors import Rejected
from bot.stores.base import Delivery

CAPABILITIES = Capabilities(
    text_limit=4096,  # UTF-16 units: the server may count characters, which are never more
    buttons=100,
    label_limit=64,  # characters; not a rule of Telegram, but more is cut on every screen
    pictures=True,
    edits=True,
    utf16=True,
    phones=False,
)
CAPTION_LIMIT = 1024  # UTF-16 units
WIDE_LABEL = 20  # characters; longer ones are cut on a phone when two share a row


class Call(NamedTuple):
    """One request to the Bot API. A photo is named by its path below the pictures' folder."""

    method: str
    params: dict[str, Any]


def render(delivery: Delivery) -> list[Call]:
    """The calls that show this reply, in order; the keyboard is under the last."""
    reply = degrade(delivery.reply, CAPABILITIES)
    calls = [Call(method, {"chat_id": delivery.address.user_id, **params}) for method, params in _contents(reply)]
    if calls and reply.buttons:
        calls[-1].params["reply_markup"] = {"inline_keyboard": _rows(reply.buttons)}
    # An edited message stays where it is, so only a reply that fits in one may take another's place.
    if reply.replaces and delivery.origin.isdecimal() and [call.method for call in calls] == ["sendMessage"]:
        return [Call("editMessageText", {**calls[0].params, "message_id": int(delivery.origin)})]
    return calls


def as_new(call: Call) -> Call:
    """A new message in place of an edit that is no longer possible."""
    return Call("sendMessage", {key: value for key, value in call.params.items() if key != "message_id"})


def as_plain(call: Call) -> Call:
    """The same without styles, for the day when our HTML is refused."""
    params = {key: value for key, value in call.params.items() if key != "parse_mode"}
    for key in ("text", "caption"):
        if key in params:
            params[key] = html.unescape(params[key].replace("<b>", "").replace("</b>", ""))
    return Call(call.method, params)


def _contents(reply: Reply) -> Iterator[Call]:
    text = reply.text
    if reply.picture:
        as_caption = split(text, CAPTION_LIMIT, CAPABILITIES.measure)
        if len(as_caption) <= 1:
            caption = {"caption": _html(text), "parse_mode": "HTML"} if as_caption else {}
            yield Call("sendPhoto", {"photo": reply.picture, **caption})
            return
        yield Call("sendPhoto", {"photo": reply.picture})
    for part in split(text, CAPABILITIES.text_limit, CAPABILITIES.measure):
        yield Call(
            "sendMessage",
            {"text": _html(part), "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}},
        )


def _html(text: str) -> str:
    return BOLD.sub(r"<b>\1</b>", html.escape(text, quote=False))


def _rows(buttons: Sequence[Button]) -> list[list[dict[str, str]]]:
    """Two short labels share a row; a long one has its own."""
    rows: list[list[Button]] = []
    for button in buttons:
        if rows and len(rows[-1]) == 1 and max(len(button.label), len(rows[-1][0].label)) <= WIDE_LABEL:
            rows[-1].append(button)
        else:
            rows.append([button])
    return [[_key(button) for button in row] for row in rows]


def _key(button: Button) -> dict[str, str]:
    if button.url:
        return {"text": button.label, "url": button.url}
    if len(button.postback.encode()) > CALLBACK_LIMIT:
        raise Rejected("callback_data over 64 bytes")
    return {"text": button.label, "callback_data": button.postback}
