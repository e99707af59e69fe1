"""What only a person can mend is told in the admins' chat, once a day, and once when it works again."""

from __future__ import annotations

from datetime import timedelta

from bot.alerts import Alerts
from bot.channels.base import Accept, Capabilities
from bot.engine.model import Address
from bot.stores.base import Delivery
from bot.stores.memory import MemoryStore
from tests.conftest import NOON

ADMINS = Address("telegram", "42")


class Channel:
    capabilities = Capabilities(text_limit=2000, buttons=5, label_limit=30)

    def __init__(self, name: str) -> None:
        self.name = name
        self.told = ""

    async def start(self, accept: Accept) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, delivery: Delivery) -> None: ...

    def trouble(self) -> str:
        return self.told


class Scene:
    """Two channels, one chat of admins, and a clock."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.channels = {name: Channel(name) for name in ("telegram", "zalo_oa")}
        self.now = NOON
        self.woken: list[Address] = []

    def alerts(self) -> Alerts:
        return Alerts(self.store, self.channels, [ADMINS], lambda: self.now, self.woken.append)

    def written(self) -> list[str]:
        return [delivery.reply.text for delivery in self.store.waiting(ADMINS, 0)]


async def test_a_lost_token_is_told_once_with_its_cure() -> None:
    scene = Scene()
    alerts = scene.alerts()
    await alerts.look()
    assert scene.written() == []
    scene.channels["zalo_oa"].told = "Chạy hocvuso zalo login"
    await alerts.look()
    await alerts.look()
    [text] = scene.written()
    assert "zalo_oa" in text
    assert "Chạy hocvuso zalo login" in text
    assert ADMINS in scene.woken


async def test_a_restart_or_a_second_process_does_not_tell_it_again_that_day() -> None:
    scene = Scene()
    scene.channels["zalo_oa"].told = "Chạy hocvuso zalo login"
    await scene.alerts().look()
    await scene.alerts().look()
    assert len(scene.written()) == 1
    scene.now += timedelta(days=1)
    await scene.alerts().look()
    assert len(scene.written()) == 2


async def test_the_chat_hears_when_it_works_again() -> None:
    scene = Scene()
    alerts = scene.alerts()
    scene.channels["zalo_oa"].told = "Chạy hocvuso zalo login"
    await alerts.look()
    scene.channels["zalo_oa"].told = ""
    await alerts.look()
    await alerts.look()
    assert [text[0] for text in scene.written()] == ["⚠", "✅"]


async def test_a_chat_on_the_broken_channel_is_left_out() -> None:
    scene = Scene()
    scene.channels["telegram"].told = "token"
    await scene.alerts().look()
    assert scene.written() == []
