"""The layout is the architecture: who may import whom, read from the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

BOT = Path(__file__).parent.parent / "bot"

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "words": set(),
    "language": set(),
    "yaml_source": {"errors", "words"},
    "content": {"errors", "language", "words", "yaml_source"},
    "safety": {"content", "language"},
    "engine": {"content", "language", "errors", "safety"},
    "stores": {"engine", "errors", "words"},
    "channels": {"engine", "errors", "stores", "words"},
    "config": {"errors", "words", "yaml_source"},
    "web": {"channels", "content", "engine", "errors", "language", "stores", "words"},
    "turns": {"engine", "errors", "stores"},
    "alerts": {"channels", "engine", "errors", "stores", "words"},
    "delivery": {"channels", "engine", "errors", "stores", "turns"},
    "pictures": {"channels", "engine", "errors"},
    "evaluate": {"content", "language", "words"},
    "evaluate_safety": {"safety", "words"},
    "calibrate": {"language"},
    "blocklist_file": {"safety"},
    "stats": {"engine", "stores", "words"},
    "live": {"content", "engine", "errors", "language"},
    "learnt": {"language"},
    "doctor": {"config", "errors", "words"},
}
KNOWS_EVERYONE = {"app", "cli", "__main__", "__init__"}
PURE = {"language", "engine", "safety", "stats", "evaluate", "evaluate_safety", "calibrate"}
IMPURE_MODULES = {
    "aiohttp",
    "telegram",
    "sqlite_utils",
    "sqlite3",
    "yaml",
    "PIL",
    "zxingcpp",
    "asyncio",
    "time",
    "os",
    "pathlib",
    "random",
    "socket",
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def part(path: Path) -> str:
    return path.relative_to(BOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sorted(BOT.rglob("*.py")), ids=lambda path: str(path.relative_to(BOT)))
def test_imports_follow_the_arrows(path: Path) -> None:
    here = part(path)
    if here in KNOWS_EVERYONE:
        return
    others = {name.split(".")[1] for name in imports(path) if name.startswith("bot.")} - {here}
    assert others <= MAY_IMPORT[here], f"{here} may not import {others - MAY_IMPORT[here]}"


@pytest.mark.parametrize("path", sorted(BOT.rglob("*.py")), ids=lambda path: str(path.relative_to(BOT)))
def test_pure_parts_do_no_io(path: Path) -> None:
    if part(path) in PURE:
        found = {name.split(".")[0] for name in imports(path)} & IMPURE_MODULES
        assert not found


def test_channels_do_not_know_each_other() -> None:
    folders = [path for path in (BOT / "channels").iterdir() if path.is_dir() and path.name != "__pycache__"]
    for folder in folders:
        others = {f"bot.channels.{other.name}" for other in folders if other != folder}
        for path in folder.rglob("*.py"):
            assert not any(name.startswith(tuple(others)) for name in imports(path))
