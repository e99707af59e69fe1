"""The one list of channels. A new channel is a folder and a line in CHANNELS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.channels.base import Channel
from bot.channels.telegram.client import TelegramChannel
from bot.channels.zalo_bot.client import ZaloBotChannel
from bot.channels.zalo_oa.account import connect
from bot.channels.zalo_oa.client import ZaloOaChannel
from bot.stores.base import Store
from bot.stores.memory import MemoryStore


@dataclass(frozen=True)
class Setting:
    """What every channel may need to know of the installation besides its own block."""

    public_url: str
    pictures: Path
    commands: Mapping[str, str] = field(default_factory=dict)  # word -> what it says it does, for a menu of commands
    store: Store = field(default_factory=MemoryStore)  # for what a channel must not forget, as tokens that change
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


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


def _zalo_oa(block: Any, setting: Setting) -> Channel:
    api, vault = connect(block, setting.store)
    return ZaloOaChannel(
        api=api,
        vault=vault,
        store=setting.store,
        app_id=block.app_id,
        oa_secret=block.oa_secret.get_secret_value(),
        pictures=setting.pictures,
        now=setting.now,
    )


CHANNELS: Mapping[str, Factory] = {
    "telegram": _telegram,
    "zalo_oa": _zalo_oa,
    "zalo_bot": _zalo_bot,
}


def configured_channels(
    config: Any, pictures: Path, store: Store, commands: Mapping[str, str] | None = None
) -> dict[str, Channel]:
    """Every channel of the list that config.yaml turns on, by name."""
    setting = Setting(config.server.public_url, pictures, commands or {}, store)
    blocks = config.channels.named()
    return {name: make(blocks[name], setting) for name, make in CHANNELS.items() if blocks[name].is_on}
