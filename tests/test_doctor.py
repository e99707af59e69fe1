"""What an operator is told before the first start."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from bot.config import load_config
from bot.doctor import RELEASED, Finding, diagnose
from bot.engine.model import Event, EventKind
from bot.errors import ContentError, Problem, StoreError
from bot.stats import traffic
from bot.stores.base import LoggedEvent
from bot.words import say

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TOKEN = "8123456789:AAFakeFakeFakeFakeFakeFakeFakeFake0"
HASH = "scrypt$16384$8$1$c2FsdA$aGFzaGhhc2hoYXNoaGFzaA"
WEBHOOK = f"{{token: '{TOKEN}', mode: webhook, webhook_secret: abcdefgh}}"
OA = "{app_id: a, app_secret: BIMAT, oa_secret: BIMAT, refresh_token: BIMAT}"
WARNING = Problem("scenarios/a.yaml", 3, "xem lại", is_warning=True)
MISTAKE = Problem("scenarios/b.yaml", 7, "sửa đi")


@dataclass
class Judged:
    warnings: Sequence[Problem] = ()


Examine = Callable[..., list[Finding]]


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def examine(tmp_path: Path, port: int) -> Examine:
    """The findings for an installation with this config.yaml."""

    def findings(
        text: str = "", url: str = "https://hocvuso.vn", check: Callable[[], Judged] = Judged, **machine: object
    ) -> list[Finding]:
        path = tmp_path / "config.yaml"
        path.write_text(f"server: {{port: {port}, public_url: '{url}'}}\n{text}", encoding="utf-8")
        found = diagnose(load_config(path, {}), check, **{"now": NOON, **machine})  # type: ignore[arg-type]
        assert not any(secret in str(found) for secret in ("AAFake", "BIMAT", "scrypt")), "a secret shows"
        return found

    return findings


def finding(level: str, key: str, **values: object) -> tuple[str, str]:
    return level, say("doctor", key, **values)


def test_a_fresh_installation_has_nothing_wrong(examine: Examine, tmp_path: Path, port: int) -> None:
    assert examine(python=(3, 12, 1)) == [
        finding("ok", "python", version="3.12.1"),
        finding("ok", "clock", now="25/11/2026 12:00 UTC"),
        finding("ok", "store", store=f"sqlite:///{tmp_path}/data/hocvuso.db"),
        finding("ok", "data", folder=tmp_path / "data"),
        finding("ok", "port", host="127.0.0.1", port=port),
        finding("ok", "public_url", url="https://hocvuso.vn"),
        ("off", "kênh telegram tắt vì chưa có token"),
        ("off", "kênh zalo_oa tắt vì chưa có app_id, app_secret, oa_secret"),
        ("off", "kênh zalo_bot tắt vì chưa có token"),
        finding("ok", "pepper_made", folder=tmp_path / "data"),
        finding("off", "admin_off"),
        finding("ok", "content"),
    ]
    assert not (tmp_path / "data").exists(), "looking must change nothing"


def test_a_finding_is_a_line(examine: Examine) -> None:
    assert str(Finding("error", "hỏng")) == "[ SAI  ] hỏng"
    assert str(examine(python=(3, 12, 1))[0]) == "[ được ] Python 3.12.1"


def test_old_python_and_wrong_clock(examine: Examine) -> None:
    found = examine(python=(3, 10, 2), now=RELEASED - timedelta(days=1))
    assert found[:2] == [
        finding("error", "python_old", version="3.10.2", needed="3.11"),
        finding("error", "clock_wrong", now="31/10/2026 00:00 UTC"),
    ]


class TestData:
    def test_a_folder_that_cannot_be_written(self, examine: Examine, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("a file in its place, which stops root too")
        reason = "Not a directory"
        assert finding("error", "data_readonly", folder=tmp_path / "data", reason=reason) in examine()

    def test_secrets_that_everyone_can_read(self, examine: Examine, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)
        (tmp_path / "data").mkdir(mode=0o755)
        paths = [tmp_path / ".env", tmp_path / "data/hocvuso.db"]
        for path in paths:
            path.touch()
            path.chmod(0o644)
        warnings = [finding("warn", "open_to_all", path=path) for path in paths]
        assert [one for one in examine() if one.level == "warn"] == warnings
        for path in paths:
            path.chmod(0o600)
        assert [one for one in examine() if one.level == "warn"] == []

    def test_a_closed_folder_keeps_what_is_in_it(self, examine: Examine, tmp_path: Path) -> None:
        (tmp_path / ".env").touch(mode=0o644)
        tmp_path.chmod(0o700)
        assert [one for one in examine() if one.level == "warn"] == []

    def test_the_password_of_a_database_is_hidden(self, examine: Examine) -> None:
        found = examine("store: {url: 'postgresql://an:BIMAT@db/hocvuso'}")
        assert finding("ok", "store", store="postgresql://***@db/hocvuso") in found
        assert finding("warn", "pepper_shared") in found


class TestPort:
    def test_taken(self, examine: Examine, port: int) -> None:
        with socket.create_server(("127.0.0.1", port)):
            assert finding("warn", "port_taken", host="127.0.0.1", port=port) in examine()

    @pytest.mark.parametrize(
        ("error", "key"),
        [(PermissionError(13, "không"), "port_refused"), (OSError(99, "không"), "host_unknown")],
    )
    def test_refused(
        self, error: OSError, key: str, examine: Examine, port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise error

        monkeypatch.setattr("socket.socket.bind", refuse)
        assert finding("error", key, host="127.0.0.1", port=port, reason="không") in examine()


class TestPublicUrl:
    @pytest.mark.parametrize(
        "url", ["https://localhost", "https://127.0.0.1:8443", "https://192.168.1.5", "https://may.local"]
    )
    def test_that_no_platform_reaches(self, url: str, examine: Examine) -> None:
        found = examine(f"channels: {{telegram: {WEBHOOK}, zalo_bot: {WEBHOOK}}}", url)
        assert finding("warn", "public_url_unreachable", channels="telegram, zalo_bot", url=url) in found

    def test_that_only_this_machine_opens(self, examine: Examine) -> None:
        found = examine(f"channels: {{telegram: {{token: '{TOKEN}'}}}}", "http://127.0.0.1:8080")
        assert finding("warn", "public_url_local", url="http://127.0.0.1:8080") in found

    def test_may_be_local_while_only_the_web_is_on(self, examine: Examine) -> None:
        assert finding("ok", "public_url", url="http://127.0.0.1:8080") in examine("", "http://127.0.0.1:8080")

    def test_that_is_not_https(self, examine: Examine) -> None:
        found = examine(f"channels: {{zalo_oa: {OA}}}", "http://hocvuso.vn")
        assert finding("warn", "public_url_plain", channels="zalo_oa") in found


class TestChannels:
    def test_that_are_on(self, examine: Examine) -> None:
        found = examine(f"channels: {{telegram: {{token: '{TOKEN}'}}, zalo_oa: {OA}, zalo_bot: {WEBHOOK}}}")
        modes = {"telegram": "polling", "zalo_oa": "webhook", "zalo_bot": "webhook"}
        assert [finding("ok", "channel", channel=name, mode=mode) in found for name, mode in modes.items()] == [
            True
        ] * 3
        assert finding("warn", "oa_id_missing") in found
        assert finding("warn", "token_shape", channel="telegram") not in found

    @pytest.mark.parametrize("token", ["BIMAT", "8123456789:BIMAT", TOKEN + "1", f"bot{TOKEN}"])
    def test_with_a_token_cut_short(self, token: str, examine: Examine) -> None:
        assert finding("warn", "token_shape", channel="telegram") in examine(
            f"channels: {{telegram: {{token: '{token}'}}}}"
        )


class TestZaloBotPlan:
    LIMITS: ClassVar = {"people_limit": 50, "messages_limit": 3000}
    ON = f"channels: {{zalo_bot: {{token: '{TOKEN}'}}}}"

    @pytest.mark.parametrize(("people", "messages"), [(35, 40), (3, 2100), (60, 5000)])
    def test_is_nearly_used(self, examine: Examine, people: int, messages: int) -> None:
        found = examine(self.ON, zalo_bot_use=lambda: (people, messages))
        assert finding("warn", "zalo_bot_nearly", people=people, messages=messages, **self.LIMITS) in found

    def test_is_far_from_used(self, examine: Examine) -> None:
        found = examine(self.ON, zalo_bot_use=lambda: (34, 2099))
        assert finding("ok", "zalo_bot_plan", **self.LIMITS) in found
        # Only these sentences: the port and the clock among the others may hold any digits.
        of_plan = [one.message for one in found if "zalo_bot" in one.message]
        assert of_plan
        assert not re.search(r"\b(34|2099)\b", " ".join(of_plan)), "a small group is never shown"

    def test_cannot_be_counted(self, examine: Examine) -> None:
        def broken() -> tuple[int, int]:
            raise StoreError("locked")

        assert finding("warn", "zalo_bot_unknown", **self.LIMITS) in examine(self.ON, zalo_bot_use=broken)

    def test_is_counted_by_turns_of_the_log(self) -> None:
        def logged(minute: int, person: str, channel: str = "zalo_bot") -> LoggedEvent:
            return LoggedEvent(NOON.replace(minute=minute), channel, person, Event(EventKind.ASKED))

        log = [logged(1, "a"), logged(1, "a"), logged(2, "a"), logged(2, "b"), logged(3, "c", "web"), logged(4, "")]
        assert traffic(log, "zalo_bot") == (2, 3)


def test_a_pepper_that_is_short_or_good(examine: Examine) -> None:
    assert finding("warn", "pepper_short", limit=16) in examine("privacy: {pepper: BIMAT}")
    assert finding("ok", "pepper", days=7) in examine(f"privacy: {{pepper: '{'BIMAT' * 9}', retention_days: 7}}")


def test_a_password_written_plainly(examine: Examine) -> None:
    an, ba = f"an: {{password_hash: '{HASH}', role: admin}}", "ba: {password_hash: BIMAT, role: viewer}"
    found = examine(f"admin: {{users: {{{an}, {ba}}}}}")
    assert finding("ok", "admin", count=2) in found
    assert [one for one in found if one.level == "warn"] == [finding("warn", "admin_plain", user="ba")]


def test_content_with_warnings_and_with_errors(examine: Examine) -> None:
    def broken() -> Judged:
        raise ContentError((MISTAKE, MISTAKE))

    assert examine(check=lambda: Judged([WARNING]))[-1] == finding("warn", "content_warnings", count=1)
    assert examine(check=broken)[-1] == finding("error", "content_errors", count=2, first=MISTAKE)
