"""A channel behind the real webhook route and a store that counts: how a delivery is answered, what it changes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple

from aiohttp.test_utils import TestClient, TestServer

from bot.channels.base import WebhookChannel
from bot.engine.library import Library
from bot.engine.model import Turn, Update
from bot.stores.memory import MemoryStore
from bot.turns import Turns
from bot.web.chat import WebChat
from bot.web.server import build_app

PUBLIC = "https://hoc.example.vn"


class Delivery(NamedTuple):
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """Deliveries one after the other, how each is answered, and how many turns come of them all."""

    label: str
    deliveries: tuple[Delivery, ...]
    turns: int = 0
    status: int = 200

    def __str__(self) -> str:
        return self.label.replace(" ", "-")


def as_bytes(payload: Any) -> bytes:
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


class CountingStore(MemoryStore):
    turns = 0

    def commit(self, update: Update, turn: Turn, now: datetime) -> bool:
        done = super().commit(update, turn, now)
        self.turns += done
        return done

    def state(self) -> dict[str, str]:
        return {name: repr(value) for name, value in vars(self).items() if name not in ("_lock", "turns")}


@dataclass
class Gate:
    store: CountingStore
    client: TestClient[Any, Any]
    path: str

    async def deliver(self, delivery: Delivery) -> int:
        async with self.client.post(self.path, data=BytesIO(delivery.body), headers=delivery.headers) as response:
            return response.status


@asynccontextmanager
async def gate(channel: WebhookChannel, library: Library) -> AsyncIterator[Gate]:
    store = CountingStore()
    turns = Turns(store, lambda: library)
    path = channel.name.replace("_", "-")

    async def ready() -> dict[str, bool]:
        return {"ready": True}

    app = build_app(
        store=store,
        content=lambda: library.content,
        chat=WebChat(store, PUBLIC),
        accept=turns.accept,
        ready=ready,
        public_url=PUBLIC,
        webhooks={path: channel},
    )
    async with TestClient(TestServer(app)) as client:
        yield Gate(store, client, f"/webhook/{path}")


async def check(case: Case, channel: WebhookChannel, library: Library) -> None:
    async with gate(channel, library) as site:
        untouched = site.store.state()
        answers = [await site.deliver(delivery) for delivery in case.deliveries]
        assert answers == [case.status] * len(case.deliveries)
        assert site.store.turns == case.turns
        if not case.turns:
            assert site.store.state() == untouched
