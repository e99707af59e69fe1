"""Each rule of style with a text that it must catch and one that it must not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.content.load import load_content
from bot.content.style import AVERAGE_LIMIT, SENTENCE_LIMIT, WAY_LIMIT, check_style
from bot.words import words
from tests.conftest import ROOT, TODAY

FINE = {
    "title": "Kích hoạt tài khoản",
    "code": 14,
    "summary": "Mở tài khoản để dùng.",
    "minutes": 5,
    "ask": ["kích hoạt vneid"],
    "steps": [{"id": "mo-app", "say": "Mở **VNeID**."}],
    "done": "Xong.",
    "source": [{"url": "https://vneid.gov.vn", "seen": "2026-11-20"}],
    "reviewed": "2026-11-20",
}
FOUND_LIMIT = 20  # of advice that stays: steps whose buttons no source names, and lists of signs
LONG = "Đến nơi ở mới " * 6


def advice(tmp_path: Path, **changes: object) -> list[str]:
    """What the style check says of a guide that is fine but for the changes: "line: message"."""
    topic = tmp_path / "scenarios" / "vneid"
    topic.mkdir(parents=True)
    (tmp_path / "scenarios" / "_planned.yaml").write_text("{}", encoding="utf-8")
    (topic / "_topic.yaml").write_text("title: VNeID\nsummary: Định danh.\norder: 1\n", encoding="utf-8")
    guide = yaml.dump({**FINE, **changes}, allow_unicode=True, sort_keys=False, width=2000)
    (topic / "bai-mot.yaml").write_text(guide.replace("'2026-11-20'", "2026-11-20"), encoding="utf-8")
    loaded = load_content(tmp_path / "scenarios", ROOT / "knowledge", TODAY)
    return [f"{told.line}: {told.message}" for told in check_style(loaded.guides, loaded.content.knowledge)]


def rule(key: str) -> str:
    """How the rule's sentence ends, whatever fills it."""
    return words("style")[key].rsplit("}", 1)[-1]


CAUGHT = [
    ("long_sentence", {"summary": f"{LONG}."}),
    ("long_sentence", {"warn": [f"Không đọc mã. {LONG}"]}),
    ("long_average", {"summary": "Ra xã hỏi " * 5 + ".", "done": "Ra xã hỏi " * 7, "steps": ["**Ra** xã hỏi " * 7]}),
    ("many_actions", {"steps": ["Nhập **mã**, chọn **ngày**, bấm **Tiếp tục**."]}),
    ("many_actions", {"steps": ["Mở **VNeID**, bấm **Ví giấy tờ**. Nhập **passcode** rồi bấm **Xem**."]}),
    ("hard_word", {"summary": "Máy cần băng thông rộng."}),
    ("hard_word", {"steps": ["Dán token vào **ô mã**."]}),
    ("nothing_to_see", {"steps": ["Bấm nút bên phải."]}),
    ("nothing_to_see", {"steps": ["Xem lại tên, rồi chọn ngân hàng."]}),
    ("long_way", {"steps": [f"Xem **dòng {number}**." for number in range(WAY_LIMIT + 1)]}),
    ("promise", {"summary": "Làm xong chắc chắn có tiền."}),
    ("promise", {"done": "An toàn 100%."}),
    ("shouting", {"warn": ["KHÔNG đọc mã cho ai."]}),
    ("shouting", {"warn": ["Xem LAM NGAY đi."]}),
]


@pytest.mark.parametrize(("key", "changes"), CAUGHT)
def test_caught(tmp_path: Path, key: str, changes: dict[str, object]) -> None:
    assert any(told.endswith(rule(key)) for told in advice(tmp_path, **changes))


LET_BE = [
    {},
    {"summary": "Đến nơi ở mới " * 5 + "."},
    {"steps": ["Mở **VNeID**, bấm **Ví giấy tờ**, rồi bấm **Thẻ BHYT**."]},
    {"steps": ["Nhập **số định danh** và **mật khẩu**, rồi bấm **Đăng nhập**."]},
    {"steps": ["Nhập **mã**, rồi bấm **Tiếp tục**. Không thấy thì kéo xuống, bấm **Gửi lại**."]},
    {"steps": ["Bấm **Gửi**. Không bấm đường dẫn, không nhập mã, không chọn gì."]},
    {"steps": ["Mang thẻ căn cước đến công an xã, phường."]},
    {"steps": [{"say": "Bấm nút bên phải.", "see": "Ô nhập mã."}]},
    {"steps": ["Bấm **Upload file**, nhập OTP. Có máy đọc NFC, tệp .apk, trang vneid.gov.vn."]},
    {"summary": "Băng thông là sức tải của mạng. Token (mã tạm) hết hạn nhanh."},
    {"summary": "Theo Kế hoạch 57-NQ/TW, gọi {hotline.vneid}."},
    {"warn": ['Không chắc chắn thì hỏi. Ai nói "cam kết lời 100%" là lừa.']},
    {"steps": ["Tích ô **cam kết**, bấm **GỬI NGAY**."]},
    {"warn": ["Không đưa mã OTP, số CCCD, SIM cho ai. Gọi UBND."]},
    {"steps": [f"Xem **dòng {number}**." for number in range(WAY_LIMIT)]},
    {
        "steps": [
            *({"id": f"a{number}", "say": f"Xem **dòng {number}**."} for number in range(6)),
            {"id": "hoi", "choose": "Máy loại nào?", "options": {"iPhone": "b0", "Android": "b1"}},
            *({"id": f"b{number}", "say": f"Xem **dòng {number}**."} for number in range(6)),
        ]
    },
]


@pytest.mark.parametrize("changes", LET_BE)
def test_let_be(tmp_path: Path, changes: dict[str, object]) -> None:
    assert advice(tmp_path, **changes) == []


def test_a_place_is_told_by_its_line_with_what_was_found_and_the_limit(tmp_path: Path) -> None:
    (told,) = advice(tmp_path, warn=[f"Không đọc mã. {LONG}."])
    assert told.startswith("16: ")  # the line of the warning
    assert f"dài {len(LONG.split())} chữ (quá {SENTENCE_LIMIT})" in told
    assert '"Đến nơi ở mới Đến…"' in told


def test_a_hard_word_is_told_once_where_it_comes_first(tmp_path: Path) -> None:
    told = advice(tmp_path, summary="Dán token.", done="Token đã dán. Đó là token.")
    assert [one.partition(":")[0] for one in told] == ["3"]


def test_limits_are_the_ones_that_the_guide_for_writers_gives() -> None:
    text = (ROOT / "docs" / "viet-huong-dan.md").read_text(encoding="utf-8")
    for limit in (f"{SENTENCE_LIMIT} chữ", f"{AVERAGE_LIMIT} chữ", f"{WAY_LIMIT} bước"):
        assert limit in text


def test_the_real_guides_have_few_findings() -> None:
    loaded = load_content(ROOT / "scenarios", ROOT / "knowledge", TODAY)
    found = list(check_style(loaded.guides, loaded.content.knowledge))
    assert all(told.is_warning for told in found)
    assert len(found) <= FOUND_LIMIT, "\n".join(map(str, found))
