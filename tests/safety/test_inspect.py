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
        assert len(caught) >= 0.85 * len(scams)  # measured 0.887

    def test_honest_messages_are_left_alone(self, library: Library) -> None:
        honest = messages("held_out_genuine.tsv")
        accused = [text for _, text in honest if library.inspect(text).verdict in ACCUSED]
        assert len(accused) <= 0.01 * len(honest), accused  # measured 1 of 220

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

    @pytest.mark.parametrize("typed", ["0905123456", "+84 905 123 456", "84905123456", "(024) 3825 1234"])
    def test_of_another_number_nothing_is_known(self, library: Library, typed: str) -> None:
        judgement = library.inspect(typed)
        assert judgement.verdict is Verdict.UNKNOWN
        assert [reason.sign for reason in judgement.reasons] == [STRANGE_NUMBER_SIGN]


@pytest.mark.parametrize("host", ["3.84.109.91", "104.233.199.140"])
def test_a_bare_ip_address_is_a_site_and_no_phone_number(library: Library, host: str) -> None:
    judgement = library.inspect(host)
    assert judgement.verdict in ACCUSED
    assert judgement.links == (host,)
    assert not judgement.is_number


def test_nothing_leaves_the_program(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> socket.socket:
        raise AssertionError("the scam check opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for text in ("https://vietcombank-xacminh.top/a", "bit.ly/3abc", "xn--vietcmbank-9fb.vn", "đọc mã OTP cho em"):
        library.inspect(text)
