"""Links that lead to a guide."""

from __future__ import annotations

from bot.content.model import GUIDE_ID_LIMIT
from bot.web.share import VOLUNTEER, share_links, start_payload


def test_links_of_a_guide() -> None:
    assert share_links("vneid-kich-hoat", "https://hoc.example.vn/") == [
        ("page", "https://hoc.example.vn/g/vneid-kich-hoat"),
        ("web", "https://hoc.example.vn/?start=vneid-kich-hoat"),
    ]


def test_links_of_a_volunteer() -> None:
    assert share_links("vneid-kich-hoat", "https://hoc.example.vn", "@hocvuso_bot", "an") == [
        ("page", "https://hoc.example.vn/s/vneid-kich-hoat?v=an"),
        ("web", "https://hoc.example.vn/?start=vneid-kich-hoat_an"),
        ("telegram", "https://t.me/hocvuso_bot?start=vneid-kich-hoat_an"),
    ]


def test_the_longest_payload_fits_telegram() -> None:
    volunteer = "a" * 20
    assert VOLUNTEER.fullmatch(volunteer)
    assert len(start_payload("x" * GUIDE_ID_LIMIT, volunteer)) <= 64
