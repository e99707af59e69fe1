"""The tokens of an Official Account: renewed early, by one at a time, stored before use, through every death."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from bot.app import Assistant
from bot.channels.base import trouble_of
from bot.channels.zalo_oa.account import Login
from bot.channels.zalo_oa.api import ZaloApi
from bot.channels.zalo_oa.tokens import EARLY, LEASE, NAME, Pair, Tokens, TokensMissing, Vault
from bot.config import Config
from bot.delivery import DeliveryWorker
from bot.engine.model import Address, Reply, Session, Turn, Update, UpdateKind
from bot.errors import ConnectionFailed
from bot.stores.base import Store
from bot.stores.memory import MemoryStore
from bot.stores.sqlite import SqliteStore
from bot.words import say
from tests.conftest import ROOT

from .adapters import ZaloOaAdapter
from .fake_telegram import eventually
from .fake_zalo import APP_ID, GRANT, OA_ID, SENT_AT, FakeZalo
from .loopback import BadGateway, Hangup

NOON = datetime.fromtimestamp(SENT_AT / 1000, UTC)
SECRET, SEED = "secret-of-the-app", "refresh-token-of-the-console"

# A process with an SQLite store that wants a new pair, and dies just before its STEP-th step of the way there.
REFRESHER = """
import asyncio, os, signal, sys
from datetime import datetime
from bot.channels.zalo_oa.api import ZaloApi
from bot.channels.zalo_oa.tokens import Tokens, Vault
from bot.stores.sqlite import SqliteStore

path, url, app_id, secret, seed, now, step = sys.argv[1:]
left = int(step)

def pass_step():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    api, store = ZaloApi(url, url, app_id, secret), SqliteStore(path)

    async def grant(form):
        pass_step()
        answer = await api.grant(form)
        pass_step()
        return answer

    class Mortal(Vault):
        def load(self):
            pass_step()
            return super().load()

        def swap(self, pair, version):
            pass_step()
            done = super().swap(pair, version)
            pass_step()
            return done

    tokens = Tokens(Mortal(store, seed), grant, lambda: datetime.fromisoformat(now))
    print("ready", flush=True)
    sys.stdin.readline()
    print(await tokens.renew(""), flush=True)
    await api.close()

asyncio.run(main())
"""


@pytest_asyncio.fixture
async def zalo() -> AsyncIterator[FakeZalo]:
    fake = FakeZalo(SECRET, SEED)
    await fake.start()
    yield fake
    await fake.stop()


class World:
    """A store, a clock, and as many programs on them as are wanted."""

    def __init__(self, zalo: FakeZalo, store: Store) -> None:
        self.store = store
        self.now = NOON
        self._api = ZaloApi(zalo.base_url, zalo.base_url, APP_ID, SECRET)

    def program(self, seed: str = SEED) -> Tokens:
        return Tokens(Vault(self.store, seed), self._api.grant, lambda: self.now)

    @property
    def pair(self) -> Pair:
        return Vault(self.store, SEED).load()[0]

    async def login(self, zalo: FakeZalo, seed: str = SEED) -> None:
        attempt = Login(APP_ID, SECRET, zalo.base_url, "https://hoc.example.vn")
        code = zalo.consent(attempt.challenge)
        pasted = f"https://hoc.example.vn/?oa_id={OA_ID}&code={code}"
        assert (await attempt.finish(pasted, OA_ID, self._api, Vault(self.store, seed), self.now))[0]

    async def close(self) -> None:
        await self._api.close()
        self.store.close()


@pytest_asyncio.fixture
async def world(zalo: FakeZalo) -> AsyncIterator[World]:
    world = World(zalo, MemoryStore())
    yield world
    await world.close()


class TestLife:
    async def test_the_first_pair_comes_from_the_config_and_the_store_has_the_next(
        self, zalo: FakeZalo, world: World
    ) -> None:
        assert await world.program().access() == zalo.access_token
        assert await world.program().access() == zalo.access_token
        assert zalo.grants == 1
        assert world.pair.refresh == zalo.refresh_token

    async def test_lives_for_years(self, zalo: FakeZalo, world: World) -> None:
        tokens = world.program()
        for day in range(800):
            world.now = NOON + timedelta(days=day)
            assert await tokens.access() == zalo.access_token
        assert zalo.grants == 400

    async def test_is_renewed_early_by_the_watch(self, zalo: FakeZalo, world: World) -> None:
        await world.program().access()
        for hours, grants in ((19, 1), (21, 2)):
            world.now = NOON + timedelta(hours=hours)
            watch = asyncio.create_task(world.program().watch())
            await asyncio.sleep(0.2)
            watch.cancel()
            assert zalo.grants == grants
        assert world.pair.expires_at - world.now.timestamp() > EARLY

    async def test_all_who_ask_at_once_share_one_refresh(self, zalo: FakeZalo, world: World) -> None:
        tokens = world.program()
        assert set(await asyncio.gather(*(tokens.access() for _ in range(50)))) == {zalo.access_token}
        assert zalo.grants == 1

    async def test_two_programs_at_once_refresh_once(self, zalo: FakeZalo, world: World) -> None:
        zalo.delay = 0.3
        programs = [world.program() for _ in range(5)]
        assert set(await asyncio.gather(*(one.access() for one in programs))) == {zalo.access_token}
        assert zalo.grants == 1

    async def test_a_new_token_in_the_config_is_a_new_beginning(self, zalo: FakeZalo, world: World) -> None:
        await world.program().access()
        zalo.refresh_token = "another-from-the-console"
        assert await world.program("another-from-the-console").access() == zalo.access_token
        assert zalo.grants == 2

    async def test_the_pair_is_in_the_store_before_it_is_used(self, zalo: FakeZalo, world: World) -> None:
        """A store that fails for a moment is asked again: nobody else has the successor."""
        keep, failures = world.store.keep, [False, True, True]

        def unsure(name: str, value: str, version: int) -> bool:
            if failures and failures.pop(0):
                raise OSError("disk full")
            return keep(name, value, version)

        world.store.keep = unsure  # type: ignore[method-assign]
        assert await world.program().access() == zalo.access_token
        assert failures == []
        assert world.pair.access == zalo.access_token

    async def test_a_stop_waits_for_the_refresh_under_way(self, zalo: FakeZalo, world: World) -> None:
        zalo.delay = 0.3
        tokens = world.program()
        asking = asyncio.create_task(tokens.access())
        await asyncio.sleep(0.1)
        asking.cancel()
        await tokens.stop()
        assert world.pair.access == zalo.access_token != ""

    async def test_nothing_of_it_shows(self, world: World) -> None:
        await world.program().access()
        assert world.pair.access not in repr(world.pair) + repr(world.store.recall(NAME))


class TestTrouble:
    @pytest.mark.parametrize("fault", [BadGateway(), Hangup()])
    async def test_an_oauth_server_that_is_down_is_asked_again(
        self, zalo: FakeZalo, world: World, fault: Exception
    ) -> None:
        tokens = world.program()
        zalo.fail(GRANT, fault)
        with pytest.raises(ConnectionFailed):
            await tokens.access()
        assert tokens.trouble() == ""
        assert await tokens.access() == zalo.access_token

    async def test_a_spent_token_is_told_with_the_cure_and_shown_once_only(
        self, zalo: FakeZalo, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        zalo.spend_refresh()
        tokens = world.program()
        for _ in range(3):
            with pytest.raises(TokensMissing):
                await tokens.access()
        assert zalo.called(GRANT) == 1
        assert tokens.trouble() == say("zalo", "lost_refused")
        assert caplog.text.count(say("zalo", "lost_refused")) == 1

    async def test_a_login_mends_it_without_a_restart(self, zalo: FakeZalo, world: World) -> None:
        zalo.spend_refresh()
        tokens = world.program()
        with pytest.raises(TokensMissing):
            await tokens.access()
        await world.login(zalo)
        assert await tokens.access() == zalo.access_token
        assert tokens.trouble() == ""

    async def test_without_any_token_it_says_how_to_get_one(self, zalo: FakeZalo, world: World) -> None:
        tokens = world.program(seed="")
        with pytest.raises(TokensMissing):
            await tokens.access()
        assert tokens.trouble() == say("zalo", "lost_none")
        await world.login(zalo, seed="")
        assert await tokens.access() == zalo.access_token

    async def test_after_a_wrong_secret_was_mended_the_next_start_tries_again(
        self, zalo: FakeZalo, world: World
    ) -> None:
        zalo.app_secret = "another"
        with pytest.raises(TokensMissing):
            await world.program().access()
        zalo.app_secret = SECRET
        restarted = world.program()
        assert await restarted.access() == zalo.access_token
        assert restarted.trouble() == ""

    async def test_the_old_access_token_is_used_to_its_end(self, zalo: FakeZalo, world: World) -> None:
        tokens = world.program()
        access = await tokens.access()
        zalo.spend_refresh()
        world.now += timedelta(hours=21)
        watch = asyncio.create_task(tokens.watch())
        await asyncio.sleep(0.2)
        watch.cancel()
        assert tokens.trouble() == say("zalo", "lost_refused")
        assert await tokens.access() == access


class TestLogin:
    @pytest.mark.parametrize(
        ("pasted", "key"),
        [
            ("", "login_no_code"),
            ("https://hoc.example.vn/?error=access_denied", "login_no_code"),
            ("https://hoc.example.vn/?oa_id=99&code=abcdefghijk", "login_other_oa"),
            ("https://hoc.example.vn/?code=wrong-code-it-is", "login_refused"),
        ],
    )
    async def test_what_goes_wrong_is_told_and_nothing_stored(
        self, zalo: FakeZalo, world: World, pasted: str, key: str
    ) -> None:
        attempt = Login(APP_ID, SECRET, zalo.base_url, "https://hoc.example.vn")
        api = ZaloApi(zalo.base_url, zalo.base_url, APP_ID, SECRET)
        is_stored, outcome = await attempt.finish(pasted, OA_ID, api, Vault(world.store, ""), NOON)
        await api.close()
        assert not is_stored
        assert outcome == say("zalo", key, given="99", wanted=OA_ID, code="-14019")
        assert world.store.recall(NAME).version == 0

    def test_the_verifier_stays_the_same_and_has_the_length_zalo_wants(self) -> None:
        one, other = (Login(APP_ID, SECRET, "https://o", "https://r") for _ in range(2))
        assert one.verifier == other.verifier
        assert (len(one.verifier), len(one.challenge)) == (43, 43)
        assert one.verifier not in one.link


class Refresher:
    """REFRESHER as a process."""

    def __init__(self, zalo: FakeZalo, path: Path, now: datetime = NOON) -> None:
        self._start = (sys.executable, "-c", REFRESHER, str(path), zalo.base_url, APP_ID, SECRET, SEED, now.isoformat())

    async def run(self, dies_at: int = 0) -> tuple[int, str]:
        """Its end, and the token it got."""
        process = await self.start(dies_at)
        return await self.go(process)

    async def start(self, dies_at: int = 0) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *self._start, str(dies_at), cwd=ROOT, stdin=pipe, stdout=pipe, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        assert process.stdout
        assert await process.stdout.readline() == b"ready\n"
        return process

    async def go(self, process: asyncio.subprocess.Process) -> tuple[int, str]:
        output, _ = await process.communicate(b"go\n")
        assert process.returncode is not None
        return process.returncode, output.decode().strip()


@pytest.mark.parametrize("step", range(1, 9))
async def test_a_death_at_any_step_loses_nothing_or_is_told_with_the_cure(
    zalo: FakeZalo, tmp_path: Path, step: int
) -> None:
    """Steps: read, before and after the mark, before and after Zalo, read again, before and after the commit."""
    path = tmp_path / "store.db"
    code, _ = await Refresher(zalo, path).run(dies_at=step)
    assert code == -signal.SIGKILL
    world = World(zalo, SqliteStore(path))
    world.now += timedelta(seconds=LEASE + 1)
    tokens = world.program()
    is_lost = zalo.grants == 1 and world.pair.refresh != zalo.refresh_token
    assert is_lost == (step in (5, 6, 7))
    if is_lost:
        with pytest.raises(TokensMissing):
            await tokens.access()
        assert tokens.trouble() == say("zalo", "lost_interrupted")
        await world.login(zalo)
    assert await tokens.access() == zalo.access_token
    assert tokens.trouble() == ""
    await world.close()


async def test_the_steps_above_are_all_of_them(zalo: FakeZalo, tmp_path: Path) -> None:
    assert await Refresher(zalo, tmp_path / "store.db").run(dies_at=9) == (0, zalo.access_token)


async def test_a_dead_refreshers_lease_ends(zalo: FakeZalo, tmp_path: Path) -> None:
    """Until then nobody else may show the token: the refresher might be alive."""
    path = tmp_path / "store.db"
    await Refresher(zalo, path).run(dies_at=4)
    world = World(zalo, SqliteStore(path))
    asking = asyncio.create_task(world.program().access())
    await asyncio.sleep(0.5)
    assert zalo.grants == 0
    world.now += timedelta(seconds=LEASE + 1)
    assert await asking == zalo.access_token
    await world.close()


async def test_two_processes_refresh_once_between_them(zalo: FakeZalo, tmp_path: Path) -> None:
    zalo.delay = 0.5
    refresher = Refresher(zalo, tmp_path / "store.db")
    processes = [await refresher.start() for _ in range(2)]
    ends = await asyncio.gather(*(refresher.go(process) for process in processes))
    assert ends == [(0, zalo.access_token)] * 2
    assert zalo.grants == 1


async def test_a_refresh_under_load_loses_no_message(tmp_path: Path) -> None:
    zalo = ZaloOaAdapter()
    await zalo.start()
    channel = zalo.channel(tmp_path)
    worker = DeliveryWorker(zalo.store, {channel.name: channel}, lambda: zalo.now)
    for number in range(300):
        update = Update(str(number), Address("zalo_oa", f"person-{number}"), UpdateKind.TEXT)
        zalo.store.commit(update, Turn(Session(), (Reply(f"{number} a"), Reply(f"{number} b"))), zalo.now)
    zalo.api.delay = 0.05
    while zalo.store.outbox_counts()["waiting"]:
        before = len(zalo.shown())
        sending = asyncio.create_task(worker.deliver_due())
        if before in (96, 320):
            await eventually(lambda: len(zalo.shown()) >= before + 10)  # noqa: B023
            zalo.api.expire_access()
            zalo.now += timedelta(minutes=2)
        await sending
    assert sorted(zalo.shown()) == sorted(f"{number} {part}" for number in range(300) for part in "ab")
    assert zalo.store.outbox_counts()["dead"] == 0
    assert zalo.api.grants == 3
    await channel.stop()
    await zalo.stop()


class TestCommands:
    """`hocvuso zalo` as an administrator runs it."""

    async def run(self, folder: Path, zalo: FakeZalo, *command: str, typed: Callable[[str], str] = str) -> str:
        block = {"app_id": APP_ID, "app_secret": SECRET, "oa_secret": "x", "oa_id": OA_ID}
        block |= {"api_base": zalo.base_url, "oauth_base": zalo.base_url}
        config = {"server": {"public_url": "https://hoc.example.vn"}, "channels": {"zalo_oa": block}}
        (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "zalo", *command, "--config", str(folder / "config.yaml"),
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin
        process.stdin.write(typed("").encode() + b"\n")
        output, _ = await process.communicate()
        return output.decode()

    async def test_login_and_status(self, zalo: FakeZalo, tmp_path: Path) -> None:
        challenge = Login(APP_ID, SECRET, zalo.base_url, "https://hoc.example.vn").challenge
        code = zalo.consent(challenge)
        said = await self.run(tmp_path, zalo, "login", typed=lambda _: f"https://hoc.example.vn?code={code}")
        assert f"app_id={APP_ID}&redirect_uri=https%3A%2F%2Fhoc.example.vn&code_challenge={challenge}" in said
        assert say("zalo", "login_done") in said
        said = await self.run(tmp_path, zalo, "status", "--user", "9001")
        for part in ("24 giờ", "89 ngày", "Bình dân học vụ số", OA_ID, "1900 trên 2000", "9001", "48 giờ"):
            assert part in said
        for hidden in (SECRET, zalo.access_token, zalo.refresh_token):
            assert hidden not in said

    async def test_status_before_any_login(self, zalo: FakeZalo, tmp_path: Path) -> None:
        assert say("zalo", "status_none") in await self.run(tmp_path, zalo, "status")


async def test_readyz_and_the_admins_chat_say_what_to_do(zalo: FakeZalo, tmp_path: Path) -> None:
    adapter = ZaloOaAdapter()
    adapter.api = zalo
    zalo.spend_refresh()
    channel = adapter.channel(tmp_path)
    live: Any = SimpleNamespace(status=dict, library=None)
    config = Config.model_validate({"admin": {"chats": ["telegram:42"]}})
    assistant = Assistant(config, adapter.store, live, {channel.name: channel})
    assert (await assistant.readiness())["channels"] == {}

    async def accept(update: Update) -> None: ...

    await channel.start(accept)
    await eventually(lambda: bool(trouble_of(channel)))
    state = await assistant.readiness()
    await assistant.alerts.look()
    await channel.stop()
    [alert] = adapter.store.waiting(Address("telegram", "42"), 0)
    assert "hocvuso zalo login" in alert.reply.text
    assert state["channels"] == {"zalo_oa": say("zalo", "lost_refused")}
    assert state["ready"], "the other channels work on"


def test_a_pair_survives_its_own_json() -> None:
    store: Any = MemoryStore()
    vault = Vault(store, "")
    pair = replace(Pair("a", "b", 5.5, 4.5, "", 3.5, 2.5), lost="interrupted")
    vault.replace(pair)
    assert vault.load() == (pair, 1)
