"""How long a platform waits for 200: the real program with SQLite under 200 deliveries a second, a channel at a time.

Run it with .venv/bin/python -m benchmarks.webhooks
The time counts from when a delivery was due, so that one slow answer cannot hide those that queue behind it.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import aiohttp

from tests.channels import fake_zalo
from tests.channels.fake_telegram import FakeTelegram, message, tap
from tests.running import Program

RATE, SECONDS = 200, 20  # deliveries a second, for how long
PEOPLE = 1000
WARM_UP = 1  # seconds that are not counted
SAID = ("vneid ko vào dc", "menu", "1", "quên mật khẩu vneid thì làm sao", "bảo hiểm y tế trên điện thoại")
TOKEN, SECRET = "123456:AAsecretOfTheBenchmark", "webhook-secret-of-ours"
APP_SECRET, OA_SECRET, REFRESH_TOKEN = "app-secret", "oa-secret", "refresh-token"

Make = Callable[[int], tuple[bytes, Mapping[str, str]]]
"""The body and headers of a delivery, by its number."""


class Answer(NamedTuple):
    milliseconds: float
    status: int


def telegram(number: int) -> tuple[bytes, Mapping[str, str]]:
    person = {"id": 1000 + number % PEOPLE, "type": "private"}
    payload = message(number, SAID[number % len(SAID)], chat=person) if number % 4 else tap(number, "m")
    return json.dumps(payload).encode(), {"X-Telegram-Bot-Api-Secret-Token": SECRET}


def zalo_oa(number: int) -> tuple[bytes, Mapping[str, str]]:
    now = int(time.time() * 1000)
    payload = fake_zalo.text(f"m{number}", SAID[number % len(SAID)], now, person=str(9000 + number % PEOPLE))
    body = json.dumps(payload).encode()
    return body, fake_zalo.signed(body, OA_SECRET)


CHANNELS: Mapping[str, Make] = {"telegram": telegram, "zalo-oa": zalo_oa}


def main() -> None:
    ours, theirs = multiprocessing.Pipe()
    platforms = multiprocessing.get_context("spawn").Process(target=_play_platforms, args=(theirs,), daemon=True)
    platforms.start()
    try:
        blocks = _blocks(*ours.recv())
        load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
        print(f"{RATE} deliveries a second for {SECONDS} s, {PEOPLE} people, {os.cpu_count()} cores (load {load})\n")
        print("| channel | deliveries | not 200 | p50 ms | p99 ms | worst ms | replies still to send |")
        print("| --- | --: | --: | --: | --: | --: | --: |")
        for name, make in CHANNELS.items():
            with tempfile.TemporaryDirectory() as folder:
                # One channel at a time: a second program would find the refresh token spent.
                channel = name.replace("-", "_")
                program = Program(Path(folder), f"channels: {json.dumps({channel: blocks[channel]})}\n")
                try:
                    program.start()
                    answers = asyncio.run(_deliver(f"{program.url}/webhook/{name}", make))
                    waiting = json.loads(program.get("/readyz"))["outbox"]["waiting"]
                finally:
                    program.stop()
            print(_row(name, answers, waiting), flush=True)
    finally:
        platforms.terminate()


def _row(name: str, answers: list[Answer], waiting: int) -> str:
    times = [answer.milliseconds for answer in answers]
    p50, p99 = (statistics.quantiles(times, n=100)[percent - 1] for percent in (50, 99))
    refused = sum(answer.status != 200 for answer in answers)
    return f"| {name} | {len(answers)} | {refused} | {p50:.1f} | {p99:.1f} | {max(times):.1f} | {waiting} |"


async def _deliver(url: str, make: Make) -> list[Answer]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        clock = asyncio.get_running_loop().time
        began = clock() + 0.1

        async def one(number: int) -> Answer:
            due = began + number / RATE
            body, headers = make(number + 1)
            await asyncio.sleep(max(0.0, due - clock()))
            async with session.post(url, data=body, headers=headers) as response:
                await response.read()
                return Answer((clock() - due) * 1000, response.status)

        tasks = []
        for number in range(RATE * (WARM_UP + SECONDS)):
            await asyncio.sleep(max(0.0, began + number / RATE - 0.05 - clock()))  # made just before they are due
            tasks.append(asyncio.create_task(one(number)))
        return (await asyncio.gather(*tasks))[RATE * WARM_UP :]


def _play_platforms(pipe: Connection) -> None:
    """In a process of their own, so that answering the replies does not slow the deliveries."""

    async def play() -> None:
        bot, account = FakeTelegram(TOKEN), fake_zalo.FakeZalo(APP_SECRET, REFRESH_TOKEN)
        await bot.start()
        await account.start()
        pipe.send((bot.base_url, account.base_url))
        await asyncio.Event().wait()

    asyncio.run(play())


def _blocks(bot_api: str, account_api: str) -> dict[str, dict[str, str]]:
    """Of config.yaml, by channel."""
    telegram = {"token": TOKEN, "mode": "webhook", "webhook_secret": SECRET, "api_base": bot_api}
    zalo_oa = {
        "oa_id": fake_zalo.OA_ID,
        "app_id": fake_zalo.APP_ID,
        "app_secret": APP_SECRET,
        "oa_secret": OA_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "api_base": account_api,
        "oauth_base": account_api,
    }
    return {"telegram": telegram, "zalo_oa": zalo_oa}


if __name__ == "__main__":
    main()
