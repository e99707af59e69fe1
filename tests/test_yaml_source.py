"""Every mistake in a YAML file is told once, on its line, with its mend."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from bot import yaml_source
from bot.content import model as content_model
from bot.content.model import Commands, GuideFile, Hotline, Phrase, TopicFile, Wording
from bot.words import say, words
from bot.yaml_source import DEPTH_LIMIT, SIZE_LIMIT, Source, SourceErrors, explain, parse, read

ROOT = Path(__file__).parent.parent


def refused(text: str | bytes) -> list[str]:
    raw = text.encode() if isinstance(text, str) else text
    with pytest.raises(SourceErrors) as caught:
        parse(raw, "f")
    return [str(problem) for problem in caught.value.problems]


def explained(text: str, model: type[BaseModel] = GuideFile, **more: Any) -> list[str]:
    source = parse(text.encode(), "f")
    with pytest.raises(ValidationError) as caught:
        model.model_validate(source.data)
    return [str(problem) for problem in explain(caught.value, source, "f", **more)]


class TestReading:
    def test_everything_is_text_or_nothing(self) -> None:
        source = parse(b"a: No\nb: 2026-11-20\nc: 0123\nd:\ne: ''\nf: ~\n5: [on, 1.0]", "f")
        assert source.data == {
            "a": "No", "b": "2026-11-20", "c": "0123", "d": None, "e": "", "f": "~", "5": ["on", "1.0"]
        }  # fmt: skip

    def test_an_empty_file_is_none(self) -> None:
        assert parse(b"", "f") == Source(None, {(): 1})
        assert parse(b"# only a comment\n", "f").data is None

    def test_lines_of_keys_items_and_of_what_is_missing(self) -> None:
        source = parse("# đầu\na: x\nb:\n  - một\n  - c: hai\n    d: >\n      dài\n".encode(), "f")
        lines = [source.line(place) for place in [(), ("a",), ("b",), ("b", 0), ("b", 1), ("b", 1, "c"), ("b", 1, "d")]]
        assert lines == [2, 2, 3, 4, 5, 5, 6]
        assert source.line(("b", 1, "không có", 7)) == 5
        assert source.line(("không có",)) == 2

    def test_the_python_reader_reads_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for path in sorted(ROOT.glob("scenarios/*/*.yaml")):
            fast = read(path)
            monkeypatch.setattr(yaml_source, "_FAST", yaml_source.yaml.BaseLoader)
            assert read(path) == fast
            monkeypatch.undo()

    def test_bom_and_decomposed_letters_are_made_plain(self) -> None:
        typed_on_a_mac = unicodedata.normalize("NFD", "tên: Phường Bắc Nha Trang")
        assert parse(b"\xef\xbb\xbf" + typed_on_a_mac.encode(), "f").data == {"tên": "Phường Bắc Nha Trang"}

    def test_a_file_is_named_as_asked(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text("a: [")
        with pytest.raises(SourceErrors, match=r"^bài/a\.yaml:1: dấu"):
            read(tmp_path / "a.yaml", "bài/a.yaml")
        with pytest.raises(SourceErrors, match=r"none\.yaml:0: không mở được tệp"):
            read(tmp_path / "none.yaml")


class TestRefusing:
    @pytest.mark.parametrize(
        ("text", "line", "sentence"),
        [
            ("x: 1\na: *b", 2, "anchor"),
            ("a: &b c", 1, "anchor"),
            ("a: !chú ý", 1, "tag"),
            ("a: !!python/object:os.system x", 1, "tag"),
            ("- **Đậm** rồi", 1, "syntax: scanning an alias"),
            ("a: & b", 1, "syntax: scanning an anchor"),
            ("a: b: c", 1, "syntax: mapping values are not allowed"),
            ("x: 1\na\nb: c", 2, "syntax: could not find expected ':'"),
            ('a: "x\nb: c\nd: e', 1, "syntax: scanning a quoted scalar"),
            ('a: "\\d"', 1, "syntax: escape"),
            ("a: [x\nb: c", 1, "syntax: parsing a flow"),
            ("a: {b: 'c'd}", 1, "syntax: parsing a flow"),
            ("a: > 5 tuổi", 1, "syntax: scanning a block scalar"),
            ("a: x\nb: 100\nc: %d", 3, "syntax: cannot start any token"),
            ("a: 'x' y", 1, "syntax: found '<scalar>'"),
            ("a:\n  b: 1\n c: 2", 3, "syntax: expected <block end>"),
            ("a: - b", 1, "syntax: not allowed here"),
            ("a: 1\nb: \x07", 2, "syntax: not allowed"),
            ("%YAML 3.0\n---\na: b", 1, "syntax:"),
            ("a:\n\tb: c", 2, "tab"),
            ("? [a]\n: b", 1, "key_not_text"),
            ("a: b\n---\nc: d", 2, "two_documents"),
        ],
    )
    def test_is_told_with_its_line(self, text: str, line: int, sentence: str) -> None:
        assert refused(text) == [f"f:{line}: {say('yaml', sentence)}"]

    def test_a_key_twice_names_both_lines(self) -> None:
        assert refused("a: 1\nb:\n  c: 1\n  c: 2\na: 3") == [
            "f:4: mục 'c' đã có ở dòng 3: gộp hai chỗ làm một, hoặc xóa một chỗ",
            "f:5: mục 'a' đã có ở dòng 1: gộp hai chỗ làm một, hoặc xóa một chỗ",
        ]

    @pytest.mark.parametrize("text", ["[" * (DEPTH_LIMIT + 1), "[" * 100_000, "{a: " * 50])
    def test_deep_nesting_harms_nobody(self, text: str) -> None:
        assert refused(text) == [f"f:1: {say('yaml', 'too_deep', limit=DEPTH_LIMIT)}"]

    def test_big_files_and_other_encodings(self) -> None:
        assert refused(b"#" * (SIZE_LIMIT + 1)) == ["f:0: tệp lớn quá 1024 KB: chia thành nhiều tệp nhỏ"]
        assert refused("a: b\nc: Khánh Hòa".encode("cp1258", "replace"))[0].startswith("f:2: tệp không phải chữ UTF-8")
        assert refused("a: b".encode("utf-16"))[0].startswith("f:1: tệp không phải chữ UTF-8")


LONG = "b" * 41
GUIDE = """\
title: Kích hoạt
code: 14
summary: Một câu.
minutes: 5
ask: [a]
steps:
  - Mở **VNeID**.
  - say: Bấm.
done: Xong.
source:
  - {url: "https://vneid.gov.vn", seen: 2026-11-20}
reviewed: 2026-11-20
"""


class TestExplaining:
    @pytest.mark.parametrize(
        ("old", "new", "line", "told"),
        [
            ("summary", "sumary", 3, "không có mục 'sumary'; có phải 'summary'?"),
            ("  - say: Bấm", "  - sai: Bấm", 8, "không có mục 'sai'; có phải 'say'?"),
            ("done: Xong.\n", "", 1, "thiếu mục 'done': thêm một dòng 'done: …'"),
            ("done: Xong.", "done:", 9, "mục 'done' đang bỏ trống: điền vào, hoặc xóa dòng này"),
            ("done: Xong.", "done: ' '", 9, "mục 'done' đang bỏ trống: điền vào, hoặc xóa dòng này"),
            ("ask: [a]", "ask: ['']", 5, "ý thứ 1 của mục 'ask' đang bỏ trống: điền vào, hoặc xóa dòng này"),
            ("ask: [a]", "ask: []", 5, "mục 'ask' phải có ít nhất 1 ý: thêm dòng bắt đầu bằng '- '"),
            ("ask: [a]", "ask: a", 5, "mục 'ask' phải là danh sách: mỗi ý một dòng, bắt đầu bằng '- '"),
            ("done: Xong.", "done: [a]", 9, say("yaml", "text", place="mục 'done'")),
            ("Kích hoạt", "a" * 75, 1, "mục 'title' dài 75 ký tự, chỉ được tới 60: viết ngắn lại"),
            ("done:", "urgent: [a, b, c, d]\ndone:", 9, "mục 'urgent' có 4 ý, chỉ được tới 3: bỏ bớt"),
            ("code: 14", "code: mười", 2, "mục 'code' phải là một số: chỉ viết chữ số, ví dụ 5"),
            ("code: 14", "code: 0", 2, "mục 'code' phải từ 1 trở lên: sửa lại số"),
            ("code: 14", "code: 1000", 2, "mục 'code' không được quá 999: sửa lại số"),
            ("reviewed: 2026-11-20", "reviewed: 20/11", 12, "mục 'reviewed' phải là ngày: viết kiểu 2026-11-20"),
            ("reviewed: 2026-11-20", "reviewed: 2026", 12, "mục 'reviewed' phải là ngày: viết kiểu 2026-11-20"),
            ("seen: 2026-11-20", "seen: 2026-13-20", 11, "mục 'seen' phải là ngày: viết kiểu 2026-11-20"),
            ("https://vneid", "http://vneid", 11, say("check", "not_https", place="mục 'url'")),
            ("- say: Bấm.", "- id: Mở\n    say: Bấm.", 8, say("check", "pattern ^[a-z0-9-]*$", place="mục 'id'")),
            ("- say: Bấm.", "- say: Bấm.\n    choose: Nào?", 8, say("check", "step_kind")),
            ("- say: Bấm.", "- choose: Nào?", 8, say("check", "choose_options")),
            ("- say: Bấm.", "- {choose: A, options: {b: done}, next: done}", 8, say("check", "choose_next")),
            ("- say: Bấm.", f"- {{choose: A, options: {{{LONG}: done}}}}", 8, say("check", "label_too_long", limit=40)),
            ("- say: Bấm.", "- []", 8, say("yaml", "block", place="ý thứ 2 của mục 'steps'")),
            ("- say: Bấm.", "- {say: A, link: vneid}", 8, say("yaml", "block", place="mục 'link'")),
        ],
    )  # fmt: skip
    def test_one_mistake_is_one_line(self, old: str, new: str, line: int, told: str) -> None:
        assert old in GUIDE
        assert explained(GUIDE.replace(old, new)) == [f"f:{line}: {told}"]

    def test_all_mistakes_are_told_in_order(self) -> None:
        lines = explained(GUIDE.replace("14", "x").replace("minutes: 5", "minutes: y").replace("done", "dome"))
        assert [line.split(":")[1] for line in lines] == ["2", "4", "9"]

    def test_an_unknown_name_like_no_other_lists_the_good_ones_and_is_cut_when_long(self) -> None:
        secret = "8123456789:AAFakeFakeFakeFakeFakeFakeFakeFake0"
        (line,) = explained(f"title: a\nsummary: b\norder: 1\n'{secret}': x", TopicFile)
        assert line == "f:4: không có mục '8123…': xóa đi, hoặc dùng một trong: title, summary, order, urgent, paths"

    def test_of_a_union_only_what_was_meant_is_told(self) -> None:
        class Some(BaseModel):
            a: Phrase | None = None
            b: Wording | str = ""

        assert explained("a: {plan: x, you: ''}", Some) == [
            "f:1: không có mục 'plan'; có phải 'plain'?",
            "f:1: mục 'you' đang bỏ trống: điền vào, hoặc xóa dòng này",
        ]
        assert explained("a: {plain: x}", Some) == ["f:1: thiếu mục 'you': thêm một dòng 'you: …'"]
        assert explained("a: ''", Some) == ["f:1: mục 'a' đang bỏ trống: điền vào, hoặc xóa dòng này"]
        assert explained("x: 1\na: [b]", Some) == ["f:2: " + say("yaml", "text", place="mục 'a'")]

    def test_wrong_names_of_a_mapping(self) -> None:
        others = "insults: []\nshort_code: []\ndoubts: []\nmatters: []\nverdicts: {}"
        lines = explained(f"words: {{nxt: [a]}}\n\nnumbers: {{hai: [b]}}\n{others}", Commands)
        assert lines == [
            "f:1: không có mục 'nxt'; có phải 'next'?",
            "f:3: tên 'hai' phải là một số: chỉ viết chữ số, ví dụ 5",
        ]

    def test_a_phone_number_has_words_of_its_own(self) -> None:
        lines = explained("name: a\nnumber: gọi 113\nsource: {url: 'https://a.vn', seen: 2026-01-01}", Hotline)
        assert lines == ["f:2: " + say("check", "pattern ^[0-9][0-9 ]*$", place="mục 'number'")]

    def test_a_whole_file_of_another_kind(self) -> None:
        assert explained("- a") == [f"f:1: {say('yaml', 'block', place='tệp này')}"]

    def test_the_model_is_told_where_its_name_does_not_show(self) -> None:
        from pydantic import TypeAdapter

        source = parse(b"vneid: {nmae: a}", "f")
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(dict[str, TopicFile]).validate_python(source.data)
        lines = [str(problem) for problem in explain(caught.value, source, "f", model=dict[str, TopicFile])]
        assert "không có mục 'nmae': xóa đi, hoặc dùng một trong: title, summary, order, urgent, paths" in lines[0]

    def test_other_kinds_and_whatever_comes_next(self) -> None:
        class Odd(BaseModel):
            flag: bool = False
            name: str = Field("", min_length=3)
            shape: str = Field("", pattern="^x+$")
            more: float = Field(1, gt=1)
            less: float = Field(1, lt=1)
            way: Path = Path()
            code: bytes = b""
            day: date | None = None

        assert explained("flag: có\nname: ab\nshape: y\nmore: 1\nless: 1\nway: [a]\ncode: [a]\nday: mai", Odd) == [
            "f:1: mục 'flag' phải là có hay không: viết true hoặc false",
            "f:2: mục 'name' quá ngắn, cần ít nhất 3 ký tự: viết thêm",
            "f:3: mục 'shape' viết không đúng kiểu: phải theo mẫu ^x+$",
            "f:4: mục 'more' phải lớn hơn 1.0: sửa lại số",
            "f:5: mục 'less' phải nhỏ hơn 1.0: sửa lại số",
            "f:6: " + say("yaml", "text", place="mục 'way'"),
            "f:7: mục 'code' không dùng được (bytes_type): so với một tệp mẫu rồi sửa lại",
            "f:8: mục 'day' phải là ngày: viết kiểu 2026-11-20",
        ]

    def test_every_error_and_pattern_of_the_content_has_its_words(self) -> None:
        code = Path(content_model.__file__).read_text(encoding="utf-8")
        kinds = re.findall(r'PydanticCustomError\(\s*"(\w+)"', code)
        patterns = re.findall(r'pattern=r?"([^"]+)"', code)
        assert kinds
        assert patterns
        assert [name for name in [*kinds, *(f"pattern {one}" for one in patterns)] if name not in words("check")] == []


@pytest.mark.parametrize("area", ["yaml", "check", "config", "doctor"])
def test_words_are_sentences_with_sound_placeholders(area: str) -> None:
    for key, sentence in words(area).items():
        assert sentence.strip(), key
        assert re.sub(r"\{\{|\}\}|\{[a-z_]+\}", "", sentence).count("{") == 0, key
