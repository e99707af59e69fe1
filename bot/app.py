"""Builds every part from Config, starts them in order, stops them in reverse. The only module that knows everyone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from aiohttp import web

from bot.alerts import Alerts
from bot.blocklist_file import BLOCKLIST, BlocklistFile
from bot.channels.base import Channel, WebhookChannel, trouble_of
from bot.channels.registry import configured_channels
from bot.channels.telegram.client import TelegramChannel
from bot.config import Config
from bot.content.load import PICTURES
from bot.delivery import DeliveryWorker
from bot.engine.model import Address
from bot.errors import StoreError
from bot.learnt import LEARNT, LearntFolder
from bot.live import LiveLibrary
from bot.pictures import Pictures
from bot.stores.base import Store
from bot.stores.sqlite import SqliteStore
from bot.turns import Turns, utc_now
from bot.web.chat import WebChat
from bot.web.server import build_app

log = logging.getLogger(__name__)

PURGE_EVERY = timedelta(hours=6)
STOP_LIMIT = 10.0  # seconds that any one part may take to stop
WEB_STOP_LIMIT = 5.0  # seconds that requests under way may take to end


class Assistant:
    """The whole program around one store. Tests make it with a memory store and channels of their own."""

    def __init__(
        self,
        config: Config,
        store: Store,
        live: LiveLibrary,
        channels: Mapping[str, Channel],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._config = config
        self._now = now
        self.store = store
        self.live = live
        self.channels = channels
        self._blocklist = BlocklistFile(config.data_folder / BLOCKLIST)
        self.turns = Turns(store, lambda: live.library.with_blocklist(self._blocklist.current()), now)
        pictures = Pictures(channels, self.turns.accept)
        self.delivery = DeliveryWorker(store, channels, now, pictures.look)
        self.chat = WebChat(store, config.server.public_url, pictures.look_into)
        self.alerts = Alerts(
            store, channels, [Address(*chat.split(":", 1)) for chat in config.admin.chats], now, self.delivery.wake
        )
        self.turns.on_commit(self.delivery.wake)
        self.turns.on_commit(self.chat.wake)

    async def readiness(self) -> dict[str, object]:
        """Whether citizens are served, and what an operator should look at. Called for /readyz."""
        return await asyncio.to_thread(self._look_around)

    def _look_around(self) -> dict[str, object]:
        try:
            self.store.check()
            store = "ok"
        except Exception as error:
            log.exception("store cannot be written")
            store = type(error).__name__
        return {
            "ready": store == "ok",
            "store": store,
            "outbox": dict(self.store.outbox_counts()),
            "channels": {name: told for name, channel in self.channels.items() if (told := trouble_of(channel))},
            **self.live.status(),
        }

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[web.Application]:
        """The web application with everything behind it at work."""
        async with contextlib.AsyncExitStack() as parts:
            parts.callback(self.store.close)
            for part in (self.chat, *self.channels.values()):
                parts.push_async_callback(_stop, part)
                await part.start(self.turns.accept)
            for work in (self.live.watch(), self.delivery.run(), self.alerts.run(), self._purge()):
                parts.push_async_callback(_cancel, asyncio.create_task(work))
            yield build_app(
                store=self.store,
                content=lambda: self.live.library.content,
                chat=self.chat,
                accept=self.turns.accept,
                ready=self.readiness,
                public_url=self._config.server.public_url,
                webhooks=self._webhooks(),
                telegram_username=self._telegram_username,
                pictures=self._config.content.scenarios / PICTURES,
                now=self._now,
                zalo_verifier=self._config.channels.zalo_oa.verifier,
            )

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """All of it, and the web where people reach it. Raises OSError when the port cannot be had."""
        async with self.running() as application:
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=WEB_STOP_LIMIT)
            await runner.setup()
            try:
                await web.TCPSite(runner, self._config.server.host, self._config.server.port).start()
                yield
            finally:
                await runner.cleanup()

    def _webhooks(self) -> dict[str, WebhookChannel]:
        """By the last part of their path: /webhook/zalo-oa."""
        return {
            name.replace("_", "-"): channel
            for name, channel in self.channels.items()
            if isinstance(channel, WebhookChannel)
        }

    def _telegram_username(self) -> str | None:
        channel = self.channels.get(TelegramChannel.name)
        return channel.username if isinstance(channel, TelegramChannel) else None

    async def _purge(self) -> None:
        """Personal data does not outlive its days."""
        keep = timedelta(days=self._config.privacy.retention_days)
        while True:
            try:
                await asyncio.to_thread(self.store.purge, self._now() - keep)
            except Exception:
                log.exception("old data could not be purged")
            await asyncio.sleep(PURGE_EVERY.total_seconds())


async def _stop(part: Channel | WebChat) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(part.stop(), STOP_LIMIT)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def open_store(config: Config) -> Store:
    """The store of `store.url`, with a pepper of this installation's own. Raises StoreError when it cannot be used."""
    if config.store.sqlite_path is None:
        raise StoreError("postgresql:// is not built yet")
    try:
        pepper = config.privacy.pepper.get_secret_value() or _kept_pepper(config.data_folder / "pepper")
        return SqliteStore(config.store.sqlite_path, pepper)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{config.store.shown}: {error}") from error


def _kept_pepper(path: Path) -> str:
    """Made once and kept beside the data, readable by the program alone."""
    if not path.exists() or not path.stat().st_size:  # empty: the power failed in between
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def build(config: Config) -> Assistant:
    """Raises ContentError when scenarios/ or knowledge/ cannot be used, StoreError when the store cannot."""
    live = LiveLibrary(
        config.content.scenarios,
        config.content.knowledge,
        LearntFolder(config.data_folder / LEARNT),
        site=config.server.public_url,
    )
    phrases = live.library.phrases
    commands = {"menu": phrases.command_menu, "help": phrases.command_help, "stop": phrases.command_stop}
    said = {word: live.library.say(phrase) for word, phrase in commands.items()}
    store = open_store(config)
    channels = configured_channels(config, config.content.scenarios / PICTURES, store, said)
    return Assistant(config, store, live, channels)
