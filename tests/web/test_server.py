"""Webhooks, health, headers, errors and the access log."""

from __future__ import annotations

import logging
from io import BytesIO

import pytest

from bot.web import webhooks

from .site import Site


async def deliver(site: Site, body: bytes, channel: str = "telegram") -> int:
    async with site.client.post(f"/webhook/{channel}", data=BytesIO(body)) as response:
        return response.status


class TestWebhook:
    async def test_every_update_is_committed_before_200(self, site: Site) -> None:
        assert await deliver(site, b"mot hai") == 200
        assert [update.text for update in site.updates] == ["mot", "hai"]

    async def test_a_redelivery_changes_nothing(self, site: Site) -> None:
        assert await deliver(site, b"mot") == 200
        assert await deliver(site, b"mot") == 200
        assert site.store.outbox_counts()["waiting"] == 1

    @pytest.mark.parametrize(
        ("body", "status"),
        [(b"forged", 403), (b"strange", 200), (b"bug", 200), (b"", 200), (b"x" * 1024**2 + b"x", 413)],
    )
    async def test_what_is_no_update_is_not_accepted(self, site: Site, body: bytes, status: int) -> None:
        assert await deliver(site, body) == status
        assert site.updates == []

    async def test_not_committed_is_asked_for_again(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        site.broken = True
        assert await deliver(site, b"mot") == 503
        assert "cô Ba" not in caplog.text

    async def test_a_channel_that_is_off_is_not_there(self, site: Site) -> None:
        assert await deliver(site, b"mot", channel="zalo-oa") == 404

    def test_the_limit_is_a_mebibyte(self) -> None:
        assert webhooks.BODY_LIMIT == 1024**2


class TestHealth:
    async def test_alive_is_always_so(self, site: Site) -> None:
        site.ready = False
        assert (await site.client.get("/healthz")).status == 200

    @pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
    async def test_ready_says_why(self, site: Site, ready: bool, status: int) -> None:
        site.ready = ready
        async with site.client.get("/readyz") as response:
            assert response.status == status
            assert await response.json() == {"ready": ready, "store": "ok"}


class TestErrors:
    async def test_a_fault_is_told_in_vietnamese_and_keeps_its_secrets(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with site.client.get("/boom") as response:
            page = await response.text()
            assert response.status == 500
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert "chưa mở được" in page
        assert "Traceback" not in page
        assert "cô Ba" not in page + caplog.text
        assert "ValueError" in caplog.text

    async def test_an_unknown_path_is_told_in_vietnamese(self, site: Site) -> None:
        async with site.client.get("/gi-do?ai=toi") as response:
            assert response.status == 404
            assert "Không có trang này" in await response.text()

    async def test_a_program_is_told_in_short(self, site: Site) -> None:
        async with site.client.get("/webhook/telegram") as response:
            assert response.status == 405
            assert "<html" not in await response.text()


@pytest.mark.parametrize("path", ["/", "/healthz", "/g/khong-co", "/gi-do", "/static/chat.js", "/chat/replies"])
async def test_headers_are_on_everything(site: Site, path: str) -> None:
    async with site.client.get(path) as response:
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


async def test_the_access_log_names_no_one(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bot.web.access")
    await site.client.get("/s/vneid-kich-hoat?v=an", allow_redirects=False)
    await site.client.get("/0905123456?cccd=056123456789")
    lines = [record.getMessage() for record in caplog.records if record.name == "bot.web.access"]
    assert lines[0].startswith("GET /s/{guide} 302 ")
    assert lines[1].startswith("GET - 404 ")
