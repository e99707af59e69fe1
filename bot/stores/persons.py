"""Who caused an event, told apart within a month and never named."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

from bot.engine.model import Address

KEY_LENGTH = 16  # hex digits, 64 bits: plenty to tell a province's people apart


def person_key(address: Address, at: datetime, pepper: str) -> str:
    """The same all through a month (UTC), unlinkable to the next, and not to be guessed without the pepper.

    A platform's ids are few enough to try one by one, so an empty pepper protects nobody.
    """
    # The id comes last: neither a month nor a channel's name holds a line break, so no two people read alike.
    person = f"{at.astimezone(UTC):%Y-%m}\n{address.channel}\n{address.user_id}"
    return hmac.new(pepper.encode(), person.encode(), "sha256").hexdigest()[:KEY_LENGTH]
