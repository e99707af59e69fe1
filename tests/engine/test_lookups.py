"""A question about a word or a place is answered where the person stands, and takes no question from a guide."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content.lookups import split_kind
from bot.engine import routing
from bot.engine.library import Library
from bot.engine.model import UpdateKind
from bot.engine.places import one_each
from bot.engine.postback import Postback, Verb
from bot.language.normalize import fold
from tests.conftest import Talk

HELD_OUT = Path(__file__).parent.parent / "data" / "held_out"

EXPLAINED = [
    ("otp là gì", "otp"),
    ("passcode la cai chi", "passcode"),
    ("nfc là răng", "nfc"),
    ("mức 2 nghĩa là sao", "muc-2"),
    ("muc 2 la j z", "muc-2"),
    ("giải thích mã pin", "ma-pin"),
    ("thế nào là deepfake", "deepfake"),
    ("cháu ơi cho bác hỏi cái otp là gì vậy", "otp"),
    ("bác không biết vneid là cái gì", "vneid"),
    ("vneid là gì", "vneid"),
    ("ai là gì", "ai"),
    ("tk là gì", "tai-khoan"),
    ("otp?", "otp"),
    ("thuộc tính là gì", "thuoc-tinh"),
]


@pytest.mark.parametrize(("text", "term"), EXPLAINED)
def test_a_word_is_explained(library: Library, talk: Talk, text: str, term: str) -> None:
    meant = library.content.knowledge.glossary[term]
    assert meant.say in talk.say(text).splitlines()[0]
    assert talk.labels[0] == library.content.guides[meant.guide].title
    assert talk.event_kinds == ["asked"]


@pytest.mark.parametrize(
    "text",
    ["vneid là gì mà vô không được", "otp là gì mà người ta hỏi", "ai", "ai?", "tk", "đèn là gì", "la gi"],
)
def test_a_word_within_another_question_is_not(library: Library, text: str) -> None:
    assert routing.term_meant(text, library) is None


def test_a_question_with_a_word_in_it_still_reaches_its_guide(talk: Talk) -> None:
    talk.say("otp là gì mà người ta hỏi")
    assert "Có người hỏi mã OTP, mật khẩu" in talk.labels


def test_an_explanation_keeps_the_place(talk: Talk) -> None:
    talk.open("vneid-kich-hoat")
    talk.tap("Bắt đầu")
    here = talk.session
    talk.say("passcode là gì")
    assert (talk.session.guide_id, talk.session.step_id) == (here.guide_id, here.step_id)
    assert talk.labels == ["Quên passcode 6 số trong VNeID, đặt lại", "Tới bước này", "Menu"]
    talk.tap("Tới bước này")
    assert talk.session.step_id == here.step_id


def test_a_word_alone_is_explained_only_where_it_means_nothing_else(talk: Talk) -> None:
    assert talk.say("một phần").startswith("**Dịch vụ công một phần.**")
    assert "Mã OTP" not in talk.say("otp")
    assert talk.labels[0] == "Có người hỏi mã OTP, mật khẩu"


def test_trouble_at_a_step_goes_before_a_word_alone(library: Library, talk: Talk) -> None:
    term = library.content.knowledge.glossary["nfc"]
    talk.open("thanh-toan-sinh-trac-hoc")
    talk.tap("Bắt đầu")
    assert term.say not in talk.say("nfc")
    assert "Vẫn không được" in talk.labels


def test_the_guide_being_walked_is_not_offered_again(talk: Talk) -> None:
    talk.open("vneid-kich-hoat")
    talk.tap("Bắt đầu")
    talk.say("kích hoạt là gì")
    assert talk.labels == ["Tới bước này", "Menu"]


PLACES = [
    ("xã Vĩnh Hải giờ thuộc đâu", ["xa-vinh-hai"]),
    ("vinh hai", ["xa-vinh-hai", "phuong-bac-nha-trang"]),
    ("p. Vĩnh Hải", ["phuong-bac-nha-trang"]),
    ("vĩnh hải nha trang", ["phuong-bac-nha-trang"]),
    ("phường Ninh Hòa nộp hồ sơ chỗ nào", ["phuong-ninh-hoa"]),
    ("phuong ninh hoà cũ ở đâu", ["phuong-ninh-hoa"]),
    ("xã ninh phước", ["xa-ninh-phuoc", "phuong-dong-ninh-hoa"]),
    ("xã cam hòa cũ giờ là xã nào", ["xa-cam-hiep", "xa-cam-lam", "xa-suoi-dau"]),
    ("bác ở vạn giã", ["xa-van-ninh"]),
    ("dân Tô Hạp thì ra đâu làm giấy tờ", ["xa-khanh-son"]),
    ("TP Nha Trang làm giấy tờ ở đâu", [f"phuong-{name}nha-trang" for name in ("bac-", "nam-", "", "tay-")]),
    ("tờ khai", []),
    ("làm căn cước ở nha trang", []),
    ("trung tâm hành chính công phường nha trang nằm ở đâu", []),
]


@pytest.mark.parametrize(("text", "communes"), PLACES)
def test_places(library: Library, text: str, communes: list[str]) -> None:
    assert [place.commune for place in routing.places_meant(text, library)] == communes


def test_every_commune_is_found_by_each_of_its_names(library: Library) -> None:
    knowledge = library.content.knowledge
    assert len(knowledge.communes) == 65
    for commune_id, commune in knowledge.communes.items():
        for name in (commune.name, *commune.former):
            bare = split_kind(name, knowledge.questions.places.kinds)[1]
            for typed in (name, bare, fold(name), fold(bare)):
                assert commune_id in {place.commune for place in library.places.named(typed)}, typed
                assert library.commands.meaning(typed) is None


def test_every_term_is_found_by_each_of_its_names(library: Library) -> None:
    for term_id, term in library.content.knowledge.glossary.items():
        for name in term.names:
            assert library.terms.named(name) == (term_id,), name


def test_one_commune_is_told_in_its_nearest_meaning(library: Library) -> None:
    (place, *_) = one_each(library.places.named("nha trang"))
    assert (place.commune, place.former) == ("phuong-nha-trang", "")


def test_a_place_says_what_it_is_now_and_where_papers_go(talk: Talk) -> None:
    told = talk.say("vạn giã")
    assert told.startswith("Thị trấn Vạn Giã cũ nay thuộc **Xã Vạn Ninh**.")
    assert "Trung tâm Phục vụ hành chính công xã Vạn Ninh" in told
    assert talk.labels == ["Ra xã, phường nhờ người làm giúp hồ sơ", "Menu"]


def test_where_no_source_says_so_no_office_is_invented(talk: Talk) -> None:
    assert "Trung tâm" not in talk.say("trường sa")


def test_a_name_of_a_whole_province_asks_for_a_smaller_one(talk: Talk) -> None:
    asked = talk.say("ninh thuận")
    assert asked == talk.say("làm thủ tục ở đâu")


def test_where_to_do_a_step_is_that_guide_s_own_question(talk: Talk) -> None:
    talk.open("vneid-dang-ky-muc-2")
    talk.tap("Bắt đầu")
    assert "Trung tâm Phục vụ hành chính công xã, phường. Đang ở" not in talk.say("làm ở đâu")


def test_a_button_of_a_commune_that_is_gone_shows_the_menu(talk: Talk) -> None:
    talk.send(UpdateKind.BUTTON, data=str(Postback(Verb.PLACE, "xa-khong-con")))
    assert talk.replies
    assert talk.session.guide_id == ""


def test_no_question_about_a_guide_is_taken_for_another(library: Library) -> None:
    """Of all lines that people ask guides by, the few that ask for a word have that very guide's button below it."""
    lines = [(guide.id, line) for guide in library.content.guides.values() for line in (*guide.ask, *guide.check)]
    for line in (HELD_OUT / "questions.tsv").read_text(encoding="utf-8").splitlines():
        if line.count("\t") >= 2:
            guide_id, _, text = line.split("\t")[:3]
            lines.append((guide_id, text))
    taken = 0
    for guide_id, text in lines:
        term = library.terms.asked(text)
        assert not library.places.asked(text), text
        if term:
            taken += 1
            assert library.content.knowledge.glossary[term[0]].guide == guide_id, text
    assert taken < 10
