"""Every mistake an admin can make is told with its line and its mend, and all of them at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.content.load import Loaded, load_content
from bot.content.schema import HEADER, write_schemas
from bot.errors import ContentError
from tests.conftest import ROOT, TODAY

GUIDE = """\
title: Kích hoạt tài khoản
code: 14
summary: Mở tài khoản để dùng.
minutes: 5
ask:
  - kích hoạt vneid
steps:
  - id: mo-app
    say: Mở **VNeID**.
    trouble:
      - ask: [không thấy nút]
        say: Kéo xuống dưới.
  - id: loai-may
    choose: Máy loại nào?
    options: {iPhone: ios, Android: android}
  - id: ios
    say: Bấm nút bên phải.
    next: done
  - id: android
    say: Bấm nút bên trái.
done: Xong.
see_also: [bai-hai]
hotline: vneid
source:
  - {url: "https://vneid.gov.vn", seen: 2026-11-20}
reviewed: 2026-11-20
check:
  - mở khóa tài khoản định danh
"""
OTHER = """\
title: Bài hai
code: 15
summary: Việc khác.
minutes: 3
ask:
  - việc thứ hai
steps:
  - Làm đi.
done: Xong.
source:
  - {url: "https://vneid.gov.vn", seen: 2026-11-20}
reviewed: 2026-11-20
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "knowledge", tmp_path / "knowledge")
    topic = tmp_path / "scenarios" / "vneid"
    topic.mkdir(parents=True)
    (tmp_path / "scenarios" / "_planned.yaml").write_text("bai-sau: Bài viết sau\n", encoding="utf-8")
    (topic / "_topic.yaml").write_text("title: VNeID\nsummary: Định danh.\norder: 1\n", encoding="utf-8")
    (topic / "bai-mot.yaml").write_text(GUIDE, encoding="utf-8")
    (topic / "bai-hai.yaml").write_text(OTHER, encoding="utf-8")
    return tmp_path


def load(folder: Path) -> Loaded:
    return load_content(folder / "scenarios", folder / "knowledge", TODAY)


def problems(folder: Path) -> list[str]:
    with pytest.raises(ContentError) as caught:
        load(folder)
    return [str(problem) for problem in caught.value.problems]


def edit(folder: Path, old: str, new: str, name: str = "bai-mot") -> None:
    path = folder / "scenarios" / "vneid" / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_good_content_loads_without_a_word(folder: Path) -> None:
    loaded = load(folder)
    assert list(loaded.content.guides) == ["bai-hai", "bai-mot"]
    assert loaded.warnings == ()


def test_a_misspelt_guide_of_payment_codes_is_told(folder: Path) -> None:
    path = folder / "knowledge" / "payment_codes.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("thanh-toan-quet-qr", "bai-mott"), encoding="utf-8")
    [told] = problems(folder)
    assert told.startswith("knowledge/payment_codes.yaml:")
    assert "bai-mot" in told


ONE = "scenarios/vneid/bai-mot.yaml"
MISTAKES = [
    ("unknown key", "summary:", "sumary:", f"{ONE}:3:", "summary"),
    ("missing key", "minutes: 5\n", "", f"{ONE}:1:", "minutes"),
    ("wrong type", "minutes: 5", "minutes: năm", f"{ONE}:4:", "số"),
    ("bad date", "reviewed: 2026-11-20", "reviewed: hôm qua", f"{ONE}:26:", "2026-11-20"),
    ("duplicate short code", "code: 14", "code: 15", f"{ONE}:2:", "15"),
    ("choice that leads nowhere", "Android: android}", "Android: andoird}", f"{ONE}:15:", 'có phải "android"'),
    ("unreachable step", "{iPhone: ios, Android: android}", "{iPhone: ios, Android: done}", f"{ONE}:19:", "android"),
    ("loop with no way out", "next: done", "next: loai-may", "", ""),
    ("step id twice", "id: android", "id: ios", f"{ONE}:19:", "ios"),
    ("both say and choose", "choose: Máy loại nào?", "choose: Máy?\n    say: Mở.", f"{ONE}:13:", "choose"),
    ("text too long", "say: Bấm nút bên trái.", "say: " + "a " * 1000, f"{ONE}:19:", "1800"),
    ("postback too long", "id: mo-app", "id: mo-ung-dung-vneid-that-dai", f"{ONE}:8:", "16"),
    ("utterance of another guide", "- kích hoạt vneid", "- viec thu hai", "bai-mot.yaml:6:", "bai-hai.yaml:6"),
    ("no source", 'source:\n  - {url: "https://vneid.gov.vn", seen: 2026-11-20}\n', "", f"{ONE}:1:", "source"),
    ("link not https", "https://vneid", "http://vneid", f"{ONE}:25:", "https"),
    ("picture that does not exist", "say: Mở **VNeID**.", "say: Mở.\n    picture: a.png", f"{ONE}:10:", "a.png"),
    ("misspelt guide", "[bai-hai]", "[bai-hia]", f"{ONE}:22:", 'có phải "bai-hai"'),
    ("misspelt hotline", "hotline: vneid", "hotline: vnied", f"{ONE}:23:", 'có phải "vneid"'),
    ("hotline in text", "say: Bấm nút bên trái.", 'say: "Gọi {hotline.vnied}."', f"{ONE}:19:", 'có phải "vneid"'),
    ("braces", "say: Bấm nút bên trái.", 'say: "Gọi {so}."', f"{ONE}:19:", "{so}"),
    ("bold left open", "**VNeID**", "**VNeID", f"{ONE}:8:", "**"),
    ("key twice", "code: 14", "code: 14\ncode: 16", f"{ONE}:3:", "code"),
    ("anchor", "title: Kích hoạt tài khoản", "title: &a Kích hoạt", f"{ONE}:1:", "&"),
    ("broken yaml", "ask:\n", "ask: [\n", "bai-mot.yaml:", ""),
    ("review in the future", "reviewed: 2026-11-20", "reviewed: 2027-11-20", f"{ONE}:26:", "tương lai"),
    ("guide that shows itself", "[bai-hai]", "[bai-mot]", f"{ONE}:22:", "see_also"),
]


@pytest.mark.parametrize(
    ("old", "new", "place", "hint"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES]
)
def test_mistake_is_told_with_line_and_mend(folder: Path, old: str, new: str, place: str, hint: str) -> None:
    edit(folder, old, new)
    if place == "":  # a loop needs both branches closed
        edit(folder, "say: Bấm nút bên trái.", "say: Bấm nút bên trái.\n    next: loai-may")
        assert any("đi mãi" in told for told in problems(folder))
        return
    told = problems(folder)
    assert any(place in one and hint in one for one in told), told


def test_all_files_are_told_at_once(folder: Path) -> None:
    edit(folder, "summary:", "sumary:")
    edit(folder, "minutes: 3", "minutes: ba", name="bai-hai")
    told = "\n".join(problems(folder))
    assert "bai-mot.yaml:3" in told
    assert "bai-hai.yaml:4" in told


def test_same_id_in_two_topics(folder: Path) -> None:
    shutil.copytree(folder / "scenarios" / "vneid", folder / "scenarios" / "vssid")
    assert any('mã bài "bai-mot" đã có ở' in told for told in problems(folder))


def test_bad_file_name(folder: Path) -> None:
    (folder / "scenarios/vneid/bai-mot.yaml").rename(folder / "scenarios/vneid/Bài_Một.yaml")
    assert any("Bài_Một" in told for told in problems(folder))


def test_missing_knowledge_file_and_unknown_placeholder(folder: Path) -> None:
    (folder / "knowledge/hotlines.yaml").unlink()
    assert any(told.startswith("knowledge/hotlines.yaml:0:") for told in problems(folder))


def test_unknown_placeholder_in_a_phrase(folder: Path) -> None:
    path = folder / "knowledge/phrases.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("thanks:\n  plain: Dạ", "thanks:\n  plain: Dạ {ten}"), encoding="utf-8"
    )
    assert any("{ten}" in told for told in problems(folder))


def test_old_review_is_a_warning(folder: Path) -> None:
    edit(folder, "reviewed: 2026-11-20", "reviewed: 2026-01-20")
    (warning,) = load(folder).warnings
    assert warning.is_warning
    assert warning.line == 26
    assert "180" in warning.message


def test_repeated_line_in_one_guide_is_a_warning(folder: Path) -> None:
    edit(folder, "- kích hoạt vneid", "- kích hoạt vneid\n  - kich hoat VNEID")
    (warning,) = load(folder).warnings
    assert warning.is_warning


def test_a_sentence_cut_by_a_hash_is_a_warning(folder: Path) -> None:
    edit(folder, "say: Bấm nút bên trái.", "say: Bấm dấu như ! @ #.")
    (warning,) = load(folder).warnings
    assert (warning.line, warning.is_warning) == (20, True)


def test_planned_guide_may_be_named(folder: Path) -> None:
    edit(folder, "[bai-hai]", "[bai-hai, bai-sau]")
    assert load(folder)


def test_real_guides_name_their_schema_and_the_schema_is_the_model_s(tmp_path: Path) -> None:
    for path in write_schemas(tmp_path):
        assert path.read_text(encoding="utf-8") == (ROOT / "scenarios" / path.name).read_text(encoding="utf-8")
    for guide in (ROOT / "scenarios").glob("*/*.yaml"):
        if guide.name != "_topic.yaml":
            assert guide.read_text(encoding="utf-8").startswith(HEADER + "\n"), guide.name


def test_mistakes_in_open_questions_are_told_with_their_line(folder: Path) -> None:
    path = folder / "knowledge" / "open_questions.yaml"
    path.write_text("mất máy: [bai-mot, bai-haii]\nmat may: [bai-mot, bai-hai]\n", encoding="utf-8")
    misspelt, twice = problems(folder)
    assert misspelt.startswith("knowledge/open_questions.yaml:1:")
    assert '"bai-hai"' in misspelt
    assert twice.startswith("knowledge/open_questions.yaml:2:")
    assert "mất máy" in twice
    path.write_text("mất máy: [bai-mot]\n", encoding="utf-8")
    [alone] = problems(folder)
    assert alone.startswith("knowledge/open_questions.yaml:1:")


def test_an_open_question_that_one_guide_asks_for_is_told(folder: Path) -> None:
    ask = load(folder).content.guides["bai-mot"].ask[0]
    path = folder / "knowledge" / "open_questions.yaml"
    path.write_text(f'"{ask}": [bai-mot, bai-hai]\n', encoding="utf-8")
    [told] = problems(folder)
    assert "bai-mot" in told


def test_an_open_question_needs_words_and_different_guides(folder: Path) -> None:
    path = folder / "knowledge" / "open_questions.yaml"
    path.write_text('mất máy: [bai-mot, bai-mot]\n"?!": [bai-mot, bai-hai]\n', encoding="utf-8")
    repeated, wordless = problems(folder)
    assert repeated.startswith("knowledge/open_questions.yaml:1:")
    assert wordless.startswith("knowledge/open_questions.yaml:2:")
    path.write_text('" ": [bai-mot, bai-hai]\n', encoding="utf-8")
    [blank] = problems(folder)
    assert blank.startswith("knowledge/open_questions.yaml:1:")


def test_thresholds_of_an_older_version_are_refused_with_their_line_and_mend(folder: Path) -> None:
    path = folder / "knowledge" / "thresholds.yaml"
    written = path.read_text(encoding="utf-8")
    path.write_text(written.replace("margin:", "belief: 0.5, margin:") + "share_short: 0.1\n", encoding="utf-8")
    belief, share_short = problems(folder)
    assert "'belief'" in belief
    last = len(written.splitlines()) + 1
    assert share_short.startswith(f"knowledge/thresholds.yaml:{last}: ")
    assert "'share_short'" in share_short
    assert "make calibrate" in share_short


@pytest.mark.parametrize("line", ["tin không có loại", " \ttin có loại trống", "otp\t "])
def test_a_message_without_a_kind_or_words_is_told(folder: Path, line: str) -> None:
    """An empty kind is that of scams: an honest message would be learnt as one."""
    (folder / "knowledge" / "messages_genuine.txt").write_text(f"otp\tMã là 482913\n{line}\n", encoding="utf-8")
    [told] = problems(folder)
    assert told.startswith("knowledge/messages_genuine.txt:2:")
