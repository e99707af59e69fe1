"""Pages that are read without a conversation, and the links that volunteers share."""

from __future__ import annotations

import re
from io import BytesIO
from xml.etree import ElementTree

import pytest
import segno

from bot.engine.model import EventKind
from bot.web.rendering import STATIC

from .site import NOON, PATH, PUBLIC, QUIZ, VERIFIER, VNEID, Site


async def read(site: Site, path: str, status: int = 200) -> str:
    async with site.client.get(path, allow_redirects=False) as response:
        assert response.status == status
        return await response.text()


async def test_zalo_finds_its_proof_of_the_domain(site: Site) -> None:
    for path in ("/", f"/zalo_verifier{VERIFIER}.html"):
        assert f'<meta name="zalo-platform-site-verification" content="{VERIFIER}">' in await read(site, path)


class TestGuide:
    async def test_everything_of_the_guide_is_on_the_page(self, site: Site) -> None:
        page = await read(site, f"/g/{VNEID.id}")
        for text in (
            "Kích hoạt &lt;VNeID&gt; &amp; &#34;mở&#34;",
            "10 phút",
            "Mã số <b>14</b>",
            "Cúp máy",
            "Thẻ căn cước",
            "Gọi 1900 0368, bấm <strong>Gửi</strong>.",
            "Sẽ thấy: Ô nhập mã",
            'href="tel:19000368"',
            "Không thấy nút",
            "Kéo xuống.",
            "Mạng chậm",
            "Không đọc mã cho ai.",
            "vneid.gov.vn",
            "xem ngày 20/11/2026",
            "Rà lại ngày 24/11/2026",
            'href="/g/lua-dao"',
        ):
            assert text in page, text

    async def test_forks_say_where_they_lead(self, site: Site) -> None:
        page = await read(site, f"/g/{VNEID.id}")
        assert '<a href="#otp"><b>Có rồi</b> <span>sang bước 3</span></a>' in page
        assert '<a href="/g/lua-dao"><b>Mất tiền rồi</b> <span>xem bài “Đã mất tiền”</span></a>' in page
        assert '<a href="#done"><b>Thôi</b> <span>vậy là xong</span></a>' in page
        assert "<li><b>Bài chưa viết</b></li>" in page
        assert 'Xong thì <a href="#done">vậy là xong</a>' in page

    async def test_what_is_urgent_comes_first(self, site: Site) -> None:
        page = await read(site, f"/g/{VNEID.id}")
        assert page.index("Cúp máy") < page.index("Thẻ căn cước") < page.index("Có tin nhắn chưa?")

    async def test_it_can_be_shared(self, site: Site) -> None:
        page = await read(site, f"/g/{VNEID.id}?v=an")
        assert 'property="og:title" content="Kích hoạt &lt;VNeID&gt; &amp; &#34;mở&#34;"' in page
        assert 'property="og:description" content="Có tin nhắn thì mở tài khoản."' in page
        assert f'property="og:url" content="{PUBLIC}/g/{VNEID.id}"' in page
        assert f"https://t.me/hocvuso_bot?start={VNEID.id}_an" in page
        assert f"{PUBLIC}/s/{VNEID.id}?v=an" in page
        assert f'href="/?start={VNEID.id}_an"' in page

    @pytest.mark.parametrize("telegram_username", [None])
    async def test_without_a_telegram_bot_there_is_no_link_to_it(self, site: Site) -> None:
        assert "t.me" not in await read(site, f"/g/{VNEID.id}")
        site.telegram_username = "hocvuso_bot"  # Telegram was reached since
        assert "https://t.me/hocvuso_bot?" in await read(site, f"/g/{VNEID.id}")

    async def test_a_strange_volunteer_is_nobody(self, site: Site) -> None:
        assert "script>alert" not in await read(site, f'/g/{VNEID.id}?v="><script>alert(1)</script>')

    async def test_the_printed_number_leads_there(self, site: Site) -> None:
        async with site.client.get("/g/14", allow_redirects=False) as response:
            assert response.headers["Location"] == f"/g/{VNEID.id}"

    async def test_a_mistyped_name_offers_the_nearest(self, site: Site) -> None:
        page = await read(site, "/g/vneid-kich-hoạt", status=404)
        assert "Có phải bài này không?" in page
        assert f"/g/{VNEID.id}" in page

    async def test_an_unknown_name_offers_all(self, site: Site) -> None:
        page = await read(site, "/g/xxxxxxxxxxxx", status=404)
        assert "Không có trang này" in page
        assert "/g/lua-dao" in page


class TestQuiz:
    async def test_every_item_has_its_answer_folded_away_below_it(self, site: Site) -> None:
        page = await read(site, f"/g/{QUIZ.id}")
        assert page.count("<details>") == page.count("<summary>Xem trả lời</summary>") == len(QUIZ.items)
        for number, item in enumerate(QUIZ.items):
            shown = page[page.index(f'id="{item.id}"') :].split("</li>")[0]
            question, answer = shown.split("<details>")
            assert f"Tôi là &lt;công an&gt; số {number}." in question
            assert item.why not in question
            assert item.why in answer
            assert ("Lừa đảo." if item.truth == "lua" else "Tin được.") in answer
            assert '<a href="/g/lua-dao">Đã mất tiền</a>' in answer
        assert page.index("<h1>Thật hay &lt;lừa&gt;?</h1>") < page.index("Giỏi rồi.")

    async def test_it_is_found_shared_and_counted_as_a_guide_is(self, site: Site) -> None:
        assert f'href="/?start={QUIZ.id}"' in await read(site, f"/g/{QUIZ.id}")
        assert f'href="/g/{QUIZ.id}"' in await read(site, "/g/khong-co-bai-nay-dau", status=404)
        assert "<svg" in await read(site, f"/g/{QUIZ.id}/qr.svg")
        await read(site, "/g/104", status=302)
        await read(site, f"/s/{QUIZ.id}?v=nam", status=302)
        (logged,) = site.store.events(NOON)
        assert (logged.event.kind, logged.event.guide) == (EventKind.SHARED, QUIZ.id)


class TestCertificate:
    async def test_the_name_has_no_way_to_the_server(self, site: Site) -> None:
        page = await read(site, f"/giay-khen/{PATH.id}")
        assert "Người &lt;mới&gt;" in page
        assert "<form" not in page
        (field,) = re.findall(r"<input[^>]*>", page)
        assert " name=" not in field
        script = (STATIC / "certificate.js").read_text(encoding="utf-8")
        assert not re.search(r"fetch\(|XMLHttpRequest|sendBeacon|WebSocket|Storage|cookie", script)

    async def test_an_unknown_path_has_none(self, site: Site) -> None:
        await read(site, "/giay-khen/khong-co", status=404)


class TestQr:
    @pytest.mark.parametrize(
        ("query", "link"), [("", f"{PUBLIC}/g/{VNEID.id}"), ("?v=an", f"{PUBLIC}/s/{VNEID.id}?v=an")]
    )
    async def test_it_holds_the_public_link(self, site: Site, query: str, link: str) -> None:
        svg = await read(site, f"/g/{VNEID.id}/qr.svg{query}")
        expected = BytesIO()
        segno.make(link, error="m", micro=False).save(expected, kind="svg", border=4, scale=8, light="#fff")
        paths = [path.get("d") for path in ElementTree.fromstring(svg).iter() if path.tag.endswith("path")]
        assert paths == [
            path.get("d") for path in ElementTree.fromstring(expected.getvalue()).iter() if path.tag.endswith("path")
        ]

    async def test_no_guide_no_code(self, site: Site) -> None:
        await read(site, "/g/khong-co/qr.svg", status=404)


class TestSharedLink:
    async def test_it_counts_and_leads_on(self, site: Site) -> None:
        async with site.client.get(f"/s/{VNEID.id}?v=an", allow_redirects=False) as response:
            assert response.status == 302
            assert response.headers["Location"] == f"/g/{VNEID.id}?v=an"
        (logged,) = site.store.events(NOON)
        assert logged.event.kind is EventKind.SHARED
        assert (logged.event.topic, logged.event.guide, logged.event.volunteer) == ("vneid", VNEID.id, "an")
        assert logged.person == ""

    @pytest.mark.parametrize("query", ["", "?v=", "?v=An", "?v=" + "a" * 21, "?v=a%0D%0Ab"])
    async def test_a_strange_code_is_not_counted_and_the_guide_is_shown(self, site: Site, query: str) -> None:
        async with site.client.get(f"/s/{VNEID.id}{query}", allow_redirects=False) as response:
            assert response.headers["Location"] == f"/g/{VNEID.id}"
        assert site.store.events(NOON) == []

    async def test_a_preview_is_nobody(self, site: Site) -> None:
        await site.client.get(f"/s/{VNEID.id}?v=an", headers={"User-Agent": "TelegramBot (like TwitterBot)"})
        await site.client.head(f"/s/{VNEID.id}?v=an")
        assert site.store.events(NOON) == []

    async def test_a_store_that_is_down_hides_no_guide(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        def down(*_: object) -> None:
            raise OSError

        monkeypatch.setattr(site.store, "record", down)
        await read(site, f"/s/{VNEID.id}?v=an", status=302)

    async def test_an_unknown_guide_is_a_404(self, site: Site) -> None:
        await read(site, "/s/khong-co?v=an", status=404)


class TestChatPage:
    async def test_without_javascript_the_guides_are_there(self, site: Site) -> None:
        page = await read(site, "/")
        plain = page[page.index("<noscript>") : page.index("</noscript>")]
        assert f'href="/g/{VNEID.id}"' in plain

    async def test_no_script_or_style_is_inline_or_foreign(self, site: Site) -> None:
        for path in ("/", f"/g/{VNEID.id}", "/g/khong-co"):
            async with site.client.get(path) as response:
                page = await response.text()
                policy = response.headers["Content-Security-Policy"]
            assert "script-src 'self';" in policy
            assert "unsafe" not in policy
            assert "<style" not in page
            assert "style=" not in page
            assert page.count("<script") == page.count('<script src="/static/')
            assert " onclick" not in page

    async def test_static_files_are_kept_by_their_version(self, site: Site) -> None:
        page = await read(site, "/")
        for name in ("base.css", "chat.css", "chat.js", "icon.svg"):
            start = page.index(f"/static/{name}?v=")
            async with site.client.get(page[start : page.index('"', start)]) as response:
                assert response.status == 200
                assert "immutable" in response.headers["Cache-Control"]

    async def test_every_static_file_is_used(self) -> None:
        templates = "".join(path.read_text(encoding="utf-8") for path in (STATIC.parent / "templates").iterdir())
        assert all(f"'{path.name}'" in templates for path in STATIC.iterdir())


async def test_pictures(site: Site) -> None:
    assert await read(site, "/pictures/vneid/anh.png") == "png"
    await read(site, "/pictures/../site.py", status=404)


async def test_robots(site: Site) -> None:
    assert "Disallow: /s/" in await read(site, "/robots.txt")
