"""The one list of channels. A new channel is a folder and a line in CHANNELS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.channels.base import Channel
from bot.channels.telegram.client import TelegramChannel
from bot.channels.zalo_bot.client import ZaloBotChannel


@dataclass(frozen=True)
class Setting:
    """What every channel may need to know of the installation besides its own block."""

    public_url: str
    pictures: Path
    commands: Mapping[str, str] = field(default_factory=dict)  # word -> what it says it does, for a menu of commands


Factory = Callable[[Any, Setting], Channel]
"""Takes the channel's block of config.yaml. Makes no connection: that is Channel.start."""


def _telegram(block: Any, setting: Setting) -> Channel:
    return TelegramChannel(
        token=block.token.get_secret_value(),
        mode=block.mode,
        webhook_secret=block.webhook_secret.get_secret_value(),
        api_base=block.api_base,
        public_url=setting.public_url,
        commands=setting.commands,
        pictures=setting.pictures,
    )


def _zalo_bot(block: Any, setting: Setting) -> Channel:
    return ZaloBotChannel(
        token=block.token.get_secret_value(),
        mode=block.mode,
        webhook_secret=block.webhook_secret.get_secret_value(),
        api_base=block.api_base,
        public_url=setting.public_url,
    )


CHANNELS: Mapping[str, Factory] = {
    "telegram": _telegram,
    "zalo_bot": _zalo_bot,
}


def configured_channels(config: Any, pictures: Path, commands: Mapping[str, str] | None = None) -> dict[str, Channel]:
    """Every channel of the list that config.yaml turns on, by name."""
    setting = Setting(config.server.public_url, pictures, commands or {})
    blocks = config.channels.named()
    return {name: make(blocks[name], setting) for name, make in CHANNELS.items() if blocks[name].is_on}
