"""The small site of site.py, listening on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from .site import PUBLIC, Site


@pytest.fixture
def public_url() -> str:
    return PUBLIC


@pytest.fixture
def telegram_username() -> str | None:
    return "hocvuso_bot"


@pytest_asyncio.fixture
async def site(public_url: str, telegram_username: str | None, tmp_path: Path) -> AsyncIterator[Site]:
    (tmp_path / "vneid").mkdir()
    (tmp_path / "vneid" / "anh.png").write_bytes(b"png")
    site = Site(public_url, tmp_path, telegram_username)
    await site.chat.start(site.accept)
    async with TestClient(TestServer(site.app)) as site.client:
        yield site
