"""The web chat in a real Chromium on a phone-sized screen, served by the real program."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno

from bot.engine.library import Library
from tests.running import Program

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]

pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="no Chromium: install Debian's package `chromium`, or set CHROMIUM=/path/to/it"
)
playwright = pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    running = Program(tmp_path_factory.mktemp("program"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(params=[(360, 740), (320, 568)], ids=["phone", "small-phone"])
def page(request: pytest.FixtureRequest, browser, program: Program) -> Iterator[object]:  # type: ignore[no-untyped-def]
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True, locale="vi-VN")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(program.url)
    newest(page).get_by_text("Chào cô bác").wait_for()
    yield page
    assert errors == []
    context.close()


def newest(page):  # type: ignore[no-untyped-def]
    return page.locator(".msg.bot.newest").last


def say(page, text: str) -> None:  # type: ignore[no-untyped-def]
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")


def tap(page, label: str) -> None:  # type: ignore[no-untyped-def]
    newest(page).locator(".choice", has_text=label).first.click()


def tap_on(page, label: str) -> str:  # type: ignore[no-untyped-def]
    """Tap, wait for the answer, and return it."""
    bubble = newest(page).locator(".bubble")
    shown = bubble.inner_text()
    tap(page, label)
    playwright.expect(bubble).not_to_have_text(shown, use_inner_text=True)
    return str(bubble.inner_text())


def tap_to_the_end(page, library: Library, guide_id: str) -> None:  # type: ignore[no-untyped-def]
    guide = library.content.guides[guide_id]
    inside = [label for step in guide.steps for label, target in step.options.items() if guide.step(target)]
    answer = tap_on(page, "Bắt đầu")
    for _ in range(30):
        if "✅" in answer:
            return
        labels = [label.strip() for label in newest(page).locator(".choice").all_inner_texts()]
        answer = tap_on(page, next((label for label in labels if label in inside), "Xong, bước tiếp"))
    raise AssertionError("no end")


def test_a_guide_is_found_and_walked_to_its_end_with_taps_only(page, library: Library) -> None:  # type: ignore[no-untyped-def]
    say(page, "kich hoat vneid")
    newest(page).get_by_text("Kích hoạt tài khoản VNeID").first.wait_for()
    tap_to_the_end(page, library, "vneid-kich-hoat")
    tap(page, "Có giúp")
    newest(page).get_by_text("Cảm ơn").wait_for()


def test_a_guide_is_walked_with_typing_only(page, library: Library) -> None:  # type: ignore[no-untyped-def]
    say(page, "kich hoat vneid")
    newest(page).get_by_text("Kích hoạt tài khoản VNeID").first.wait_for()
    for said, expected in (
        ("bat dau", "Bước 1/"),
        ("1", "Bước 2/"),
        ("quay lai", "Bước 1/"),
        ("1", "Bước 2/"),
        ("xong", "Bước 3/"),
        ("menu", "Chọn một mục"),
    ):
        say(page, said)
        newest(page).get_by_text(expected).first.wait_for()


def test_a_qr_code_in_a_picture_is_told(page, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    segno.make("http://vietcombank-sinhtrac.top").save(str(tmp_path / "qr.png"), scale=8, light=None)
    page.locator("#file").set_input_files(tmp_path / "qr.png")
    newest(page).get_by_text("vietcombank-sinhtrac . top").wait_for()
    assert "đã chọn một hình" in page.locator(".msg.me").last.inner_text()


def test_a_picture_that_cannot_be_sent_is_answered_all_the_same(page) -> None:  # type: ignore[no-untyped-def]
    page.route("**/chat/pictures/*", lambda route: route.abort())
    picture = {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"}
    page.locator("#file").set_input_files(picture)
    newest(page).get_by_text("mã QR").first.wait_for()


def test_nothing_overflows_and_text_is_large(page) -> None:  # type: ignore[no-untyped-def]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.msg.bot .bubble')).fontSize)") >= 18
    assert (
        page.evaluate(
            "Math.min(...[...document.querySelectorAll('.msg.bot.newest .choice')]"
            ".map(one => one.getBoundingClientRect().height))"
        )
        >= 44
    )


def test_a_reload_keeps_the_conversation(page) -> None:  # type: ignore[no-untyped-def]
    say(page, "so 14")
    newest(page).get_by_text("Kích hoạt tài khoản VNeID").first.wait_for()
    page.reload()
    newest(page).get_by_text("Kích hoạt tài khoản VNeID").first.wait_for()
    assert page.locator(".msg.me").count() == 1


def test_killed_in_the_middle_nothing_is_lost_or_said_twice(page, program: Program) -> None:  # type: ignore[no-untyped-def]
    say(page, "so 14")
    newest(page).get_by_text("Kích hoạt tài khoản VNeID").first.wait_for()
    program.kill()
    say(page, "bat dau")
    page.wait_for_timeout(300)
    program.start()
    newest(page).get_by_text("Bước 1/").first.wait_for(timeout=40_000)
    program.kill()
    program.start()
    say(page, "1")
    newest(page).get_by_text("Bước 2/").first.wait_for(timeout=40_000)
    texts = page.locator(".msg.bot .bubble").all_inner_texts()
    assert len([text for text in texts if text.startswith("Bước 1/")]) == 1
    assert len([text for text in texts if text.startswith("Bước 2/")]) == 1


def test_where_sockets_are_blocked_plain_requests_carry_the_conversation(browser, program: Program) -> None:  # type: ignore[no-untyped-def]
    context = browser.new_context(viewport={"width": 360, "height": 740})
    context.add_init_script("delete window.WebSocket")
    page = context.new_page()
    page.goto(program.url)
    newest(page).get_by_text("Chào cô bác").wait_for()
    say(page, "so 14")
    newest(page).get_by_text("Kích hoạt tài khoản VNeID").first.wait_for()
    context.close()


def test_the_keyboard_is_enough(page) -> None:  # type: ignore[no-untyped-def]
    newest(page).locator(".choice").first.focus()
    page.keyboard.press("Enter")
    newest(page).locator(".choice", has_text="Kích hoạt tài khoản VNeID").wait_for()


def test_guide_page_reads_without_scripts(browser, program: Program, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(f"{program.url}/g/vneid-kich-hoat")
    assert page.get_by_role("heading", name="Kích hoạt tài khoản VNeID").first.is_visible()
    assert page.locator("ol li").count() >= 5
    context.close()


def test_the_exercise_is_read_without_scripts(browser, program: Program) -> None:  # type: ignore[no-untyped-def]
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{program.url}/g/quiz-that-hay-lua")
    verdict = page.locator(".verdict").first
    assert not verdict.is_visible()
    page.locator("summary").first.click()
    assert verdict.is_visible()
    context.close()


@pytest.mark.parametrize("name", ["Nguyễn Thị Thuý Ngọc Huyền", "Katơr Thị Bé", "Hồ " * 13 + "A"])
def test_a_certificate_is_drawn_in_the_browser_and_the_name_stays_there(  # type: ignore[no-untyped-def]
    browser, program: Program, tmp_path: Path, name: str
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, accept_downloads=True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{program.url}/giay-khen/nguoi-cao-tuoi", wait_until="networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.fill("#name", name)
    assert page.locator("#shown").text_content() == name
    inside = "() => { const box = document.getElementById('shown').getBBox(); return box.x > 60 && box.width < 1480; }"
    assert page.evaluate(inside)
    with page.expect_download() as download:
        page.click("#save")
    picture = tmp_path / "saved.png"
    download.value.save_as(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert download.value.suggested_filename == "giay-ghi-nhan-nguoi-cao-tuoi.png"
    assert not [url for url in asked if url.startswith("http") and "/static/" not in url]
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert errors == []
    context.close()
