"""The whole scam check, as a person meets it: messages that nobody tuned on, numbers, and no network."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bot.engine.library import Library
from bot.safety.inspect import HOTLINE_SIGN, STRANGE_NUMBER_SIGN
from bot.safety.model import ACCUSED, Verdict

DATA = Path(__file__).parent / "data"


def messages(name: str) -> list[tuple[str, str]]:
    rows = (DATA / name).read_text(encoding="utf-8").splitlines()
    pairs = (row.split("\t") for row in rows if row and not row.startswith("#"))
    return [(kind, text.replace("\\n", "\n")) for kind, text in pairs]


class TestMessagesOfOthers:
    def test_most_scams_are_caught(self, library: Library) -> None:
        scams = messages("held_out_scam.tsv")
        caught = [text for _, text in scams if library.inspect(text).verdict in ACCUSED]
        assert len(caught) >= 0.88 * len(scams)  # measured 0.909

    def test_honest_messages_are_left_alone(self, library: Library) -> None:
        honest = messages("held_out_genuine.tsv")
        accused = [text for _, text in honest if library.inspect(text).verdict in ACCUSED]
        assert len(accused) <= 0.01 * len(honest), accused  # measured 2 of 350

    @pytest.mark.parametrize("kind", ["otp", "so-du", "canh-bao"])
    def test_of_the_gravest_kinds_none_is_accused(self, library: Library, kind: str) -> None:
        honest = [text for its, text in messages("held_out_genuine.tsv") if its == kind]
        assert honest
        assert [text for text in honest if library.inspect(text).verdict in ACCUSED] == []


class TestNumbers:
    @pytest.mark.parametrize("typed", ["18001096", "1800 1096", "1900 0368", "113"])
    def test_a_hotline_is_named(self, library: Library, typed: str) -> None:
        judgement = library.inspect(typed)
        assert judgement.verdict is Verdict.OFFICIAL
        assert [reason.sign for reason in judgement.reasons] == [HOTLINE_SIGN]

    def test_every_listed_hotline_is_known_by_its_number_alone(self, library: Library) -> None:
        numbers = [hotline.number for hotline in library.content.knowledge.hotlines.values()]
        assert [number for number in numbers if library.inspect(number).verdict is not Verdict.OFFICIAL] == []

    @pytest.mark.parametrize(
        "typed",
        [
            "0905123456",
            "0905 123 456",
            "0905.123.456",
            "+84 905 123 456",
            "(+84) 905.123.456",
            "84905123456",
            "84 905 123 456",
            "+84 0905 123 456",
            "0084905123456",
            "0258 3822 045",
            "(024) 3825 1234",
            "84 24 3825 1234",
            "1900 1234",
            "18001234",
            "1900 123456",
            "+375 29 123 4567",
            "198",
            "5656",
            "1022",
        ],
    )
    def test_of_another_number_nothing_is_known(self, library: Library, typed: str) -> None:
        judgement = library.inspect(typed)
        assert judgement.verdict is Verdict.UNKNOWN
        assert [reason.sign for reason in judgement.reasons] == [STRANGE_NUMBER_SIGN]

    @pytest.mark.parametrize(
        "typed",
        [
            "500",
            "5000",
            "50000",
            "500 000",
            "500.000",
            "19.000.000",
            "18 000 000",
            "19000000",
            "84 500 000",
            "1 000 000 000",
            "+50.000.000",
            "100 200 300",
            "11 3",
            "20 11",
            "20.11",
            "20-11-2026",
            "20 11 2026",
            "08 05 2011",
            "2026",
            "1975",
            "0905 123 45",
            "09051234567",
            "23",
            "482913",
            "123456789",
            "056055001234",
        ],
    )
    def test_an_amount_a_day_or_another_number_is_no_phone(self, library: Library, typed: str) -> None:
        assert not library.inspect(typed).is_number

    @pytest.mark.parametrize(
        "asked", ["số 1800 1096 là của ai vậy", "ai gọi 18001096", "18001096 có phải lừa đảo không"]
    )
    def test_a_number_in_a_short_question_is_judged(self, library: Library, asked: str) -> None:
        judgement = library.inspect(asked)
        assert judgement.is_number
        assert [reason.sign for reason in judgement.reasons] == [HOTLINE_SIGN]
        assert judgement.verdict is Verdict.UNKNOWN

    @pytest.mark.parametrize(
        "text",
        [
            "gọi 113 được không",
            "số nào đúng, 18001096 hay 19000368",
            "bác gái ở nhà bên cạnh mới đưa cho tui số 18001096 này biểu tui gọi hỏi chuyện sổ đỏ",
        ],
    )
    def test_a_number_among_others_is_not(self, library: Library, text: str) -> None:
        assert not library.inspect(text).is_number


HONEST_LINK = "https://dulichbien.example.com/tin-tuc"
HONEST_MESSAGE = "BHYT của ông bà sắp hết hạn ngày 31/12, mời đến đại lý thu tại UBND xã để gia hạn"
ASKING = [
    "{}",
    "cái này lừa đảo không: {}",
    "link này có phải lừa đảo không {}",
    "{} cái này lừa đảo không",
    "coi giùm bác cái này\n{}",
    "{} có uy tín không cháu",
    "co nen bam vao {} khong",
    "mẹ tui nhận được {} nhờ coi giùm có phải lừa đảo không",
]


@pytest.mark.parametrize(
    "text",
    [
        "Sim của bác bị kẻ gian sao chép, bác đọc mã OTP vừa gửi về để bên em khóa lại giúp bác ngay ạ",
        "Tài khoản của quý khách bị kẻ gian xâm nhập, bấm http://vcb-baomat.top đăng nhập để bảo vệ tài khoản",
        "Có kẻ mạo danh dùng căn cước của anh để rửa tiền, anh chuyển hết tiền vào tài khoản tạm giữ để xác minh",
    ],
)
def test_a_trap_that_speaks_of_traps_is_still_one(library: Library, text: str) -> None:
    assert library.inspect(text).verdict is Verdict.DANGEROUS


def test_a_number_known_as_a_hotline_vouches_for_no_trap(library: Library) -> None:
    assert library.inspect("1900545413 gọi bảo đọc otp có thật không").verdict is not Verdict.OFFICIAL


class TestQuestionsAbout:
    @pytest.mark.parametrize("asking", ASKING)
    def test_what_a_person_asks_is_held_against_nothing(self, library: Library, asking: str) -> None:
        assert library.inspect(asking.format(HONEST_LINK)).verdict is Verdict.UNKNOWN
        assert library.inspect(asking.format(HONEST_MESSAGE)).verdict is Verdict.UNKNOWN

    @pytest.mark.parametrize("asking", ASKING)
    def test_and_hides_nothing(self, library: Library, asking: str) -> None:
        scam = "Tài khoản ngân hàng của quý khách sẽ bị khóa sau 24h, bấm https://vcb-xacminh.top nhập mã OTP để mở lại"
        assert library.inspect(asking.format(scam)).verdict is Verdict.DANGEROUS
        assert library.inspect(asking.format("https://vcb-xacminh.top")).verdict is Verdict.DANGEROUS

    @pytest.mark.parametrize(
        "text",
        [
            "Trang có uy tín, chuyển khoản trước 500k giữ hàng",
            "Nhận việc online có uy tín, chuyển cọc 200k trước",
            "Việc nhẹ lương cao 500k một ngày, nhắn https://wa.me/84900000000 để nhận việc nha cô bác",
        ],
    )
    def test_a_trap_that_vouches_for_itself_is_no_question(self, library: Library, text: str) -> None:
        assert library.inspect(text).verdict in ACCUSED

    @pytest.mark.parametrize("asking", [*ASKING[1:4], "bác hỏi trang {} có thật không"])
    def test_an_official_address_stays_official(self, library: Library, asking: str) -> None:
        assert library.inspect(asking.format("https://vietcombank.com.vn")).verdict is Verdict.OFFICIAL

    def test_a_page_that_is_passed_on_in_a_few_words_is_no_trap(self, library: Library) -> None:
        assert library.inspect(f"vào {HONEST_LINK} đặt vé nha con").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("host", ["3.84.109.91", "104.233.199.140"])
def test_a_bare_ip_address_is_a_site_and_no_phone_number(library: Library, host: str) -> None:
    judgement = library.inspect(host)
    assert judgement.verdict in ACCUSED
    assert judgement.links == (host,)
    assert not judgement.is_number


@pytest.mark.parametrize(
    "text", ["vcb,https://", "me/https:// www.", "xn--vcb.top", "https://中文.top/a", "a@xn--vcb.top"]
)
def test_a_broken_or_foreign_address_breaks_nothing(library: Library, text: str) -> None:
    assert library.inspect(text).verdict in Verdict


def test_nothing_leaves_the_program(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> socket.socket:
        raise AssertionError("the scam check opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for text in ("https://vietcombank-xacminh.top/a", "bit.ly/3abc", "xn--vietcmbank-9fb.vn", "đọc mã OTP cho em"):
        library.inspect(text)
