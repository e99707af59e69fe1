"""Conversations as transcripts: tests/conversations/*.yaml.

`pytest --update-golden` rewrites what the bot says there; read the diff.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.engine.library import Library
from bot.engine.model import UpdateKind
from tests.conftest import Talk

FOLDER = Path(__file__).parent / "conversations"


def play(talk: Talk, user: str | dict[str, Any]) -> None:
    """`user` is what is typed, or one of tap, open, send, or hours (that pass before the next turn)."""
    if isinstance(user, str):
        talk.say(user)
        return
    ((act, value),) = user.items()
    match act:
        case "tap":
            talk.tap(value)
        case "open":
            talk.open(value)
        case "send":
            talk.send(UpdateKind(value))
        case "forward":
            talk.send(UpdateKind.TEXT, value, is_passed_on=True)
        case "scan":  # a picture was looked at, and its QR codes hold this
            talk.send(UpdateKind.SCANNED, codes=tuple(value))
        case "press":  # a button of long ago, by what it carries
            talk.send(UpdateKind.BUTTON, data=value)
        case _:
            raise ValueError(f"a person cannot do {act}")


def transcript(library: Library, turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    talk = Talk(library)
    played = []
    for turn in turns:
        if "hours_later" in turn:
            talk.wait(hours=turn["hours_later"])
        play(talk, turn["user"])
        said = [{"say": reply.text, "buttons": [button.label for button in reply.buttons]} for reply in talk.replies]
        played.append({**turn, "bot": said})
    return played


class Readable(yaml.SafeDumper):
    pass


Readable.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_conversation(path: Path, library: Library, request: pytest.FixtureRequest) -> None:
    golden = yaml.safe_load(path.read_text(encoding="utf-8"))
    played = transcript(library, golden["turns"])
    if request.config.getoption("--update-golden"):
        text = yaml.dump({**golden, "turns": played}, Dumper=Readable, allow_unicode=True, sort_keys=False, width=1000)
        path.write_text(text, encoding="utf-8")
        return
    for number, (turn, told) in enumerate(zip(golden["turns"], played, strict=True), 1):
        assert told["bot"] == turn["bot"], f"turn {number}: {turn['user']}"


def test_there_are_enough() -> None:
    assert len(list(FOLDER.glob("*.yaml"))) >= 25
