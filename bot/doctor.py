"""What is set, what is off, what looks wrong and how to mend it: for an operator before the first start.

config.py refuses what cannot work at all; here is what can start and still disappoint. No sentence holds a secret.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, NamedTuple, Protocol
from urllib.parse import urlsplit

from bot.config import Config, ZaloOaConfig
from bot.errors import ContentError, Problem, StoreError
from bot.words import say

PYTHON_NEEDED = (3, 11)
RELEASED = datetime(2026, 11, 1, tzinfo=UTC)  # a clock before this day is wrong
PEPPER_LEAST = 16  # characters
HASH_LEAST = 32  # characters: a password hash is longer, a password is not
ZALO_BOT_PEOPLE, ZALO_BOT_MESSAGES = 50, 3000  # of the Basic plan, by month
NEARLY = 0.7  # of the plan; what is counted is the least that was used, so the warning comes early
TOKENS = {"telegram": r"\d+:[A-Za-z0-9_-]{35}", "zalo_bot": r"\d+:\S+"}

Level = Literal["ok", "off", "warn", "error"]


class Finding(NamedTuple):
    level: Level
    message: str

    def __str__(self) -> str:
        return f"{say('doctor', f'level_{self.level}')} {self.message}"


class Checked(Protocol):
    """Content that was judged and can go live."""

    @property
    def warnings(self) -> Sequence[Problem]: ...


def diagnose(
    config: Config,
    check: Callable[[], Checked],
    zalo_bot_use: Callable[[], tuple[int, int]] = lambda: (0, 0),
    now: datetime | None = None,
    python: tuple[int, ...] = sys.version_info[:3],
) -> list[Finding]:
    """`check` loads the content, or raises ContentError.

    `zalo_bot_use`: people and messages of this month, at the least; or raises StoreError.
    """
    return [
        *_machine(now or datetime.now(UTC), python),
        *_data(config),
        *_port(config.server.host, config.server.port),
        *_public_url(config),
        *_channels(config),
        *_zalo_bot_plan(config, zalo_bot_use),
        *_privacy(config),
        *_admin(config),
        *_content(check),
    ]


def _found(level: Level, key: str, /, **values: object) -> Finding:
    return Finding(level, say("doctor", key, **values))


def _machine(now: datetime, python: tuple[int, ...]) -> Iterator[Finding]:
    version = ".".join(map(str, python))
    if python >= PYTHON_NEEDED:
        yield _found("ok", "python", version=version)
    else:
        yield _found("error", "python_old", version=version, needed=".".join(map(str, PYTHON_NEEDED)))
    shown = f"{now:%d/%m/%Y %H:%M %Z}".strip()
    yield _found("ok", "clock", now=shown) if now >= RELEASED else _found("error", "clock_wrong", now=shown)


def _data(config: Config) -> Iterator[Finding]:
    yield _found("ok", "store", store=config.store.shown)
    folder = config.data_folder
    reason = _refusal_to_write(folder)
    yield (
        _found("error", "data_readonly", folder=folder, reason=reason)
        if reason
        else _found("ok", "data", folder=folder)
    )
    database = config.store.sqlite_path
    for path in [config.folder / ".env", *([database] if database else [])]:
        if _is_open_to_all(path):
            yield _found("warn", "open_to_all", path=path)


def _refusal_to_write(folder: Path) -> str:
    """Why nothing can be written there, or where it is still to be made; empty when all is well."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return error.strerror or str(error.errno)


def _is_open_to_all(path: Path) -> bool:
    if os.name != "posix":
        return False  # Windows keeps rights in lists that the mode does not show
    try:
        is_reachable = path.parent.stat().st_mode & stat.S_IXOTH
        return bool(is_reachable and path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def _port(host: str, port: int) -> Iterator[Finding]:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            yield _found("warn", "port_taken", host=host, port=port)
        elif error.errno == errno.EACCES:
            yield _found("error", "port_refused", host=host, port=port, reason=error.strerror)
        else:
            yield _found("error", "host_unknown", host=host, reason=error.strerror)
    else:
        yield _found("ok", "port", host=host, port=port)


def _public_url(config: Config) -> Iterator[Finding]:
    url = config.server.public_url
    called = ", ".join(_called_by_webhook(config))
    anyone_on = any(channel.is_on for channel in config.channels.named().values())
    if _is_local(url) and called:
        yield _found("warn", "public_url_unreachable", channels=called, url=url)
    elif _is_local(url) and anyone_on:
        yield _found("warn", "public_url_local", url=url)
    elif called and not url.startswith("https://"):
        yield _found("warn", "public_url_plain", channels=called)
    else:
        yield _found("ok", "public_url", url=url)


def _called_by_webhook(config: Config) -> list[str]:
    channels = config.channels
    called = {
        "telegram": channels.telegram.is_webhook,
        "zalo_oa": channels.zalo_oa.is_on,
        "zalo_bot": channels.zalo_bot.is_webhook,
    }
    return [name for name, is_called in called.items() if is_called]


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local"))


def _channels(config: Config) -> Iterator[Finding]:
    off = config.off_channels()
    for name, channel in config.channels.named().items():
        if name in off:
            yield Finding("off", off[name])
            continue
        yield _found("ok", "channel", channel=name, mode=getattr(channel, "mode", "webhook"))
        if isinstance(channel, ZaloOaConfig):
            if not channel.oa_id:
                yield _found("warn", "oa_id_missing")
        elif not re.fullmatch(TOKENS[name], channel.token.get_secret_value()):
            yield _found("warn", "token_shape", channel=name)


def _zalo_bot_plan(config: Config, use: Callable[[], tuple[int, int]]) -> Iterator[Finding]:
    if not config.channels.zalo_bot.is_on:
        return
    limits = {"people_limit": ZALO_BOT_PEOPLE, "messages_limit": ZALO_BOT_MESSAGES}
    try:
        people, messages = use()
    except StoreError:
        yield _found("warn", "zalo_bot_unknown", **limits)
        return
    if people >= NEARLY * ZALO_BOT_PEOPLE or messages >= NEARLY * ZALO_BOT_MESSAGES:
        yield _found("warn", "zalo_bot_nearly", people=people, messages=messages, **limits)
    else:  # without figures: a group of fewer than five people is never shown
        yield _found("ok", "zalo_bot_plan", **limits)


def _privacy(config: Config) -> Iterator[Finding]:
    pepper = config.privacy.pepper.get_secret_value()
    if not pepper and config.store.sqlite_path:
        yield _found("ok", "pepper_made", folder=config.data_folder)
    elif not pepper:
        yield _found("warn", "pepper_shared")
    elif len(pepper) < PEPPER_LEAST:
        yield _found("warn", "pepper_short", limit=PEPPER_LEAST)
    else:
        yield _found("ok", "pepper", days=config.privacy.retention_days)


def _admin(config: Config) -> Iterator[Finding]:
    users = config.admin.users
    yield _found("ok", "admin", count=len(users)) if users else _found("off", "admin_off")
    for name, user in users.items():
        if len(user.password_hash) < HASH_LEAST:
            yield _found("warn", "admin_plain", user=name)


def _content(check: Callable[[], Checked]) -> Iterator[Finding]:
    try:
        warnings = check().warnings
    except ContentError as error:
        yield _found("error", "content_errors", count=len(error.problems), first=error.problems[0])
        return
    yield _found("warn", "content_warnings", count=len(warnings)) if warnings else _found("ok", "content")
