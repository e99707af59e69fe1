"""What the log may hold of what people paste."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.language.redact import LABELS, contains_secret, redact
from tests.pastes import PASTES

HIDDEN = [
    # (what a person writes, kind, the words that must be gone)
    ("mã pin thẻ 4829", "otp", "4829"),
    ("pin the la 482913", "otp", "482913"),
    ("482-913", "otp", "482-913"),
    ("4 8 2 9 1 3", "otp", "4 8 2 9 1 3"),
    ("cvv: 123", "card", "123"),
    ("mật mã: Sen1955", "password", "Sen1955"),
    ("cccd của tôi là 056190001234", "citizen", "056190001234"),
    ("số căn cước 056 190 001 234 ạ", "citizen", "056 190 001 234"),
    ("056.190.001.234", "citizen", "056.190.001.234"),
    ("họ gọi từ +1 888 123 4567", "phone", "888 123 4567"),
    ("+85620 1234 5678 gọi hoài", "phone", "1234 5678"),
    ("0561 9000 1234", "citizen", "0561 9000 1234"),
    ("cmnd cũ 225123456", "citizen", "225123456"),
    ("CMND 225 123 456", "citizen", "225 123 456"),
    ("căn cước 05619000123", "citizen", "05619000123"),
    ("hộ chiếu B1234567", "passport", "B1234567"),
    ("ho chieu c7654321 het han", "passport", "c7654321"),
    ("passport số P01234567", "passport", "P01234567"),
    ("gọi tôi 0905123456", "phone", "0905123456"),
    ("0905 123 456", "phone", "0905 123 456"),
    ("090.512.3456", "phone", "090.512.3456"),
    ("0905-123-456", "phone", "0905-123-456"),
    ("+84905123456", "phone", "+84905123456"),
    ("+84 905 123 456", "phone", "+84 905 123 456"),
    ("(+84) 905.123.456", "phone", "905.123.456"),
    ("84905123456", "phone", "84905123456"),
    ("0 9 0 5 1 2 3 4 5 6", "phone", "0 9 0 5"),
    ("nhà số (0258) 3822 222", "phone", "3822 222"),
    ("0258.3822222", "phone", "3822222"),
    ("sdt 0692348560", "phone", "0692348560"),
    ("sdt0905123456nhe", "phone", "0905123456"),
    ("stk 19036789012018 techcombank", "account", "19036789012018"),
    ("số tài khoản 1903 6789 0120 18", "account", "1903 6789 0120 18"),
    ("chuyển vào 12345678", "account", "12345678"),
    ("tk 0011.0045.12345 vcb", "account", "0011.0045.12345"),
    ("stk mb 0905123456", "account", "0905123456"),
    ("9704 3612 3456 7890", "card", "9704 3612 3456 7890"),
    ("thẻ 9704-3612-3456-7890-123", "card", "9704-3612-3456-7890-123"),
    ("4111111111111111", "card", "4111111111111111"),
    ("mã thẻ bhyt DN4797912345678", "insurance", "DN4797912345678"),
    ("HC 4 79 7912345678", "insurance", "7912345678"),
    ("mã số bhxh 7912345678", "insurance", "7912345678"),
    ("gửi về co.ba+1@gmail.com nhé", "email", "co.ba+1@gmail.com"),
    ("mail: coba @ gmail.com", "email", "coba @ gmail.com"),
    ("otp là 482913", "otp", "482913"),
    ("OTP: 4829", "otp", "4829"),
    ("mã xác nhận của em là 48 29 13", "otp", "48 29 13"),
    ("482913 là mã otp của bác", "otp", "482913"),
    ("ma xac thuc 77120", "otp", "77120"),
    ("your code is 55120", "otp", "55120"),
    ("Mã của bạn: G-482913", "otp", "482913"),
    ("482913", "otp", "482913"),
    ("nó nhắn 482913 rồi thôi", "number", "482913"),
    ("xe 79A-123.45 bị phạt", "plate", "79A-123.45"),
    ("79-H1 12345", "plate", "79-H1 12345"),
    ("79H1-123.45", "plate", "79H1-123.45"),
    ("biển 79h1 12345", "plate", "79h1 12345"),
    ("79A 12345", "plate", "79A 12345"),
    ("79a12345", "plate", "79a12345"),
    ("79-N2 4567", "plate", "79-N2 4567"),
    ("tôi tên là Nguyễn Thị Ba", "name", "Nguyễn Thị Ba"),
    ("tên tôi là Trần Văn An, ở Ninh Hòa", "name", "Trần Văn An"),
    ("toi ten la nguyen thi ba muon hoi vneid", "name", "nguyen thi ba"),
    ("mình tên Lê Thị Hoa ạ", "name", "Lê Thị Hoa"),
    ("em tên Nguyễn văn An", "name", "Nguyễn văn An"),
    ("Họ tên: NGUYỄN VĂN AN", "name", "NGUYỄN VĂN AN"),
    ("họ và tên : nguyễn văn an", "name", "nguyễn văn an"),
    ("ho ten Nguyen Van An", "name", "Nguyen Van An"),
    ("con tên là lan ở Cam Ranh", "name", "lan"),
    ("em tên nguyễn văn an", "name", "nguyễn văn an"),
    ("tôi là Nguyễn Văn An", "name", "Nguyễn Văn An"),
    ("tôi tên là Tôn Nữ Thị Thanh Hà", "name", "Tôn Nữ Thị Thanh Hà"),
    ("mật khẩu là Hoa@1234", "password", "Hoa@1234"),
    ("mk: hoahong", "password", "hoahong"),
    ("mật khẩu vneid của tôi là 123456aA", "password", "123456aA"),
    ("mat khau: abc12345", "password", "abc12345"),
    ("mk vssid là matkhau1", "password", "matkhau1"),
    ("password = qwerty", "password", "qwerty"),
    ("mk Abc@1234", "password", "Abc@1234"),
    # written so that a simple search would miss it
    ("cccd ０５６１９０００１２３４", "citizen", "０５６"),
    ("٠٩٠٥١٢٣٤٥٦", "phone", "٠٩٠٥"),
    ("0905\u200b123\u200b456", "phone", "456"),
    ("0905\u00a0123\u00a0456", "phone", "456"),
    ("0905–123–456", "phone", "456"),
    ("0️⃣9️⃣0️⃣5️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣", "phone", "5"),
    ("coba＠gmail.com", "email", "coba"),
    ("𝟎𝟗𝟎𝟓𝟏𝟐𝟑𝟒𝟓𝟔", "phone", "𝟎"),
]  # fmt: skip

SHOWN = [
    "500 000",
    "113 115",
    "pin 5000 mah",
    "gọi 113, 114, 115 hay 111",
    "113 114 115 156",
    "nhắn lừa đảo tới 5656 hoặc 156",
    "soạn mã gửi 5656",
    "tổng đài 1900 0368",
    "gọi 19000368 không được",
    "1900.9068 và 18001096",
    "1900545413",
    "1900 54 54 13",
    "1900 0368, 1900 9068",
    "1900 0368 1900 9068",
    "1800 1096",
    "năm 2024 2025 2026",
    "sinh năm 1960",
    "12/05/1960",
    "12.05.1960 đến 13.05.2026",
    "12-5-2026",
    "2026-11-20",
    "ngày 12 05 1960",
    "mất 500.000đ",
    "mất 500.000.000 đồng",
    "chuyển 1.250.000.000 VND",
    "200000đ, 350000 đồng, 500k, 2 triệu, 15tr",
    "50.000.000",
    "gõ số 23",
    "số 1, 2, 3",
    "nghị định 69/2024/NĐ-CP và 1234/2025",
    "mã lỗi 4004",
    "mã otp không về",
    "mã otp 6 số, chờ 60 giây",
    "quên mật khẩu thì sao",
    "mật khẩu là gì",
    "mat khau la gi vay",
    "quen mat khau: vao dau",
    "mật khẩu phải có chữ hoa",
    "mk là người Nha Trang",
    "quên mật khẩu vneid2",
    "ứng dụng tên là VNeID",
    "tên là gì",
    "tên tôi bị sai trên vneid",
    "toi la ho ngheo",
    "tôi là người cao tuổi",
    "họ tên sai thì sửa ở đâu",
    "lúc 15h 2024 người",
    "7h30 - 17h00",
    "kích hoạt vneid mức 2",
    "iphone 15, android 14",
    "",
]

SECRET = [
    ("otp của em là 482913", "otp"),
    ("482913", "otp"),
    ("cccd 056190001234", "citizen"),
    ("thẻ 9704 3612 3456 7890", "card"),
    ("mật khẩu là Hoa@1234, otp 482913", "password"),
    ("stk 19036789012018", "account"),
    ("hộ chiếu B1234567", "passport"),
    ("DN4797912345678", "insurance"),
]

NOT_SECRET = [
    "+1 888 123 4567",
    "+500,000,000 VND",
    "mã otp không về",
    "mã otp là gì",
    "otp 6 số",
    "quên mật khẩu",
    "mật khẩu là gì",
    "gọi 0905123456",
    "coba@gmail.com",
    "tôi tên là Nguyễn Thị Ba",
    "79A-123.45",
    "mất 500.000 đồng",
    "chuyển nhầm 500000 rồi",
    "mã số thuế 4201234567",
    "1900 0368",
    "12/05/1960",
    "",
]


@pytest.mark.parametrize(("text", "kind", "gone"), HIDDEN)
def test_hides(text: str, kind: str, gone: str) -> None:
    redacted = redact(text)
    assert LABELS[kind] in redacted
    assert gone not in redacted
    assert not re.search(r"\d{4}", redacted)


@pytest.mark.parametrize("text", SHOWN)
def test_shows(text: str) -> None:
    assert redact(text) == text
    assert contains_secret(text) is None


@pytest.mark.parametrize(("text", "kind"), SECRET)
def test_warns(text: str, kind: str) -> None:
    assert contains_secret(text) == kind
    assert contains_secret(redact(text)) is None


@pytest.mark.parametrize("text", NOT_SECRET)
def test_does_not_warn(text: str) -> None:
    assert contains_secret(text) is None


def test_leaves_the_words_around() -> None:
    text = "Tôi tên là Nguyễn Thị Ba, cccd 056190001234, sđt 0905 123 456. Gọi 1900 0368 năm 2026 mất 50.000đ"
    assert redact(text) == (
        f"Tôi tên là {LABELS['name']}, cccd {LABELS['citizen']}, sđt {LABELS['phone']}. "
        "Gọi 1900 0368 năm 2026 mất 50.000đ"
    )


def test_public_numbers_beside_private_ones_stay() -> None:
    assert redact("113 0905123456") == f"113 {LABELS['phone']}"
    assert redact("1900 0368 0905 123 456") == f"1900 0368 {LABELS['phone']}"
    assert redact("12/05/1960 0905123456") == f"12/05/1960 {LABELS['phone']}"
    assert redact("0905123456, 0912345678") == f"{LABELS['phone']}, {LABELS['phone']}"


def test_labels_can_be_told_apart_and_hold_no_digit() -> None:
    assert len(set(LABELS.values())) == len(LABELS)
    assert not re.search(r"\d", "".join(LABELS.values()))


PIECES = st.sampled_from(
    [text for text, _, _ in HIDDEN] + SHOWN + list(LABELS.values())
    + [" ", ", ", ". ", "\n", ": ", "-", "[", "]", "@", "là", "otp ", "mã ", "mk: ", "tên là ", "0", "12", "1900",
       "2024", "123456", "đ", "A", "\u200b", "\u0301", "７", "\u0665", "²", "+84"]
)  # fmt: skip
PASTED = st.lists(PIECES | st.text(max_size=6), max_size=12).map("".join)
NUMBERS = st.text("0123456789 .,-/()+đkotpmã[]", max_size=60)


@settings(max_examples=1000, deadline=None)
@given(PASTED | NUMBERS | st.text())
def test_whatever_is_pasted_is_hidden_once_and_for_all(text: str) -> None:
    redacted = redact(text)
    assert redact(redacted) == redacted
    for run in re.findall(r"\d{9,}", redacted):
        assert re.fullmatch(r"1[89]00\d{6}", run)
    assert contains_secret(text) is None or redacted != text


@pytest.mark.parametrize("text", PASTES.values(), ids=PASTES)
def test_any_paste_is_read(text: str) -> None:
    assert contains_secret(redact(text)) is None
