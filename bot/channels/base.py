"""What every channel promises, and how a reply becomes plainer where a channel can show less."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from bot.channels.splitting import Measure, characters, strip_bold, utf16_units
from bot.engine.model import Button, Reply, Update
from bot.stores.base import Delivery

PICTURE_LIMIT = 10 * 1024 * 1024  # bytes of a picture that is looked at: the largest photo that Telegram takes


@dataclass(frozen=True)
class Capabilities:
    """What a channel can show."""

    text_limit: int  # in units of `measure`
    buttons: int  # under one message; 0: choices are numbered in the text
    label_limit: int  # characters
    pictures: bool = False
    edits: bool = False
    utf16: bool = False  # the limit counts UTF-16 units, not characters
    styles: bool = True  # **bold** can be shown
    urls: bool = True  # a button may open a link
    phones: bool = True  # a button may call a number
    undrawn: bool = False  # some of its clients draw no buttons: the text tells them all

    @property
    def measure(self) -> Measure:
        return utf16_units if self.utf16 else characters


Accept = Callable[[Update], Awaitable[None]]
"""Takes one update to its committed turn. Raises only when nothing was committed."""


class Channel(Protocol):
    """A messaging platform. A registry entry makes it from its block of config.yaml."""

    name: str
    capabilities: Capabilities

    async def start(self, accept: Accept) -> None:
        """Connect, announce, poll: whatever makes updates come. Must not fail because the platform is down."""

    async def stop(self) -> None: ...

    async def send(self, delivery: Delivery) -> None:
        """Deliver one reply. Raises a SendError, never a vendor's exception."""


@runtime_checkable
class WebhookChannel(Channel, Protocol):
    """A channel whose platform posts to us."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Update]:
        """Raises BadSignature or InvalidUpdate. An event that means nothing to us is an empty list.

        Called in the event loop: what the platform wants to hear at once, as that a tap arrived, is sent from here.
        """


@runtime_checkable
class PictureChannel(Channel, Protocol):
    """A channel from which a picture that somebody sent can be had."""

    async def fetch(self, picture: str) -> bytes:
        """`picture`: Update.picture. At most PICTURE_LIMIT bytes, of whatever kind. Raises a SendError."""


@runtime_checkable
class TroubledChannel(Channel, Protocol):
    """A channel that knows when only a person can help it."""

    def trouble(self) -> str:
        """What an operator must mend, and how, in Vietnamese; empty when all is well."""


def trouble_of(channel: Channel) -> str:
    return channel.trouble() if isinstance(channel, TroubledChannel) else ""


def degrade(reply: Reply, can: Capabilities) -> Reply:
    """The same reply within what the channel can show. Nothing a person could do is lost.

    Choices that do not all fit as buttons, or not with their whole label, are numbered in the text, so that
    "2" can be typed; the numbers are those of the conversation, which counts the buttons with a postback.
    """
    fitting = [button for button in reply.buttons if _is_tappable(button, can)]
    shown = fitting[: can.buttons]
    is_cramped = any(len(button.label) > can.label_limit for button in shown)
    choices = [button for button in reply.buttons if button.postback]
    contacts = [_in_words(button) for button in reply.buttons if _is_told(button, shown, can)]
    numbered = [f"{number}. {choice.label}" for number, choice in enumerate(choices, 1)]
    if not is_cramped and not can.undrawn and all(choice in shown for choice in choices):
        numbered = []
    text = reply.text if can.styles else strip_bold(reply.text)
    return Reply(
        text="\n\n".join(part for part in (text, "\n".join([*contacts, *numbered])) if part),
        buttons=tuple(replace(button, label=_shorten(button.label, can.label_limit)) for button in shown),
        picture=reply.picture if can.pictures else "",
        replaces=reply.replaces and can.edits,
    )


def _is_tappable(button: Button, can: Capabilities) -> bool:
    # Platforms refuse a whole message for a button to http://, which a trial without a domain has.
    can_open = can.urls and button.url.startswith("https://")
    return bool(button.postback or can_open or (button.phone and can.phones))


def _is_told(button: Button, shown: Sequence[Button], can: Capabilities) -> bool:
    return not button.postback and (can.undrawn or button not in shown)


def _in_words(button: Button) -> str:
    return f"{button.label}: {button.phone or button.url}"


def _shorten(label: str, limit: int) -> str:
    return label if len(label) <= limit else label[: limit - 1].rstrip() + "…"
