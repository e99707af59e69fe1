"""Addresses are found the way people paste them, sentences are not taken for any, and no input costs time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.safety.addresses import ADDRESS_LIMIT, find_addresses
from tests.pastes import PASTES
from tests.safety.knowledge import HERE, address, names


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://dichvucong.gov.vn/p/home", "dichvucong.gov.vn"),
        ("vào vietcombank.com.vn nhé.", "vietcombank.com.vn"),
        ("Vietcombank.Com.Vn", "vietcombank.com.vn"),
        ("Link:https://vcb-vn.top/a.", "vcb-vn.top"),
        ("vietcombank chấm com chấm vn", "vietcombank.com.vn"),
        ("vietcombank cham com", "vietcombank.com"),
        ("vietcombank . com . vn", "vietcombank.com.vn"),
        ("vietcombank[.]com", "vietcombank.com"),
        ("h t t p s : / / v c b . t o p / a", "vcb.top"),
        ("hxxp://vcb.top", "vcb.top"),
        ("h\u200bttps://vcb\u200b-vn.top", "vcb-vn.top"),
        ("ｖｉｅｔｃｏｍｂａｎｋ．ｃｏｍ", "vietcombank.com"),
        ("viet\u00adcombank。top", "vietcombank.top"),
        ("http://%76ietcombank.xyz/", "vietcombank.xyz"),
        ("https:\\\\vcb.top\\x", "vcb.top"),
        ("xácminh.vn", "xácminh.vn"),
        ("http://xn--xcminh-pta.vn", "xácminh.vn"),
        ("bit.ly/abc", "bit.ly"),
        ("zalo.me/g/abc", "zalo.me"),
        ("momo.me", "momo.me"),
        ("tiktok.com,facebook.com", "tiktok.com"),
        ("www.vcb-vn.top", "www.vcb-vn.top"),
        ("abc.xyz.Em chào bác", "abc.xyz"),
        ("http://3232235777/", "192.168.1.1"),
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://0300.0250.1.1:8080/x", "192.168.1.1"),
        ("192.168.1.1", "192.168.1.1"),
        ("https://[2001:db8::1]/x", "2001:db8::1"),
    ],
)
def test_an_address_is_found_however_it_is_written(text: str, host: str) -> None:
    assert address(text).host == host


@pytest.mark.parametrize(
    "text",
    [
        "Dạ xong.Em chào bác",
        "rồi.La cà",
        "được.Anh ơi",
        "kh.ông",
        "Ngày 25.11.2026",
        "12.500.000 đồng",
        "Lh 0258.3822.045",
        "tải tệp vneid.apk",
        "baocao.docx",
        "main.py",
        "gọi 09xx.xxx.812",
        "0258.xxx.xxx",
        "com.vn",
        "http://localhost:80/",
        "......",
        "TP.HCM, Q.1, P.Bến Nghé",
        "v.v.",
        "8.5 điểm",
        "",
    ],
)
def test_a_sentence_a_number_or_a_file_is_no_address(text: str) -> None:
    assert find_addresses(text) == ()


def test_an_address_is_taken_apart() -> None:
    found = address("https://user@a.b.evil-vn.com.vn:8443/x/y?z=1#w")
    assert (found.domain, found.suffix) == ("evil-vn.com.vn", "com.vn")
    assert found.subdomains == ("a", "b")
    assert (found.port, found.path) == (8443, "/x/y?z=1#w")
    assert found.name == "a.b.evil-vn"


def test_what_stands_before_the_at_sign_is_told() -> None:
    tricked = address("https://vietcombank.com.vn@evil.xyz/x")
    assert (tricked.domain, tricked.has_userinfo, tricked.is_email) == ("evil.xyz", True, False)
    assert tricked.found == "https://vietcombank.com.vn@evil.xyz/x"
    mail = address("viết cho cskh@evil.com.vn nhé")
    assert (mail.domain, mail.has_userinfo, mail.is_email) == ("evil.com.vn", False, True)


def test_a_firms_suffix_is_told_from_a_registrys() -> None:
    hosted = address("https://vietcom-bank.web.app")
    assert (hosted.domain, hosted.is_hosted) == ("vietcom-bank.web.app", True)
    assert not address("https://a.id.vn").is_hosted


def test_an_address_that_another_sends_on_to_is_found_too() -> None:
    outer, inner = find_addresses("https://google.com/url?q=https%3A%2F%2Fevil.top%2Fa")
    assert (outer.is_nested, inner.is_nested, inner.host) == (False, True, "evil.top")


def test_each_address_is_told_once_and_not_too_many() -> None:
    assert len(find_addresses("vcb.top " * 50)) == 1
    assert len(find_addresses(" ".join(f"a{number}.top" for number in range(2 * ADDRESS_LIMIT)))) == ADDRESS_LIMIT


@pytest.mark.parametrize("text", PASTES.values(), ids=PASTES)
def test_any_paste_is_searched(text: str) -> None:
    assert all(address.host for address in find_addresses(text))


@given(st.text(max_size=300))
def test_any_text_is_taken(text: str) -> None:
    for found in find_addresses(text):
        assert found.ascii_host.isascii()
        assert found.is_ip or found.ascii_host.endswith(found.suffix)


_PIECES = st.sampled_from(
    [
        *"abxyz019.-_@:/\\?#%[] \u200b\u3002\ud800ộđ",
        "http://",
        "vietcombank",
        ".com.vn",
        ".top",
        "xn--",
        "chấm",
        "com",
        "@",
    ]
)


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_any_broken_address_is_taken(text: str) -> None:
    find_addresses(text)


@pytest.mark.parametrize("line", names(HERE / "nasty_urls.txt"))
def test_nasty_addresses_do_not_raise(line: str) -> None:
    find_addresses(line)
    find_addresses(f"Bác bấm vào {line} ngay nhé")
