"""Quizzes and learning paths as files: what they hold, and every mistake told with its line and its mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content.model import ROUND
from bot.engine.library import Library

from .test_check import edit, folder, load, problems

__all__ = ["folder"]  # a fixture
ITEM = """\
  - id: cau-{number}
    kind: tin nhắn
    say: "Tin số {number}."
    truth: {truth}
    why: Vì vậy.
    guide: bai-mot
"""
QUIZ = (
    """\
type: quiz
title: Thật hay lừa?
code: 16
summary: Đoán thử.
minutes: 5
ask:
  - cho làm bài tập đoán
items:
"""
    + "".join(ITEM.format(number=number, truth="lua" if number % 2 else "that") for number in range(ROUND))
    + """\
done: Giỏi.
source:
  - {url: "https://vneid.gov.vn", seen: 2026-11-20}
reviewed: 2026-11-20
"""
)
PATHS = """\
nguoi-moi:
  title: Người mới
  summary: Từ đầu.
  ask:
    - bắt đầu học từ đâu
  guides:
    - bai-mot
    - thu-suc
"""


@pytest.fixture
def learning(folder: Path) -> Path:
    (folder / "scenarios" / "vneid" / "thu-suc.yaml").write_text(QUIZ, encoding="utf-8")
    (folder / "scenarios" / "_paths.yaml").write_text(PATHS, encoding="utf-8")
    return folder


def test_a_quiz_and_a_path_load_without_a_word(learning: Path) -> None:
    loaded = load(learning)
    assert loaded.warnings == ()
    assert list(loaded.content.lessons) == ["bai-hai", "bai-mot", "thu-suc"]
    assert loaded.content.quizzes["thu-suc"].topic == "vneid"
    assert loaded.content.by_code(16) is loaded.content.quizzes["thu-suc"]
    assert loaded.content.paths["nguoi-moi"].guides == ("bai-mot", "thu-suc")


QUIZ_MISTAKES = [
    ("misspelt type", "type: quiz", "type: quizz", "thu-suc.yaml:1:", "quiz"),
    ("unknown key", "summary:", "sumary:", "thu-suc.yaml:4:", "summary"),
    ("a step in a quiz", "items:", "steps: [a]\nitems:", "thu-suc.yaml:8:", "steps"),
    ("item twice", "id: cau-1", "id: cau-0", "thu-suc.yaml:15:", "cau-0"),
    ("truth that is neither", "truth: lua", "truth: sai", "thu-suc.yaml:18:", "lua"),
    ("misspelt guide", "guide: bai-mot", "guide: bai-mto", "thu-suc.yaml:14:", 'có phải "bai-mot"'),
    ("item too long", '"Tin số 0."', "a" * 301, "thu-suc.yaml:11:", "300"),
    ("why too long", "why: Vì vậy.", "why: " + "a" * 201, "thu-suc.yaml:13:", "200"),
    ("too few items", ITEM.format(number=0, truth="that"), "", "thu-suc.yaml:8:", f"ít nhất {ROUND}"),
    ("item id too long for a button", "id: cau-0", "id: " + "a" * 60, "thu-suc.yaml:9:", "64"),
    ("item id with capitals", "id: cau-0", "id: Cau", "thu-suc.yaml:9:", "a-z"),
    ("bold left open", "Tin số 0.", "Tin **số 0.", "thu-suc.yaml:11:", "**"),
    ("code of a guide", "code: 16", "code: 14", "thu-suc.yaml:3:", "14"),
    ("said by a guide", "- cho làm bài tập đoán", "- việc thứ hai", "thu-suc.yaml:7:", "bai-hai.yaml:6"),
]


@pytest.mark.parametrize(
    ("old", "new", "place", "hint"), [row[1:] for row in QUIZ_MISTAKES], ids=[row[0] for row in QUIZ_MISTAKES]
)
def test_mistake_in_a_quiz(learning: Path, old: str, new: str, place: str, hint: str) -> None:
    edit(learning, old, new, name="thu-suc")
    told = problems(learning)
    assert any(place in one and hint in one for one in told), told


def test_a_round_with_one_answer_only_is_a_warning(learning: Path) -> None:
    path = learning / "scenarios" / "vneid" / "thu-suc.yaml"
    path.write_text(QUIZ.replace("truth: that", "truth: lua"), encoding="utf-8")
    assert [str(one) for one in load(learning).warnings if "xếp xen kẽ" in str(one)]


PATH_MISTAKES = [
    ("misspelt guide", "- bai-mot", "- bai-mto", "_paths.yaml:7:", 'có phải "bai-mot"'),
    ("guide twice", "- thu-suc", "- bai-mot", "_paths.yaml:8:", "hai lần"),
    ("name of a guide", "nguoi-moi:", "bai-hai:", "_paths.yaml:1:", "bai-hai"),
    ("bad name", "nguoi-moi:", "Người mới:", "_paths.yaml:1:", "a-z"),
    ("unknown key", "summary:", "sumary:", "_paths.yaml:3:", "summary"),
    ("said by a guide", "- bắt đầu học từ đâu", "- việc thứ hai", "_paths.yaml:5:", "bai-hai.yaml:6"),
]


@pytest.mark.parametrize(
    ("old", "new", "place", "hint"), [row[1:] for row in PATH_MISTAKES], ids=[row[0] for row in PATH_MISTAKES]
)
def test_mistake_in_a_path(learning: Path, old: str, new: str, place: str, hint: str) -> None:
    path = learning / "scenarios" / "_paths.yaml"
    path.write_text(PATHS.replace(old, new), encoding="utf-8")
    told = problems(learning)
    assert any(place in one and hint in one for one in told), told


def test_the_real_exercise_teaches_both_ways(library: Library) -> None:
    """At least 24 items, over all kinds of fraud, and real messages among them."""
    (quiz,) = library.content.quizzes.values()
    traps = [item for item in quiz.items if item.truth == "lua"]
    assert len(quiz.items) >= 24
    assert len(quiz.items) / 4 < len(quiz.items) - len(traps)
    frauds = {guide.id for guide in library.content.guides.values() if guide.topic == "lua-dao"}
    assert frauds - {item.guide for item in quiz.items} == set()


def test_every_real_path_leads_through_existing_lessons(library: Library) -> None:
    assert len(library.content.paths) == 5
    for path in library.content.paths.values():
        assert 8 <= len(path.guides) <= 12
        assert set(path.guides) <= set(library.content.lessons)
