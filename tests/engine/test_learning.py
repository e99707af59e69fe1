"""Promises of the exercise and of the learning paths that no single transcript shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.model import ROUND, LearningPath, Quiz
from bot.engine import codec, rounds
from bot.engine.library import Library
from bot.engine.model import CALLBACK_LIMIT, EventKind, Round, Session, UpdateKind
from bot.engine.postback import parse
from bot.engine.routing import understand
from bot.language.matching import Outcome
from tests.conftest import Talk

SITE = "https://hoc.example.vn"
SHORT = LearningPath(
    id="thu-nghiem",
    title="Thử nghiệm",
    summary="Hai bài ngắn.",
    ask=("lộ trình thử nghiệm",),
    guides=("lua-dao-otp", "quiz-that-hay-lua"),
)


@pytest.fixture
def quiz(library: Library) -> Quiz:
    return library.content.quizzes["quiz-that-hay-lua"]


@pytest.fixture(scope="module")
def short(library: Library) -> Library:
    """The library with one path of two lessons."""
    content = library.content.model_copy(update={"paths": {SHORT.id: SHORT}})
    return Library(content, before=library, site=SITE)


def walk(talk: Talk, guide_id: str) -> None:
    talk.open(guide_id)
    to_the_end(talk)


def to_the_end(talk: Talk) -> None:
    """Of the guide that is open, by the first option at each fork."""
    talk.say("bắt đầu")
    for _ in range(30):
        if talk.events[-1].kind is EventKind.FINISHED:
            return
        talk.say("xong" if "Xong, bước tiếp" in talk.labels else "1")
    raise AssertionError("no end")


def play(talk: Talk, quiz: Quiz, start: int = 0) -> None:
    """Answer a round that is open at its first item, all right."""
    for at in range(ROUND):
        item = quiz.items[(start + at) % len(quiz.items)]
        talk.tap("Tin được" if item.truth == "that" else "Lừa đảo")
        talk.tap("Câu tiếp" if at < ROUND - 1 else "Xem điểm")


class TestInTrouble:
    """Whoever may be losing money now must not land in an exercise."""

    @pytest.mark.parametrize(
        "text",
        [
            "lừa đảo",
            "lua dao",
            "cái này thật hay lừa",
            "cai nay that hay lua",
            "tôi bị lừa rồi",
            "toi bi lua roi",
            "tui bị gạt mất tiền",
            "có người gọi lừa đảo đòi chuyển tiền",
            "mới bấm vào link lừa đảo",
        ],
    )
    def test_the_exercise_is_never_given_at_once(self, talk: Talk, text: str) -> None:
        talk.say(text)
        assert not talk.session.guide_id.startswith("quiz")

    def test_a_cry_for_help_in_the_middle_of_it_is_answered_with_first_aid(self, talk: Talk) -> None:
        talk.say("số 104")
        talk.tap(f"Làm {ROUND} câu")
        shown = talk.say("tui bị gạt chuyển tiền rồi")
        assert "Làm ngay" in shown
        assert talk.session.guide_id == "lua-dao-da-bi-lua"

    def test_no_urgent_guide_s_own_question_finds_learning(self, library: Library) -> None:
        learning = {*library.content.quizzes, *library.content.paths}
        for guide in library.content.guides.values():
            for line in guide.check if guide.urgent else ():
                match = understand(line, library)
                assert match.outcome is not Outcome.GUIDE or match.guides[0].id not in learning, line


class TestRound:
    def test_rounds_go_through_all_items_and_begin_again(self, quiz: Quiz) -> None:
        round_, asked = Round(), []
        for _ in range(len(quiz.items) // ROUND):
            round_ = rounds.begun(round_, quiz)
            asked += [item.id for item in rounds.items_of(round_, quiz)]
        assert asked == [item.id for item in quiz.items][: len(asked)]
        assert rounds.begun(round_, quiz).start == len(asked) % len(quiz.items)

    def test_a_round_left_in_the_middle_goes_on_where_it_was(self, talk: Talk, quiz: Quiz) -> None:
        talk.say("số 104")
        talk.tap(f"Làm {ROUND} câu")
        talk.tap("Tin được")
        talk.say("menu")
        assert f"Câu 2/{ROUND}" in talk.say("làm tiếp")

    def test_the_next_round_asks_what_comes_next(self, talk: Talk, quiz: Quiz) -> None:
        talk.say("số 104")
        talk.tap(f"Làm {ROUND} câu")
        play(talk, quiz)
        assert f"Đúng cả {ROUND} câu" in talk.replies[0].text
        talk.tap(f"Làm {ROUND} câu nữa")
        assert quiz.items[ROUND].say in talk.replies[0].text

    def test_the_whole_can_be_done_in_one_go(self, talk: Talk, quiz: Quiz) -> None:
        talk.say("số 104")
        talk.tap(f"Làm cả {len(quiz.items)} câu")
        for _ in quiz.items[1:]:
            talk.tap("Lừa đảo")
            talk.tap("Câu tiếp")
        talk.tap("Lừa đảo")
        right = sum(item.truth == "lua" for item in quiz.items)
        assert f"Đúng {right}/{len(quiz.items)} câu" in talk.say("tiếp")
        assert len(codec.dump_session(talk.session)) < 2000  # bytes or so: nothing of the round is left

    def test_an_answer_counts_once(self, talk: Talk, quiz: Quiz) -> None:
        talk.say("số 104")
        talk.tap(f"Làm {ROUND} câu")
        first = talk.replies[0].buttons
        talk.send(UpdateKind.BUTTON, data=first[0].postback)  # wrong
        talk.send(UpdateKind.BUTTON, data=first[1].postback)  # and, the answer read, right
        assert talk.session.round.wrong == (quiz.items[0].id,)
        assert talk.session.round.right == ()

    def test_a_button_of_long_ago_still_tells_why(self, talk: Talk, quiz: Quiz) -> None:
        item = quiz.items[5]
        assert item.why in talk.send(UpdateKind.BUTTON, data=f"l:{quiz.id}:{item.id}")
        assert f"Câu 1/{ROUND}" in talk.tap("Câu tiếp")

    def test_an_item_that_is_gone_is_passed_over(self, talk: Talk, quiz: Quiz) -> None:
        assert f"Câu 1/{ROUND}" in talk.send(UpdateKind.BUTTON, data=f"d:{quiz.id}:cau-da-bo")

    def test_reading_the_guide_behind_leads_back(self, talk: Talk, quiz: Quiz) -> None:
        talk.say("số 104")
        talk.tap(f"Làm {ROUND} câu")
        talk.tap("Lừa đảo")
        talk.tap("Xem bài")
        assert talk.session.guide_id == quiz.items[0].guide
        to_the_end(talk)
        assert f"Câu 2/{ROUND}" in talk.tap("Tiếp bài tập")
        assert "left" not in talk.event_kinds

    def test_leaving_is_counted(self, talk: Talk) -> None:
        talk.say("số 104")
        talk.tap(f"Làm {ROUND} câu")
        talk.open("vneid-kich-hoat")
        left = next(event for event in talk.events if event.kind is EventKind.LEFT)
        assert (left.topic, left.guide, left.step) == ("lua-dao", "quiz-that-hay-lua", "khoa-tai-khoan-link")

    def test_every_button_fits_the_smallest_channel(self, talk: Talk, quiz: Quiz) -> None:
        talk.open(quiz.id)
        talk.tap(f"Làm cả {len(quiz.items)} câu")
        while "Xem điểm" not in talk.labels:
            talk.tap("Lừa đảo" if "Lừa đảo" in talk.labels else "Câu tiếp")
            for button in talk.replies[0].buttons:
                assert parse(button.postback)
                assert len(button.postback.encode()) <= CALLBACK_LIMIT

    @given(st.lists(st.sampled_from(["THAT", "LUA", "NEXT"]), max_size=40))
    def test_the_score_never_exceeds_the_round(self, library: Library, acts: list[str]) -> None:
        quiz = library.content.quizzes["quiz-that-hay-lua"]
        round_ = rounds.begun(Round(), quiz)
        for number, act in enumerate(acts):
            item = quiz.items[number % len(quiz.items)]
            round_ = rounds.answered(round_, quiz, item, act == "THAT")
            assert len(round_.right) + len(round_.wrong) + len(rounds.ahead(round_, quiz)) == ROUND


class TestPath:
    def test_finished_guides_are_remembered_before_a_path_is_chosen(self, short: Library) -> None:
        talk = Talk(short)
        walk(talk, "lua-dao-otp")
        walk(talk, "lua-dao-ma-qr")  # on no path
        assert talk.session.finished == ("lua-dao-otp",)
        assert "Đã học 1/2" in talk.open(SHORT.id)

    def test_the_end_of_a_path_gives_the_certificate_s_page_and_no_name(self, short: Library, quiz: Quiz) -> None:
        talk = Talk(short)
        talk.open(SHORT.id)
        talk.tap(short.content.guides["lua-dao-otp"].title)
        walk(talk, "lua-dao-otp")
        assert "đã học 1/2" in talk.replies[0].text
        talk.tap(quiz.title)
        talk.tap(f"Làm {ROUND} câu")
        play(talk, quiz)
        assert "Đã học 2/2, xong cả lộ trình **Thử nghiệm**" in talk.replies[1].text
        assert [button.url for button in talk.replies[1].buttons] == [f"{SITE}/giay-khen/{SHORT.id}"]
        assert "Đã học 2/2" in talk.open(SHORT.id)  # and it can be had again

    def test_without_pages_there_is_no_link(self, library: Library) -> None:
        content = library.content.model_copy(update={"paths": {SHORT.id: SHORT}})
        talk = Talk(Library(content, before=library))
        talk.session = Session(finished=SHORT.guides, path=SHORT.id)
        talk.open(SHORT.id)
        assert not any(button.url for button in talk.replies[0].buttons)

    def test_the_end_of_a_path_leaves_the_rating_to_be_typed(self, short: Library) -> None:
        talk = Talk(short)
        talk.session = Session(finished=("quiz-that-hay-lua",), path=SHORT.id)
        walk(talk, "lua-dao-otp")
        assert len(talk.replies) == 2
        talk.say("có giúp")
        assert "rated" in talk.event_kinds

    def test_a_guide_off_the_path_says_nothing_of_it(self, short: Library) -> None:
        talk = Talk(short)
        talk.open(SHORT.id)
        walk(talk, "lua-dao-ma-qr")
        assert "đã học" not in talk.replies[0].text

    def test_a_path_that_is_gone_leads_to_the_others(self, talk: Talk) -> None:
        assert "Chọn lộ trình" in talk.send(UpdateKind.BUTTON, data="j:khong-con")

    def test_paths_steal_no_guide_s_question(self, library: Library) -> None:
        taken = [
            line
            for guide in library.content.guides.values()
            for line in guide.check
            if (match := understand(line, library)).outcome is Outcome.GUIDE
            and match.guides[0].id in library.content.paths
        ]
        assert taken == []

    def test_each_path_is_found_by_its_own_words(self, library: Library) -> None:
        for path in library.content.paths.values():
            found = [understand(line, library) for line in path.ask]
            assert all(path.id in {one.id for one in match.guides} for match in found), path.id


def test_a_session_of_an_earlier_version_is_read() -> None:
    session = codec.load_session('{"version": 3, "guide_id": "vneid-kich-hoat", "paused": true}')
    assert (session.round, session.path, session.finished) == (Round(), "", ())
