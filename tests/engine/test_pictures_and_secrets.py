"""What a picture's codes, a secret and a message passed on lead to."""

from __future__ import annotations

import pytest

from bot.engine import codec
from bot.engine.judging import CODES_SHOWN
from bot.engine.library import Library
from bot.engine.model import Address, Reply, Session, Turn, Update, UpdateKind
from bot.engine.respond import respond
from tests.conftest import NOON, Talk
from tests.safety.test_codes import CARD, NAMED

CO_BA = Address("telegram", "42")
BAD = "http://vietcombank-sinhtrac.top"


def answer(library: Library, kind: UpdateKind, text: str = "", **more: object) -> Turn:
    return respond(Update("1", CO_BA, kind, text, message="7", **more), Session(), library, NOON)  # type: ignore[arg-type]


class TestPictures:
    @pytest.mark.parametrize("caption", ["", "kích hoạt vneid", "mã otp của bác là 482913"])
    def test_a_picture_is_looked_at_whatever_stands_beside_it(self, library: Library, caption: str) -> None:
        told, look = answer(library, UpdateKind.PICTURE, caption, picture="file-id").replies
        assert told.text
        assert told.looks_at is None
        assert look == Reply("", looks_at=Update("1", CO_BA, UpdateKind.PICTURE, message="7", picture="file-id"))
        assert codec.load_reply(codec.dump_reply(look)) == look

    def test_a_picture_that_cannot_be_fetched_is_only_answered(self, library: Library) -> None:
        [told] = answer(library, UpdateKind.PICTURE).replies
        assert told.text == library.say(library.phrases.picture)

    def test_the_look_leaves_the_choices_as_they_were_offered(self, library: Library) -> None:
        with_look, without = (answer(library, UpdateKind.PICTURE, picture=name) for name in ("file-id", ""))
        assert with_look.session == without.session

    def test_the_worst_code_comes_first_and_not_all_of_many(self, library: Library) -> None:
        codes = ("https://vneid.gov.vn", NAMED, BAD, "Tổ 5")
        replies = answer(library, UpdateKind.SCANNED, codes=codes).replies
        assert len(replies) == CODES_SHOWN
        for reply, held in zip(replies, ("sinhtrac . top", "Vietcombank", "vneid.gov.vn"), strict=True):
            assert held in reply.text

    def test_nothing_of_papers_or_payments_is_logged(self, library: Library) -> None:
        for codes in ((CARD,), (NAMED,), ("WIFI:S:a;P:12345678;;",), (BAD, CARD)):
            turn = answer(library, UpdateKind.SCANNED, codes=codes)
            assert turn.events == ()
            assert not turn.session.guide_id

    def test_a_picture_of_papers_is_taken_away(self, library: Library) -> None:
        [reply] = answer(library, UpdateKind.SCANNED, codes=(BAD, CARD)).replies
        assert reply.takes_away == "7"
        assert "056055001234" not in reply.text
        assert not any(reply.takes_away for reply in answer(library, UpdateKind.SCANNED, codes=(BAD,)).replies)

    def test_no_code_is_no_error(self, library: Library) -> None:
        assert answer(library, UpdateKind.SCANNED).replies[0].text == library.say(library.phrases.picture)


class TestSecrets:
    def test_a_secret_is_taken_away_and_nothing_else(self, library: Library) -> None:
        assert answer(library, UpdateKind.TEXT, "482913").replies[0].takes_away == "7"
        assert answer(library, UpdateKind.TEXT, "kích hoạt vneid").replies[0].takes_away == ""
        assert answer(library, UpdateKind.TEXT, BAD).replies[0].takes_away == ""

    def test_where_the_channel_names_no_message_nothing_is_asked_for(self, talk: Talk) -> None:
        talk.say("482913")
        assert talk.replies[0].takes_away == ""


class TestPassedOn:
    @pytest.mark.parametrize("text", ["menu", "kích hoạt vneid", "bị lừa chuyển tiền rồi", "chiều họp nhé", "2"])
    def test_it_is_judged_whatever_it_would_mean_if_the_person_wrote_it(self, talk: Talk, text: str) -> None:
        talk.say("vneid")
        talk.send(UpdateKind.TEXT, text, is_passed_on=True)
        assert talk.events[-1].kind.value == "inspected"

    def test_how_its_writer_calls_themself_is_no_matter(self, talk: Talk) -> None:
        talk.send(UpdateKind.TEXT, "cho bác hỏi chiều nay có họp không", is_passed_on=True)
        assert talk.session.pronoun == ""

    def test_a_secret_in_it_is_one(self, talk: Talk) -> None:
        talk.send(UpdateKind.TEXT, "Ma OTP cua ban la 839201. Khong cung cap cho ai.", is_passed_on=True)
        assert "Ở đây không giữ lại" in talk.replies[0].text
