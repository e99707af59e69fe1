"""Long texts are cut where a reader would pause, and nothing is lost."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.splitting import Measure, characters, split, strip_bold, utf16_units

SIGNS = ["ế", "e\u0302\u0301", "q\u0303", "👩\u200d👩\u200d👧", "👍🏽", "🇻🇳", "❤\ufe0f", "😢"]
GAPS = [" ", "\n", "\n\n", ". ", "… "]
WORDS = ["bấm", "**Đăng nhập**", "**hai chữ đậm**", "số", "&", "*", "**", "https://vneid.gov.vn/" + "a" * 30]
TEXTS = st.lists(st.sampled_from(SIGNS + GAPS + WORDS), max_size=80).map("".join) | st.text(max_size=300)
MEASURES = st.sampled_from([characters, utf16_units])
LIMITS = st.integers(min_value=12, max_value=90)


def bare(text: str) -> str:
    return "".join(strip_bold(unicodedata.normalize("NFC", text)).split())


@given(TEXTS, LIMITS, MEASURES)
def test_every_part_fits_and_says_something(text: str, limit: int, measure: Measure) -> None:
    for part in split(text, limit, measure):
        assert measure(part) <= limit
        assert part.strip()


@given(TEXTS, LIMITS, MEASURES)
def test_nothing_is_lost_but_white_space(text: str, limit: int, measure: Measure) -> None:
    assert "".join(map(bare, split(text, limit, measure))) == bare(text)


@given(st.lists(st.sampled_from(SIGNS), max_size=60), LIMITS, MEASURES)
def test_no_sign_is_torn(signs: list[str], limit: int, measure: Measure) -> None:
    whole = [unicodedata.normalize("NFC", sign) for sign in signs]
    for part in split("".join(signs), limit, measure):
        while part:
            sign = whole.pop(0)
            assert part.startswith(sign)
            part = part.removeprefix(sign)
    assert not whole


@given(st.lists(st.sampled_from([*SIGNS, "chữ ", "dài\n"]), min_size=1, max_size=60), LIMITS)
def test_bold_is_closed_and_opened_again(signs: list[str], limit: int) -> None:
    for part in split(f"**{''.join(signs)}**", limit):
        if part.strip("* \n"):
            assert part.startswith("**")
            assert part.endswith("**")


@given(TEXTS)
def test_what_fits_is_left_alone(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert split(text, 100_000) == ([composed] if composed.strip() else [])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Mở ứng dụng.\n\nBấm vào ô dưới.\nXong", ["Mở ứng dụng.", "Bấm vào ô dưới.\nXong"]),
        ("Mở ứng dụng. Bấm\nvào ô dưới cùng", ["Mở ứng dụng. Bấm", "vào ô dưới cùng"]),
        ("Mở ứng dụng. Bấm vào ô dưới", ["Mở ứng dụng.", "Bấm vào ô dưới"]),
        ("Mở ứng dụng rồi bấm vào ô dưới", ["Mở ứng dụng rồi bấm vào", "ô dưới"]),
        ("Gọi 1900\xa00368 hoặc 024\xa03869", ["Gọi 1900\xa00368 hoặc", "024\xa03869"]),
        ("a" * 23 + "b" * 5, ["a" * 23, "b" * 5]),
        ("Ô. " + "c" * 24, ["Ô.", "c" * 23, "c"]),
    ],
    ids=["paragraph", "line", "sentence", "space", "no-break space", "hard", "never a longer run"],
)
def test_the_best_place_is_chosen(text: str, parts: list[str]) -> None:
    assert split(text, 23) == parts


def test_a_heading_is_not_left_alone() -> None:
    text = "Bước 1\n\n" + "Bấm vào ô Đăng nhập. " * 10
    assert len(split(text, 120)[0]) > 100


def test_utf16_counts_an_emoji_twice() -> None:
    assert split("😢" * 10, 10) == ["😢" * 10]
    assert split("😢" * 10, 10, utf16_units) == ["😢" * 5, "😢" * 5]


def test_blank_text_has_no_parts() -> None:
    assert split("", 10) == split(" \n" * 50, 10) == []
