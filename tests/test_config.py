"""config.yaml, .env and the environment: what runs, what is refused and in which words, what never shows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.config import ZALO_BOT_API, Config, load_config
from bot.errors import ConfigError
from bot.words import say
from bot.yaml_source import read

ROOT = Path(__file__).parent.parent
TELEGRAM = "8123456789:AAFakeFakeFakeFakeFakeFakeFakeFake0"
HASH = "scrypt$16384$8$1$c2FsdA$aGFzaGhhc2hoYXNoaGFzaA"

Load = Callable[..., Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """An installation of this config.yaml, .env and environment."""

    def loaded(text: str, environ: Mapping[str, str] | None = None, env_file: str | None = None) -> Config:
        (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
        if env_file is not None:
            (tmp_path / ".env").write_text(env_file, encoding="utf-8")
        return load_config(tmp_path / "config.yaml", environ or {})

    return loaded


@pytest.fixture
def refused(load: Load) -> Callable[..., list[str]]:
    """The lines that a person reads, without the path."""

    def lines(*installation: object) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(*installation)
        return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]

    return lines


class TestDefaults:
    def test_an_absent_and_an_empty_file_run(self, tmp_path: Path, load: Load) -> None:
        absent = load_config(tmp_path / "config.yaml", {})
        assert absent == load("") == load("# chưa viết gì\n") == load("server:\nchannels:\n  telegram:\n")
        assert (absent.server.host, absent.server.port) == ("127.0.0.1", 8080)
        assert absent.server.public_url == "http://127.0.0.1:8080"
        assert absent.store.url == f"sqlite:///{tmp_path}/data/hocvuso.db"
        assert absent.store.sqlite_path == tmp_path / "data/hocvuso.db"
        assert absent.content.scenarios == tmp_path / "scenarios"
        assert absent.data_folder == tmp_path / "data"
        assert absent.folder == tmp_path
        assert absent.privacy.retention_days == 90

    def test_the_shipped_file_runs_with_every_channel_off(self) -> None:
        config = load_config(ROOT / "config.yaml", {})
        assert set(config.off_channels()) == {"telegram", "zalo_oa", "zalo_bot"}

    def test_the_shipped_env_file_names_the_variables_of_the_shipped_config(self) -> None:
        wanted = (ROOT / "config.yaml").read_text(encoding="utf-8").split("\n# admin:")[0]
        offered = (ROOT / ".env.example").read_text(encoding="utf-8")
        names = [line.partition("=")[0] for line in offered.splitlines() if line and not line.startswith("#")]
        assert [f"${{{name}}}" for name in names if f"${{{name}}}" not in wanted] == []
        assert wanted.count("${") - 1 == len(names)  # one more in the comment that explains them

    def test_the_shipped_file_shows_every_key(self) -> None:
        shown = (ROOT / "config.yaml").read_text(encoding="utf-8")
        sections = read(ROOT / "config.yaml").data
        assert list(sections) == [name for name in Config.model_fields if name != "admin"]
        for name in ("host", "public_url", "webhook_secret", "refresh_token", "pepper", "retention_days", "users"):
            assert f"{name}:" in shown

    def test_a_wildcard_host_is_reached_at_loopback(self, load: Load) -> None:
        assert load("server: {host: 0.0.0.0, port: 81}").server.public_url == "http://127.0.0.1:81"
        assert load("server: {host: '::1'}").server.public_url == "http://[::1]:8080"

    def test_paths_belong_to_the_file_not_to_where_one_stands(
        self, tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir("/")
        config = load("content: {scenarios: a/b, knowledge: /k}\nstore: {url: sqlite:///c.db}")
        assert config.content.scenarios == tmp_path / "a/b"
        assert config.content.knowledge == Path("/k")
        assert config.store.url == f"sqlite:///{tmp_path}/c.db"

    def test_postgres_is_left_as_it_is(self, tmp_path: Path, load: Load) -> None:
        config = load("store: {url: 'postgresql://an:matkhau@db/hocvuso?sslmode=require'}")
        assert config.store.url == "postgresql://an:matkhau@db/hocvuso?sslmode=require"
        assert config.store.shown == "postgresql://***@db/hocvuso"
        assert config.store.sqlite_path is None
        assert config.data_folder == tmp_path / "data"

    def test_a_config_cannot_be_changed(self, load: Load) -> None:
        with pytest.raises(ValueError, match="frozen"):
            load("").server.port = 1  # type: ignore[misc]


class TestVariables:
    def test_come_from_the_env_file_and_the_environment_wins(self, load: Load) -> None:
        text = "channels: {telegram: {token: '${A}'}, zalo_bot: {token: '${B}:${A}'}}"
        config = load(text, {"A": "từ máy"}, "A=từ tệp\nB=bí mật # ghi chú\n")
        assert config.channels.telegram.token == SecretStr("từ máy")
        assert config.channels.zalo_bot.token == SecretStr("bí mật:từ máy")

    def test_a_value_of_a_variable_is_not_read_again(self, load: Load) -> None:
        assert load("privacy: {pepper: '${A}'}", {"A": "${B}", "B": "x"}).privacy.pepper == SecretStr("${B}")

    def test_unset_is_empty_where_empty_is_allowed(self, load: Load) -> None:
        config = load("channels: {telegram: {token: '${A}:${B}'}}\nprivacy: {pepper: '${C}'}", {"A": "1", "B": ""})
        assert not config.channels.telegram.is_on
        assert not config.privacy.pepper

    def test_unset_in_a_required_place_is_named(self, refused: Callable[..., list[str]]) -> None:
        users = "users: {an: {password_hash: '${H}', role: admin}}"
        assert refused(f"store:\n  url: ${{DB}}\nserver: {{port: '${{PORT}}'}}\nadmin:\n  {users}") == [
            f"{line}: " + say("config", "unset_variable", place=f"mục '{key}'", names=name)
            for line, key, name in [(2, "url", "DB"), (3, "port", "PORT"), (5, "password_hash", "H")]
        ]

    def test_a_secret_between_the_braces_is_refused_unquoted(self, refused: Callable[..., list[str]]) -> None:
        lines = refused(f"channels:\n  telegram:\n    token: ${{{TELEGRAM}}}\nstore: {{url: '${{matkhau}}'}}")
        assert lines == [f"{line}: {say('config', 'bad_variable')}" for line in (3, 4)]

    def test_an_env_file_that_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_bytes(b"A=\xff\xfe")
        with pytest.raises(ConfigError, match=r"\.env:0: tệp này không phải chữ UTF-8"):
            load_config(tmp_path / "config.yaml", {})


class TestRefusing:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("chanels: {}", "1: không có mục 'chanels'; có phải 'channels'?"),
            ("x: 1", "1: " + say("yaml", "extra_far", key="x", names=", ".join(Config.model_fields))),
            ("channels:\n  telegrm: {}", "2: không có mục 'telegrm'; có phải 'telegram'?"),
            ("channels:\n  viber: {}", "2: " + say(
                "yaml", "extra_far", key="viber", names="telegram, zalo_oa, zalo_bot")),
            ("channels:\n  zalo_oa:\n    app_secrt: x", "3: không có mục 'app_secrt'; có phải 'app_secret'?"),
            ("- a", "1: " + say("yaml", "block", place="tệp này")),
            ("server: 8080", "1: " + say("yaml", "block", place="mục 'server'")),
            ("server: {port: tám}", "1: mục 'port' phải là một số: chỉ viết chữ số, ví dụ 5"),
            ("server: {port: 0}", "1: mục 'port' phải từ 1 trở lên: sửa lại số"),
            ("server: {port: 65536}", "1: mục 'port' không được quá 65535: sửa lại số"),
            ("server: {public_url: hocvuso.vn}", "1: " + say("config", "not_http", place="mục 'public_url'")),
            ("server: {public_url: 'https://'}", "1: " + say("config", "not_http", place="mục 'public_url'")),
            ("server: {public_url: 'https://a.vn/'}", "1: " + say(
                "config", "ends_with_slash", place="mục 'public_url'")),
            ("server: {public_url: 'https://a.vn/b'}", "1: " + say("config", "has_path", place="mục 'public_url'")),
            ("store: {url: mysql://a}", "1: " + say("config", "store_url", place="mục 'url'")),
            ("store: {url: 'sqlite:///'}", "1: " + say("config", "store_url", place="mục 'url'")),
            ("channels: {telegram: {mode: webook}}", "1: " + say(
                "yaml", "choice_near", place="mục 'mode'", near="webhook", names="polling, webhook")),
            ("channels: {telegram: {mode: '?'}}", "1: " + say(
                "yaml", "choice", place="mục 'mode'", names="polling, webhook")),
            ("channels: {telegram: {webhook_secret: 'dấu cách'}}", "1: " + say(
                "config", "webhook_secret", place="mục 'webhook_secret'", least=1)),
            ("channels: {zalo_bot: {webhook_secret: abc}}", "1: " + say(
                "config", "webhook_secret", place="mục 'webhook_secret'", least=8)),
            ("channels: {zalo_oa: {api_base: 'https://a.vn/'}}", "1: " + say(
                "config", "ends_with_slash", place="mục 'api_base'")),
            ("privacy: {retention_days: 0}", "1: mục 'retention_days' phải từ 1 trở lên: sửa lại số"),
            ("admin: {users: {Bà Ba: {password_hash: x, role: admin}}}", "1: " + say(
                "config", "pattern ^[a-z0-9._-]{1,32}$", place="tên 'Bà Ba'")),
            ("admin: {users: {an: {role: admin}}}", "1: thiếu mục 'password_hash': thêm một dòng 'password_hash: …'"),
            ("admin:\n  users:\n    an:\n      password_hash:\n      role: admin",
             "4: mục 'password_hash' đang bỏ trống: điền vào, hoặc xóa dòng này"),
            ("admin: {users: {an: {password_hash: x, role: sếp}}}", "1: " + say(
                "yaml", "choice", place="mục 'role'", names="admin, editor, viewer")),
            ("server: {host: a, host: b}", "1: mục 'host' đã có ở dòng 1: gộp hai chỗ làm một, hoặc xóa một chỗ"),
        ],
    )  # fmt: skip
    def test_one_mistake_is_one_line(self, text: str, told: str, refused: Callable[..., list[str]]) -> None:
        assert refused(text) == [told]

    def test_all_mistakes_at_once(self, refused: Callable[..., list[str]]) -> None:
        channels = "channels:\n  telegram: {mode: z}\n  viber: {}"
        text = f"server: {{port: x}}\nstore: {{url: y}}\n{channels}\nprivacy: {{retention_days: 0}}"
        assert [line.partition(":")[0] for line in refused(text)] == ["1", "2", "4", "5", "6"]


class TestWebhooks:
    PUBLIC = "server: {public_url: 'https://hocvuso.vn'}\n"

    @pytest.mark.parametrize("channel", ["telegram", "zalo_bot"])
    def test_need_a_secret(self, channel: str, refused: Callable[..., list[str]]) -> None:
        text = f"{self.PUBLIC}channels:\n  {channel}:\n    token: '1:x'\n    mode: webhook"
        assert refused(text) == [f"5: {say('config', 'webhook_needs_secret')}"]

    def test_need_https(self, refused: Callable[..., list[str]]) -> None:
        channel = "{token: '1:x', mode: webhook, webhook_secret: abcdefgh}"
        assert refused(f"channels:\n  telegram: {channel}\n  zalo_bot: {channel}") == [
            "2: " + say("config", "webhook_needs_https", channels="telegram, zalo_bot")
        ]

    def test_need_nothing_while_the_channel_is_off(self, load: Load) -> None:
        config = load("channels: {telegram: {token: '${T}', mode: webhook, webhook_secret: '${S}'}}")
        assert not config.channels.telegram.is_webhook

    def test_may_be_plain_towards_a_server_of_our_own(self, load: Load) -> None:
        config = load(
            "channels: {telegram: {token: x, mode: webhook, webhook_secret: s, api_base: 'http://127.0.0.1:1/bot'}}"
        )
        assert config.channels.telegram.is_webhook


class TestZaloVerifier:
    @pytest.mark.parametrize(
        "given",
        [
            "Kx-91_b",
            "zalo_verifierKx-91_b.html",
            '<meta name="zalo-platform-site-verification" content="Kx-91_b" />',
        ],
    )
    def test_is_taken_however_it_was_copied(self, load: Load, given: str) -> None:
        assert load(f"channels: {{zalo_oa: {{verifier: '{given}'}}}}").channels.zalo_oa.verifier == "Kx-91_b"

    def test_is_no_page_of_html(self, refused: Callable[..., list[str]]) -> None:
        assert refused("channels: {zalo_oa: {verifier: '<script>'}}") == [
            "1: " + say("config", "zalo_verifier", place="mục 'verifier'")
        ]


class TestOffChannels:
    def test_say_why(self, load: Load) -> None:
        config = load("channels: {telegram: {token: '${T}'}, zalo_oa: {app_id: a, app_secret: '${R}'}}")
        assert config.off_channels() == {
            "telegram": "kênh telegram tắt vì chưa có token (biến T chưa đặt)",
            "zalo_oa": "kênh zalo_oa tắt vì chưa có app_secret (biến R chưa đặt), oa_secret",
            "zalo_bot": "kênh zalo_bot tắt vì chưa có token",
        }

    def test_a_channel_with_all_it_needs_is_on(self, load: Load) -> None:
        keys = "app_id: a, app_secret: b, oa_secret: c"
        config = load(f"channels: {{telegram: {{token: x}}, zalo_oa: {{{keys}}}, zalo_bot: {{token: x}}}}")
        assert config.off_channels() == {}
        assert config.channels.zalo_bot.api_base == ZALO_BOT_API


class TestSecrets:
    TEXT = f"""
server: {{}}
store: {{url: 'postgresql://an:BIMAT-kho@db/x'}}
channels:
  telegram: {{token: '{TELEGRAM}', webhook_secret: BIMAT-hook}}
  zalo_oa: {{app_secret: BIMAT-app, oa_secret: BIMAT-oa, refresh_token: BIMAT-refresh}}
  zalo_bot: {{token: BIMAT-bot}}
privacy: {{pepper: BIMAT-pepper}}
admin: {{users: {{an: {{password_hash: '{HASH}', role: admin}}}}}}
"""

    def is_hidden(self, shown: str) -> bool:
        return not any(secret in shown for secret in ("BIMAT", "AAFake", "scrypt"))

    def test_hide_in_repr_and_str(self, load: Load) -> None:
        config = load(self.TEXT)
        assert self.is_hidden(repr(config) + str(config) + repr(config.admin.users["an"]) + repr(config.store))
        assert config.channels.telegram.token.get_secret_value() == TELEGRAM

    @pytest.mark.parametrize(
        ("good", "bad"),
        [
            ("token: '81", "toekn: '81"),
            (f"'{TELEGRAM}'", f"['{TELEGRAM}']"),
            ("webhook_secret: BIMAT-hook", "webhook_secret: 'BIMAT hook'"),
            ("telegram: {", f"telegram: {{mode: '{TELEGRAM}', "),
            ("'postgresql:", "'postgres:"),
            ("{pepper: BIMAT-pepper}", "BIMAT-pepper"),
            ("{pepper: BIMAT-pepper}", "{pepper: BIMAT: x}"),
            ("{pepper: BIMAT-pepper}", "{retention_days: BIMAT-pepper}"),
            ("role: admin", "role: BIMAT"),
            ("server: {}", f"server: {{'{TELEGRAM}': BIMAT}}"),
            ("server: {}", "server: {port: BIMAT, host: [BIMAT], public_url: BIMAT}"),
        ],
    )
    def test_hide_in_errors(self, good: str, bad: str, load: Load, caplog: pytest.LogCaptureFixture) -> None:
        assert good in self.TEXT
        with pytest.raises(ConfigError) as caught:
            load(self.TEXT.replace(good, bad))
        logging.getLogger("test").error("refused", exc_info=caught.value)
        assert self.is_hidden(caplog.text + str(caught.value) + repr(caught.value))
