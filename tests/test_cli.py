"""The `hocvuso` command, as a person at a terminal and a program at a pipe meet it."""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot import cli
from bot.channels.telegram import client
from bot.cli import main
from bot.config import Config, load_config
from bot.engine.model import Address, Event, EventKind
from bot.stores.sqlite import SqliteStore
from bot.turns import utc_now
from bot.words import say
from tests.channels.fake_telegram import BOT, FakeTelegram, Refused
from tests.conftest import ROOT

TOKEN = "8123456789:AAFakeFakeFakeFakeFakeFakeFakeFake0"
GUIDE = "vneid-kich-hoat"

Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="session")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the real content, that nobody writes to."""
    return copy_content(tmp_path_factory.mktemp("content"))


def copy_content(folder: Path) -> Path:
    for name in ("scenarios", "knowledge"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture
def folder(tmp_path: Path, content: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation, and the folder that the command is run in."""
    configure(tmp_path, content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(folder: Path, content: Path, more: str = "") -> None:
    text = f"""
server: {{public_url: 'https://hoc.example.vn'}}
content: {{scenarios: {content / "scenarios"}, knowledge: {content / "knowledge"}}}
{more}"""
    (folder / "config.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The exit code and what was printed."""

    def running(*arguments: str, typed: str | bytes = "") -> tuple[int, str]:
        given = typed.encode() if isinstance(typed, str) else typed
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="ascii"))
        try:
            code = main([*arguments])
        except SystemExit as end:  # argparse
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out + said.err

    return running


class TestMatch:
    def test_a_line_in_is_a_json_line_out(self, run: Run) -> None:
        typed = ["quên mật khẩu vneid", "quen mat khau", "con cua biết bay không", "menu", "số 14", "", "vneid"]
        code, printed = run("match", typed="\n".join(typed) + "\n")
        lines = [json.loads(line) for line in printed.splitlines()]
        assert code == 0
        assert [line["text"] for line in lines] == typed
        for line in lines:
            assert list(line) == ["text", "outcome", "guides"]
            assert line["outcome"] in {"guide", "choices", "unknown", "command"}
            assert all(list(one) == ["id", "score"] for one in line["guides"])
            scores = [one["score"] for one in line["guides"]]
            assert scores == sorted(scores, reverse=True)
            assert all(isinstance(score, float) for score in scores)
        assert (lines[0]["outcome"], lines[0]["guides"][0]["id"]) == ("guide", "vneid-quen-mat-khau")
        assert lines[2]["outcome"] == "unknown"
        assert lines[3] == {"text": "menu", "outcome": "command", "guides": []}
        assert lines[4] == {"text": "số 14", "outcome": "command", "guides": [{"id": GUIDE, "score": 1.0}]}
        assert lines[5]["outcome"] == "unknown"

    def test_it_is_written_as_people_read_it(self, run: Run) -> None:
        assert "quên mật khẩu" in run("match", typed="quên mật khẩu\n")[1]

    def test_a_bad_byte_costs_its_letter_not_the_rest(self, run: Run) -> None:
        code, printed = run("match", typed=b"qu\xean m\xe2t\r\nmenu")
        assert code == 0
        assert [json.loads(line)["text"] for line in printed.splitlines()] == ["qu\ufffdn m\ufffdt", "menu"]

    def test_nothing_in_is_nothing_out(self, run: Run) -> None:
        assert run("match") == (0, "")

    def test_it_explains_itself_when_asked(self, run: Run) -> None:
        code, printed = run("match", "--explain", typed="quên mk vneid\nvneid\nmenu\n")
        guide, topic, command = (json.loads(line) for line in printed.splitlines())
        assert code == 0
        assert list(guide) == ["text", "outcome", "guides", "explain"]
        why = guide["explain"]
        assert why["compared"] == "quên mật khẩu vneid"
        assert why["certainty"]["chance"] >= why["certainty"]["needed"]
        assert [one["id"] for one in why["guides"]] == [one["id"] for one in guide["guides"]]
        assert {one["words"] for one in why["guides"][0]["carried"]} & {"mật khẩu", "quên mật", "khẩu vneid"}
        assert topic["explain"]["topic"] == "vneid"
        assert command["explain"] is None


def test_redact_takes_out_who_wrote(run: Run) -> None:
    code, printed = run("redact", typed="số tôi 0905 123 456\nvneid không vào được\n")
    assert code == 0
    first, second = printed.splitlines()
    assert "0905" not in first
    assert second == "vneid không vào được"


class TestCheck:
    def test_good_content_is_fine(self, run: Run, content: Path) -> None:
        code, printed = run("check")
        guides = sum(not path.name.startswith("_") for path in content.glob("scenarios/*/*.yaml"))
        assert code == 0
        assert f"{guides} bài" in printed.splitlines()[-1]

    @pytest.fixture
    def broken(self, folder: Path) -> Path:
        """The installation with content of its own, to be broken."""
        copy_content(folder)
        configure(folder, folder)
        return folder / f"scenarios/vneid/{GUIDE}.yaml"

    def test_every_mistake_is_told_with_its_line(self, run: Run, broken: Path) -> None:
        good = broken.read_text(encoding="utf-8")
        broken.write_text(good.replace("minutes:", "minuts:"), encoding="utf-8")
        hotlines = broken.parents[2] / "knowledge/hotlines.yaml"
        hotlines.write_text("- một danh sách\n", encoding="utf-8")
        code, printed = run("check")
        lines = printed.splitlines()
        assert code == 1
        line = good[: good.index("minutes:")].count("\n") + 1
        (told,) = [one for one in lines if one.startswith(f"scenarios/vneid/{GUIDE}.yaml:{line}: ")]
        assert "minutes" in told
        assert any(one.startswith("knowledge/hotlines.yaml:1: ") for one in lines)
        assert re.fullmatch(r"\d+ lỗi, \d+ cảnh báo\.", lines[-1])

    def test_a_misspelt_key_of_the_config_names_the_right_one(self, run: Run, folder: Path, content: Path) -> None:
        configure(folder, content, "privacy:\n  retention_day: 30\n")
        code, printed = run("check")
        assert code == 1
        (told,) = [one for one in printed.splitlines() if one.startswith("config.yaml:5: ")]
        assert "retention_days" in told

    def test_advice_on_style_comes_after_errors_and_fails_nothing(self, run: Run, broken: Path, folder: Path) -> None:
        text = broken.read_text(encoding="utf-8")
        broken.write_text(re.sub(r"(?m)^done: .*", "done: Chắc chắn dùng được.", text), encoding="utf-8")
        code, printed = run("check")
        assert code == 0
        (told,) = [one for one in printed.splitlines() if one.startswith(f"scenarios/vneid/{GUIDE}.yaml:")]
        assert "cảnh báo" in told
        assert "chắc chắn" in told
        configure(folder, folder, "privacy:\n  retention_day: 30\n")
        code, printed = run("check")
        kinds = ["cảnh báo: " in one for one in printed.splitlines()[:-1]]
        assert code == 1
        assert kinds == sorted(kinds)
        assert True in kinds

    def test_with_a_broken_config_the_content_beside_it_is_still_judged(
        self, run: Run, broken: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        broken.write_text("title: [", encoding="utf-8")
        config = broken.parents[2] / "config.yaml"
        config.write_text("servr: {}\n", encoding="utf-8")
        monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
        code, printed = run("check", "--config", str(config))
        assert code == 1
        assert f"{config}:1: " in printed
        assert f"scenarios/vneid/{GUIDE}.yaml:1: " in printed

    @pytest.mark.parametrize("command", ["match", "share", "chat", "stats", "doctor", "schema"])
    def test_no_command_goes_on_with_a_broken_config(self, run: Run, folder: Path, command: str) -> None:
        (folder / "config.yaml").write_text("servr: {}\n", encoding="utf-8")
        code, printed = run(command, *([GUIDE] if command == "share" else []))
        assert code == 1
        assert printed.startswith("config.yaml:1: ")
        assert "server" in printed


class TestShare:
    def test_links_code_and_picture(self, run: Run, folder: Path) -> None:
        code, printed = run("share", GUIDE)
        assert code == 0
        assert f"https://hoc.example.vn/g/{GUIDE}" in printed
        assert f"https://hoc.example.vn/?start={GUIDE}" in printed
        assert "số 14" in printed
        assert "kênh telegram tắt" in printed
        assert "t.me" not in printed
        assert (folder / f"{GUIDE}.svg").read_bytes().startswith(b"<?xml")

    def test_a_volunteers_links_carry_their_code(self, run: Run, folder: Path) -> None:
        code, printed = run("share", GUIDE, "--volunteer", "doan-an", "--output", "to-roi.png")
        assert code == 0
        assert f"https://hoc.example.vn/s/{GUIDE}?v=doan-an" in printed
        assert f"?start={GUIDE}_doan-an" in printed
        assert (folder / "to-roi.png").read_bytes().startswith(b"\x89PNG")

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["--volunteer", "Đoàn An"], say("cli", "bad_volunteer", code="Đoàn An")),
            (["--output", "to-roi.doc"], say("cli", "bad_picture", path="to-roi.doc")),
        ],
    )
    def test_what_cannot_be_made_is_told(self, run: Run, arguments: list[str], told: str) -> None:
        code, printed = run("share", GUIDE, *arguments)
        assert code == 2
        assert told in printed

    def test_a_picture_that_cannot_be_written_is_told(self, run: Run) -> None:
        code, printed = run("share", GUIDE, "--output", "khong-co/qr.svg")
        assert code == 1
        assert "khong-co/qr.svg" in printed.splitlines()[-1]

    def test_an_unknown_guide_suggests_the_nearest(self, run: Run, folder: Path) -> None:
        code, printed = run("share", "vneid-kich-hoạt")
        assert code == 1
        assert "vneid-kich-hoạt" in printed
        assert GUIDE in printed
        assert list(folder.glob("*.svg")) == []


class TestShareOnTelegram:
    """The bot's name is asked of Telegram."""

    @pytest.fixture
    def telegram(self, folder: Path, content: Path) -> Iterator[FakeTelegram]:
        """In a loop of its own: the command has its own too."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        fake = FakeTelegram(TOKEN)
        asyncio.run_coroutine_threadsafe(fake.start(), loop).result(5)
        configure(folder, content, f"channels: {{telegram: {{token: '{TOKEN}', api_base: '{fake.base_url}'}}}}")
        yield fake
        asyncio.run_coroutine_threadsafe(fake.stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()

    def test_its_link_is_among_the_others(self, run: Run, telegram: FakeTelegram) -> None:
        code, printed = run("share", GUIDE, "--volunteer", "an")
        assert code == 0
        assert f"https://t.me/{BOT['username']}?start={GUIDE}_an" in printed

    def test_a_telegram_that_says_nothing_hinders_nothing(self, run: Run, folder: Path, telegram: FakeTelegram) -> None:
        telegram.fail("getMe", Refused(401, "Unauthorized"))
        code, printed = run("share", GUIDE)
        assert code == 0
        assert "401" in printed
        assert TOKEN not in printed
        assert "t.me" not in printed
        assert (folder / f"{GUIDE}.svg").exists()

    def test_a_telegram_that_hangs_is_waited_for_only_so_long(
        self, run: Run, folder: Path, content: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "ASK_LIMIT", 0.2)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            base = f"http://127.0.0.1:{silent.getsockname()[1]}"
            configure(folder, content, f"channels: {{telegram: {{token: '{TOKEN}', api_base: '{base}'}}}}")
            code, printed = run("share", GUIDE)
        assert code == 0
        assert say("cli", "telegram_silent", reason="TimeoutError") in printed
        assert "t.me" not in printed


class TestStats:
    @pytest.fixture
    def asked_by(self, folder: Path) -> Callable[[int], None]:
        """So many people open the guide, and half of them finish it."""

        def asking(people: int) -> None:
            store = SqliteStore(folder / "data/hocvuso.db")
            for number in range(people):
                person = Address("web", f"{number}")
                kinds = [EventKind.ASKED, EventKind.OPENED, *([EventKind.FINISHED] if number % 2 else [])]
                for kind in kinds:
                    store.record(person, Event(kind, "vneid", GUIDE), utc_now())
            store.close()

        return asking

    def test_a_table_for_people(self, run: Run, asked_by: Callable[[int], None]) -> None:
        asked_by(6)
        code, printed = run("stats")
        head, row = printed.splitlines()
        assert code == 0
        assert head.split()[0] == "bài"
        assert row.split() == [GUIDE, "6", "6", "6", "3", "0", "0", "0", "0"]

    def test_csv_and_json_for_programs(self, run: Run, asked_by: Callable[[int], None]) -> None:
        asked_by(5)
        (of_csv,) = csv.DictReader(io.StringIO(run("stats", "--format", "csv")[1]))
        (of_json,) = json.loads(run("stats", "--format", "json", "--days", "1")[1])
        assert of_json == {
            "guide": GUIDE,
            "people": 5,
            "asked": 5,
            "opened": 5,
            "finished": 2,
            "stuck": 0,
            "left": 0,
            "helped": 0,
            "not_helped": 0,
        }
        assert of_csv == {name: str(value) for name, value in of_json.items()}

    def test_fewer_than_five_are_never_shown(self, run: Run, asked_by: Callable[[int], None]) -> None:
        asked_by(4)
        assert run("stats") == (0, say("stats", "nothing", people=5) + "\n")
        assert GUIDE not in run("stats", "--format", "csv")[1]
        assert json.loads(run("stats", "--format", "json")[1]) == []

    @pytest.mark.parametrize("days", ["0", "-1", "abc", "99999999999"])
    def test_days_that_make_no_sense(self, run: Run, days: str) -> None:
        code, printed = run("stats", f"--days={days}")
        assert code == 2
        assert say("cli", "bad_days", days=days) in printed

    def test_a_store_that_cannot_be_opened_is_told(self, run: Run, folder: Path) -> None:
        (folder / "data").write_text("a file in its place")
        code, printed = run("stats")
        assert code == 1
        assert "hocvuso.db" in printed
        assert "Traceback" not in printed


class TestChat:
    def test_a_conversation_through_a_pipe(self, run: Run) -> None:
        code, printed = run("chat", typed="kich hoat vneid\n1\nmenu\n")
        assert code == 0
        assert printed.startswith("Chào")
        assert "Kích hoạt" in printed
        assert "Bước 1/" in printed
        assert "**" not in printed
        assert say("cli", "chat_you") + ":" not in printed, "a prompt is for people"

    def test_without_a_word_it_still_greets(self, run: Run) -> None:
        code, printed = run("chat")
        assert code == 0
        assert printed.startswith("Chào")


def test_schemas_are_written_beside_the_guides(run: Run, folder: Path) -> None:
    copy_content(folder)
    configure(folder, folder)
    shipped = {path.name: path.read_text(encoding="utf-8") for path in (folder / "scenarios").glob("*.schema.json")}
    for path in (folder / "scenarios").glob("*.schema.json"):
        path.unlink()
    code, printed = run("schema")
    written = {path.name: path.read_text(encoding="utf-8") for path in (folder / "scenarios").glob("*.schema.json")}
    assert code == 0
    assert written == shipped, "run hocvuso schema and commit what it writes"
    assert all(name in printed for name in written)


class TestDoctor:
    def test_a_fresh_installation_is_well(self, run: Run) -> None:
        code, printed = run("doctor")
        assert code == 0
        assert say("doctor", "level_error") not in printed

    def test_what_stops_the_start_is_an_error(self, run: Run, folder: Path) -> None:
        (folder / "data").write_text("a file in its place")
        code, printed = run("doctor")
        assert code == 1
        assert say("doctor", "level_error") in printed


class TestRun:
    def start(self, folder: Path) -> subprocess.CompletedProcess[str]:
        """A start that is expected to fail."""
        command = [sys.executable, "-m", "bot", "run", "--config", str(folder / "config.yaml")]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    def test_a_port_that_is_taken_is_told(self, folder: Path, content: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            (folder / "config.yaml").write_text(
                f"server: {{port: {port}}}\n"
                f"content: {{scenarios: {content / 'scenarios'}, knowledge: {content / 'knowledge'}}}\n",
                encoding="utf-8",
            )
            ended = self.start(folder)
        assert ended.returncode == 1
        assert f"127.0.0.1:{port}" in ended.stdout
        assert "Traceback" not in ended.stdout + ended.stderr

    def test_content_that_cannot_be_used_is_told(self, folder: Path) -> None:
        configure(folder, folder)
        ended = self.start(folder)
        assert ended.returncode == 1
        assert ended.stdout.splitlines()[-1] == say("cli", "content_refused")
        assert "Traceback" not in ended.stderr


class TestArguments:
    def test_a_config_that_is_not_there_is_told(self, run: Run) -> None:
        code, printed = run("check", "--config", "khong-co.yaml")
        assert code == 2
        assert say("cli", "no_such_file", path="khong-co.yaml") in printed

    @pytest.mark.parametrize("arguments", [[], ["chay"], ["share"]])
    def test_what_is_no_command_is_told(self, run: Run, arguments: list[str]) -> None:
        assert run(*arguments)[0] == 2

    def test_a_reader_that_goes_away_is_no_mistake(self, folder: Path) -> None:
        """`hocvuso redact < lines | head -1`"""
        config = str(folder / "config.yaml")
        command = [sys.executable, "-m", "bot", "redact", "--config", config]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, cwd=ROOT, **pipes) as process:  # type: ignore[call-overload]
            process.stdout.close()
            _, complaint = process.communicate(b"m\xe1\xba\xa5t ti\xe1\xbb\x81n\n" * 1000, timeout=60)
            assert (process.returncode, complaint) == (0, b"")


class TestCompleteness:
    def commands(self) -> list[str]:
        (choices,) = [one.choices for one in cli._parser()._actions if isinstance(one, argparse._SubParsersAction)]
        return list(choices)

    def test_every_command_is_in_the_readme(self) -> None:
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        assert [name for name in self.commands() if f"`hocvuso {name}" not in readme] == []

    def test_every_command_of_the_readme_is_there(self) -> None:
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        assert set(re.findall(r"^\| `hocvuso (\w+)", readme, re.MULTILINE)) <= set(self.commands())

    def test_every_command_says_what_it_does(self, run: Run) -> None:
        code, printed = run("--help")
        assert code == 0
        assert all(re.search(rf" {name}\s", printed) for name in self.commands())

    def test_every_config_key_is_in_config_yaml(self) -> None:
        """Set, or in a comment as one would set it."""
        text = (ROOT / "config.yaml").read_text(encoding="utf-8")
        missing = [key for key in config_keys(Config) if not re.search(rf"(^|[{{,])[\s#]*{key}:", text, re.MULTILINE)]
        assert missing == []

    def test_the_shipped_config_is_the_default(self) -> None:
        shipped = load_config(ROOT / "config.yaml", {})
        empty = load_config(ROOT / "there-is-none.yaml", {})
        assert shipped.model_dump() == empty.model_dump()


def config_keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from config_keys(part)
