"""QR codes: told apart by what they hold, whatever somebody printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.safety.codes import NAME_SHOWN, Code, CodeKind, read_code

# The first sample of NAPAS's "QR Format T&C" 1.0 (6.1.1), whose account is a digit longer than it says.
STATIC = "00020101021138570010A00000072701270006970403011200110123456780208QRIBFTTA53037045802VN6304F4E5"
NAMED = (
    "00020101021238550010A000000727012500069704360111012345678900208QRIBFTTA"
    "530370454065000005802VN5912NGUYEN THI A6304D48B"
)
VNPAY = "00020101021126280010A0000007750110012345678953037045802VN5907CHO DAM630415AB"
CARD = "056055001234|225123456|Nguyễn Thị Ba|01011955|Nữ|Thôn Phú Nghĩa, Khánh Hòa|01012021"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (STATIC, Code(CodeKind.PAYMENT, bank="970403", account="4567")),
        (NAMED, Code(CodeKind.PAYMENT, name="NGUYEN THI A", bank="970436", account="7890", amount=500000)),
        (VNPAY, Code(CodeKind.PAYMENT, name="CHO DAM")),
        (CARD, Code(CodeKind.PRIVATE)),
        (CARD.replace("225123456", ""), Code(CodeKind.PRIVATE)),
        ("GD4794567890123|4e6775|01/01/1955|2|4b68|56 - 001|01/01/2026", Code(CodeKind.PRIVATE)),
        ("otpauth://totp/VNeID:ba?secret=JBSWY3DPEHPK3PXP", Code(CodeKind.PRIVATE)),
        ("STK 0123456789012", Code(CodeKind.PRIVATE)),
        (r"WIFI:T:WPA;S:Cà phê\; Ba;P:12345678;;", Code(CodeKind.WIFI, name="Cà phê; Ba")),
        ("WIFI:T:nopass;;", Code(CodeKind.WIFI)),
        ("BEGIN:VCARD\nVERSION:3.0\nFN:Trần An\nTEL:0905123456\nEND:VCARD", Code(CodeKind.CONTACT, name="Trần An")),
        ("BEGIN:VCARD\nN;CHARSET=UTF-8:Trần;An;;;\nEND:VCARD", Code(CodeKind.CONTACT, name="Trần An")),
        ("MECARD:TEL:0905123456;N:Trần,An;;", Code(CodeKind.CONTACT, name="Trần An")),
        ("BEGIN:VCARD\nEND:VCARD", Code(CodeKind.CONTACT)),
        ("tel:+84905123456", Code(CodeKind.NUMBER, "+84905123456", "+84905123456")),
        ("SMSTO:9029:DK NAP", Code(CodeKind.NUMBER, "9029", "9029")),
        ("https://vneid.gov.vn/a?b=1", Code(CodeKind.LINK, "https://vneid.gov.vn/a?b=1", "vneid.gov.vn")),
        ("https://vneid.gov.vn@evil.top/a", Code(CodeKind.LINK, "https://vneid.gov.vn@evil.top/a", "evil.top")),
        ("Bấm evil.top/a nhận quà", Code(CodeKind.LINK, "Bấm evil.top/a nhận quà", "evil.top")),
        ("Tổ 5", Code(CodeKind.TEXT, "Tổ 5", "Tổ 5")),
        ("  ", Code(CodeKind.TEXT)),
    ],
)
def test_a_code_is_known_by_what_it_holds(content: str, expected: Code) -> None:
    assert read_code(content) == expected


@pytest.mark.parametrize("content", ["0002010", "000201380", "0002013899", "00020154" + "13" + "9" * 13, "000201zz"])
def test_half_a_payment_is_none(content: str) -> None:
    assert read_code(content).kind is not CodeKind.PAYMENT


def test_no_name_makes_a_link_or_a_style_or_fills_the_screen() -> None:
    assert read_code("WIFI:S:**vao nhan-qua.top/a**;;").name == "vao nhan-qua . top/a"
    assert len(read_code("WIFI:S:" + "a" * 500).name) == NAME_SHOWN


@given(
    st.one_of(
        st.text(max_size=300),
        st.sampled_from([STATIC, NAMED, CARD]).flatmap(
            lambda code: st.builds(lambda at, more: code[:at] + more, st.integers(0, len(code)), st.text(max_size=20))
        ),
    )
)
def test_nothing_breaks_it(content: str) -> None:
    code = read_code(content)
    assert len(code.name) <= NAME_SHOWN
    assert code.text in ("", content.strip()) or code.kind is CodeKind.NUMBER
