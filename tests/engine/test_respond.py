"""Promises of the conversation that no single transcript shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.content.model import DONE, Guide
from bot.engine.library import Library
from bot.engine.model import CALLBACK_LIMIT, EventKind, Session, UpdateKind
from bot.engine.postback import Postback, Verb, parse
from tests.conftest import ROOT, Talk

GUIDES = sorted(
    path.stem
    for path in (ROOT / "scenarios").glob("*/*.yaml")
    if path.name != "_topic.yaml" and "\ntype: quiz\n" not in path.read_text(encoding="utf-8")
)
WORDS = [
    "xong",
    "quay lại",
    "bị vướng",
    "menu",
    "2",
    "hai",
    "số 14",
    "otp không về",
    "kích hoạt vneid",
    "dừng",
    "làm tiếp",
    "không",
    "số 104",
    "lừa",
    "thật",
    "lộ trình",
]
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def walk_to_end(talk: Talk, guide: Guide, pick: int) -> int:
    """Take the option with this number at each fork, the next one when a fork comes again; returns steps walked."""
    seen: Counter[str] = Counter()
    for walked in range(1, 60):
        if EventKind.FINISHED in [event.kind for event in talk.events]:
            return walked
        step = talk.library.content.guides[talk.session.guide_id].step(talk.session.step_id)
        if step is None:
            talk.tap("Bắt đầu")
        elif step.choose:
            inside = [label for label, target in step.options.items() if target == DONE or guide.step(target)]
            talk.tap(inside[(pick + seen[step.id]) % len(inside)])
            seen[step.id] += 1
        else:
            talk.tap("Xong, bước tiếp")
    raise AssertionError(f"{guide.id} does not end")


@pytest.mark.parametrize("pick", range(3))
@pytest.mark.parametrize("guide_id", GUIDES)
def test_every_guide_ends_whichever_way_is_taken(library: Library, guide_id: str, pick: int) -> None:
    talk = Talk(library)
    talk.open(guide_id)
    assert walk_to_end(talk, library.content.guides[guide_id], pick) < 25


@pytest.mark.parametrize("guide_id", GUIDES)
def test_a_guide_is_walked_by_typing_alone(library: Library, guide_id: str) -> None:
    talk = Talk(library)
    talk.open(guide_id)
    talk.say("bat dau")
    for _ in range(60):
        if EventKind.FINISHED in [event.kind for event in talk.events]:
            return
        guide = library.content.guides[talk.session.guide_id]
        step = guide.step(talk.session.step_id)
        assert step is not None
        inside = [label for label, target in step.options.items() if target == DONE or guide.step(target)]
        talk.say(inside[0] if inside else "xong")
    raise AssertionError("no end")


@pytest.mark.parametrize("guide_id", GUIDES)
def test_every_button_fits_the_smallest_channel_and_is_understood(library: Library, guide_id: str) -> None:
    guide = library.content.guides[guide_id]
    for number, step in enumerate(guide.steps):
        for verb in Verb:
            postback = Postback(verb, guide_id, step.id, number)
            assert parse(str(postback)) == postback
            assert len(str(postback).encode()) <= CALLBACK_LIMIT


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.integers(0, 9), st.text(max_size=40)), max_size=25))
@SETTINGS
def test_any_sequence_of_taps_and_texts_is_answered(library: Library, acts: list[str | int]) -> None:
    talk = Talk(library)
    for act in acts:
        if isinstance(act, int) and talk.session.offered:
            talk.send(UpdateKind.BUTTON, data=talk.session.offered[act % len(talk.session.offered)].postback)
        else:
            talk.say(str(act))
        assert talk.replies
        assert all(reply.text.strip() for reply in talk.replies)


@given(st.sampled_from(UpdateKind), st.text(max_size=200), st.text(max_size=70))
@SETTINGS
def test_any_update_is_answered_without_raising(library: Library, kind: UpdateKind, text: str, data: str) -> None:
    Talk(library).send(kind, text, data)


def test_next_tapped_twice_moves_one_step(talk: Talk) -> None:
    talk.open("vneid-kich-hoat")
    talk.tap("Bắt đầu")
    talk.tap("Có tin nhắn rồi")
    following = next(button.postback for button in talk.replies[0].buttons if button.label == "Xong, bước tiếp")
    first = talk.send(UpdateKind.BUTTON, data=following)
    assert talk.send(UpdateKind.BUTTON, data=following) == first


def test_a_lost_step_goes_on_at_the_nearest_with_a_word_of_it(talk: Talk) -> None:
    talk.open("vneid-kich-hoat")
    talk.tap("Bắt đầu")
    talk.session = replace(talk.session, step_id="da-bo", step_index=1)
    said = talk.send(UpdateKind.BUTTON, data="n:vneid-kich-hoat:da-bo:1")
    assert "vừa được sửa" in said
    assert talk.session.step_id == talk.library.content.guides["vneid-kich-hoat"].steps[1].id


def test_secret_is_neither_kept_nor_logged(talk: Talk) -> None:
    talk.say("ma otp cua bac la 482913")
    assert "482913" not in repr(talk.session)
    assert not [event for event in talk.events if "482913" in event.text]


def test_unanswered_text_is_logged_without_personal_data(talk: Talk) -> None:
    talk.say("nấu canh chua cá lóc gọi số 0905 123 456 hay 0905 123 457 không nghe")
    (event,) = [event for event in talk.events if event.kind is EventKind.UNANSWERED]
    assert "123" not in event.text


@pytest.mark.parametrize("said", ["vneid.gov.vn", "https://dichvucong.gov.vn", "trang vneid.gov.vn có thật không"])
def test_a_real_site_is_said_to_be_real(talk: Talk, said: str) -> None:
    assert "trang chính thức" in talk.say(said)


def test_trouble_at_a_real_site_is_no_question_about_the_site(talk: Talk) -> None:
    assert "an toàn" not in talk.say("dichvucong.gov.vn vô không được")


def test_a_pasted_book_is_answered(talk: Talk) -> None:
    assert talk.say("xin chào " * 20_000)


def test_pronoun_is_followed_and_stays_out_of_the_log(talk: Talk) -> None:
    talk.say("cháu ơi cho bác hỏi cái này với")
    assert talk.session.pronoun == "bác"
    assert "bác" in talk.say("cảm ơn").lower()
    assert not [event for event in talk.events if "pronoun" in repr(event)]


def test_volunteer_of_a_link_is_counted_until_another_comes(talk: Talk) -> None:
    talk.open("vneid-kich-hoat_an01")
    assert {event.volunteer for event in talk.events} == {"an01"}
    assert talk.session.volunteer == "an01"


def test_new_session_has_nothing(library: Library) -> None:
    assert Session() == Session(version=0)


def test_a_three_digit_code_alone_opens_its_guide_unless_it_is_a_hotline(library: Library) -> None:
    """ "104" looks like a service's number; 113 is one."""
    lessons = [one for one in library.content.lessons.values() if one.code >= 100]
    hotlines = {hotline.number for hotline in library.content.knowledge.hotlines.values()}
    assert lessons
    for lesson in lessons:
        talk = Talk(library)
        talk.say(str(lesson.code))
        assert (talk.session.guide_id == lesson.id) == (str(lesson.code) not in hotlines), lesson.code
