"""Every channel leads a person through a whole guide, typed from its number to its end, by way of store and outbox."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from bot.channels.terminal import TerminalChannel
from bot.content.model import ROUND
from bot.delivery import DeliveryWorker
from bot.engine.library import Library
from bot.stores.memory import MemoryStore
from bot.turns import Turns
from bot.web.chat import WebChat
from bot.web.server import build_app

from .adapters import ADAPTERS

Say = Callable[[str], Awaitable[str]]
"""Types a text and returns all that the person sees by then."""


async def on_platform(name: str, library: Library, folder: Path, stack: AsyncExitStack) -> Say:
    platform = ADAPTERS[name]()
    await platform.start()
    stack.push_async_callback(platform.stop)
    channel = platform.channel(folder)
    stack.push_async_callback(channel.stop)
    store = MemoryStore()
    turns = Turns(store, lambda: library)
    delivery = DeliveryWorker(store, {channel.name: channel})
    count = 0

    async def say(text: str) -> str:
        nonlocal count
        count += 1
        body = platform.text(count, text)
        for update in channel.parse(platform.signed(body), body):
            await turns.accept(update)
        while await delivery.deliver_due():
            pass
        return "\n".join(platform.shown())

    return say


async def in_terminal(library: Library) -> Say:
    printed: list[str] = []
    channel = TerminalChannel(printed.append)
    store = MemoryStore()
    turns = Turns(store, lambda: library)
    delivery = DeliveryWorker(store, {channel.name: channel})

    async def say(text: str) -> str:
        await turns.accept(channel.typed(text))
        while await delivery.deliver_due():
            pass
        return "\n".join(printed)

    return say


async def on_web(library: Library, stack: AsyncExitStack) -> Say:
    store = MemoryStore()
    turns = Turns(store, lambda: library)
    chat = WebChat(store, "http://127.0.0.1")
    turns.on_commit(chat.wake)
    await chat.start(turns.accept)

    async def ready() -> dict[str, object]:
        return {"ready": True}

    app = build_app(
        store=store,
        content=lambda: library.content,
        chat=chat,
        accept=turns.accept,
        ready=ready,
        public_url="http://127.0.0.1",
        telegram_username=lambda: None,
    )
    browser = await stack.enter_async_context(TestClient(TestServer(app)))
    await browser.get("/")
    seen: list[str] = []

    async def say(text: str) -> str:
        message = {"type": "say", "id": str(uuid.uuid4()), "text": text}
        taken = await browser.post("/chat/send", json=message)
        if taken.status == 429:  # nobody types as fast as this: the page waits and sends it again
            await asyncio.sleep(int(taken.headers["Retry-After"]))
            taken = await browser.post("/chat/send", json=message)
        assert taken.status == 200
        answer = await (await browser.get("/chat/replies?after=0&wait=0")).json()
        seen[:] = [reply["speak"] for reply in answer["replies"]]
        return "\n".join(seen)

    return say


@pytest_asyncio.fixture(params=[*sorted(ADAPTERS), "console", "web"])
async def say(request: pytest.FixtureRequest, library: Library, tmp_path: Path) -> AsyncIterator[Say]:
    async with AsyncExitStack() as stack:
        match request.param:
            case "console":
                yield await in_terminal(library)
            case "web":
                yield await on_web(library, stack)
            case name:
                yield await on_platform(name, library, tmp_path, stack)


async def test_a_quiz_is_done_to_its_score(say: Say, library: Library) -> None:
    """A round typed from its number to its end: right, wrong, by words and by numbers."""
    quiz = next(iter(library.content.quizzes.values()))
    assert quiz.title in await say(f"so {quiz.code}")
    shown = await say("bat dau")
    for number, item in enumerate(quiz.items[:ROUND], 1):
        assert f"Câu {number}/{ROUND}" in shown
        assert item.say in shown
        answer = ("lừa", "1", "tin duoc", "2")[number % 4]
        assert item.why in await say(answer)
        shown = await say("tiep")
    assert f"/{ROUND} câu" in shown
    assert quiz.done in shown


async def test_a_guide_is_walked_to_its_end(say: Say, library: Library) -> None:
    guide = min(
        (guide for guide in library.content.guides.values() if not any(step.choose for step in guide.steps)),
        key=lambda guide: guide.code,
    )
    assert guide.title in await say(f"so {guide.code}")
    shown = await say("bat dau")
    for number in range(1, len(guide.steps) + 1):
        assert f"Bước {number}/{len(guide.steps)}" in shown
        shown = await say("xong")
    assert "✅" in shown
