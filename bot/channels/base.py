"""What every channel promises, and how a reply becomes plainer where a channel can show less."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.engine.model import Update
from bot.stores.base import Delivery


@dataclass(frozen=True)
class Capabilities:
    """What a channel can show."""

    text_limit: int  # in units of `measure`
    buttons: int  # under one message; 0: choices are numbered in the text
    label_limit: int  # characters
    pictures: bool = False
    edits: bool = False
    utf16: bool = False  # the limit counts UTF-16 units, not characters


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


class WebhookChannel(Channel, Protocol):
    """A channel whose platform posts to us."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Update]:
        """Raises BadSignature or InvalidUpdate. An event that means nothing to us is an empty list."""
