"""A reply in the plainer forms of channels that can show less."""

from __future__ import annotations

from dataclasses import replace

from bot.channels.base import Capabilities, degrade
from bot.engine.model import Button, Reply

FULL = Capabilities(text_limit=1000, buttons=5, label_limit=20, pictures=True, edits=True)
YES, NO = Button("Có", postback="y"), Button("Không", postback="z")
CALL, SITE = Button("Gọi VNeID", phone="19000368"), Button("Mở trang", url="https://vneid.gov.vn")
REPLY = Reply("Được chưa, **cô**?", (YES, CALL, NO, SITE), picture="a.png", replaces=True)


def test_what_can_be_shown_is_left_alone() -> None:
    assert degrade(REPLY, FULL) == REPLY


def test_without_buttons_choices_are_numbered_and_contacts_spelled_out() -> None:
    plain = degrade(REPLY, replace(FULL, buttons=0))
    assert plain.text == ("Được chưa, **cô**?\n\nGọi VNeID: 19000368\nMở trang: https://vneid.gov.vn\n1. Có\n2. Không")
    assert plain.buttons == ()


def test_with_too_few_buttons_the_first_stay_and_all_choices_are_numbered() -> None:
    plain = degrade(REPLY, replace(FULL, buttons=2))
    assert plain.buttons == (YES, CALL)
    assert plain.text.endswith("\n\nMở trang: https://vneid.gov.vn\n1. Có\n2. Không")


def test_contacts_that_are_no_buttons_here_leave_room_for_choices() -> None:
    plain = degrade(REPLY, replace(FULL, buttons=2, phones=False, urls=False))
    assert plain.buttons == (YES, NO)
    assert plain.text.endswith("\n\nGọi VNeID: 19000368\nMở trang: https://vneid.gov.vn")


def test_a_page_of_a_trial_without_a_domain_is_told_and_no_button() -> None:
    """Platforms refuse a message with a button to http://127.0.0.1."""
    here = Button("Làm giấy ghi nhận", url="http://127.0.0.1:8080/giay-khen/tieu-thuong")
    plain = degrade(Reply("Xong.", (here, NO)), FULL)
    assert plain.buttons == (NO,)
    assert plain.text == "Xong.\n\nLàm giấy ghi nhận: http://127.0.0.1:8080/giay-khen/tieu-thuong"


def test_a_label_too_long_is_cut_and_read_in_the_text() -> None:
    long = Button("Đưa thẻ bảo hiểm y tế vào ví giấy tờ", postback="g:x")
    plain = degrade(Reply("Chọn:", (long, NO)), FULL)
    assert [button.label for button in plain.buttons] == ["Đưa thẻ bảo hiểm y…", "Không"]
    assert plain.buttons[0].postback == "g:x"
    assert plain.text == f"Chọn:\n\n1. {long.label}\n2. Không"


def test_styles_pictures_and_edits_are_dropped() -> None:
    plain = degrade(REPLY, replace(FULL, styles=False, pictures=False, edits=False))
    assert plain == Reply("Được chưa, cô?", REPLY.buttons)


def test_text_may_be_missing() -> None:
    assert degrade(Reply("", (YES,)), replace(FULL, buttons=0)).text == "1. Có"
