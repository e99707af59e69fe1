"""Mistakes in glossary.yaml, communes.yaml and questions.yaml are told with their line and mend."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.content.load import load_content
from bot.errors import ContentError
from tests.conftest import ROOT, TODAY

GLOSSARY = """\
otp:
  term: Mã OTP
  say: Dãy số dùng một lần.
  also: [ô tê pê]
  guide: vneid-kich-hoat
pin:
  term: Mã PIN
  say: Dãy số bí mật.
"""
COMMUNES = """\
xa-mot:
  name: Xã Một
  former: [Xã Hai, Thị trấn Ba]
  district: huyện Bốn
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "knowledge", tmp_path / "knowledge")
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    (tmp_path / "knowledge" / "glossary.yaml").write_text(GLOSSARY, encoding="utf-8")
    (tmp_path / "knowledge" / "communes.yaml").write_text(COMMUNES, encoding="utf-8")
    return tmp_path


def test_a_good_file_is_taken(folder: Path) -> None:
    assert load_content(folder / "scenarios", folder / "knowledge", TODAY).warnings == ()


MISTAKES = [
    ("glossary", "guide: vneid-kich-hoat", "guide: vneid-kich-hoatt", 5, 'có phải "vneid-kich-hoat"'),
    ("glossary", "term: Mã PIN", "term: o te pe", 7, "otp"),
    ("glossary", "Dãy số bí mật.", "Dãy số **bí mật.", 8, "**"),
    ("glossary", "Dãy số bí mật.", '"Gọi {hotline.vnied}."', 8, 'có phải "vneid"'),
    ("glossary", "say: Dãy số bí mật.", "nghia: Dãy số bí mật.", 8, "nghia"),
    ("communes", "name: Xã Một", "name: Một", 2, "phường"),
    ("communes", "Thị trấn Ba", "Ba", 3, "loại đơn vị"),
    ("communes", "  district: huyện Bốn\n", "", 1, "district"),
    ("questions", '- "{} là gì"', '- "là gì"', 0, "{}"),
    ("questions", "guide: dvc-ho-tro-truc-tiep", "guide: dvc-ho-tro-truc-tep", 0, "dvc-ho-tro-truc-tiep"),
]


@pytest.mark.parametrize(("name", "old", "new", "line", "hint"), MISTAKES)
def test_mistake_is_told_with_line_and_mend(folder: Path, name: str, old: str, new: str, line: int, hint: str) -> None:
    path = folder / "knowledge" / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    line = line or text[: text.index(old)].count("\n") + 1
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        load_content(folder / "scenarios", folder / "knowledge", TODAY)
    told = [str(problem) for problem in caught.value.problems]
    assert any(one.startswith(f"knowledge/{name}.yaml:{line}:") and hint in one for one in told), told
