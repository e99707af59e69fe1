"""Sessions and replies to JSON and back, for every store alike."""

from __future__ import annotations

from pydantic import TypeAdapter

from bot.engine.model import Reply, Session

_SESSION = TypeAdapter(Session)
_REPLY = TypeAdapter(Reply)


def dump_session(session: Session) -> str:
    return _SESSION.dump_json(session, exclude_defaults=True).decode()


def load_session(text: str) -> Session:
    """Fields that a later or earlier version of the program wrote are ignored."""
    return _SESSION.validate_json(text)


def dump_reply(reply: Reply) -> str:
    return _REPLY.dump_json(reply, exclude_defaults=True).decode()


def load_reply(text: str) -> Reply:
    return _REPLY.validate_json(text)
