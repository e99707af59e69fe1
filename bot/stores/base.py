"""What every store promises. tests/stores/test_contract.py holds each to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.engine.model import Address, Event, Reply, Session, Turn, Update


@dataclass(frozen=True)
class Delivery:
    """One reply of the outbox, claimed by a delivery worker or read by a channel that fetches its own."""

    id: int  # grows with every reply, so it also orders an address's replies
    address: Address
    reply: Reply
    origin: str  # Update.origin of the turn, for replies that replace a message
    attempts: int  # tries so far, this one included when claimed


@dataclass(frozen=True)
class LoggedEvent:
    """An event as the topic log holds it."""

    at: datetime
    channel: str
    person: str  # keyed hash of the address, another every month
    event: Event


@dataclass(frozen=True)
class Kept:
    """What is kept under a name. Version 0: nothing."""

    value: str = field(default="", repr=False)  # it may be a secret
    version: int = 0


class Store(Protocol):
    """Sessions, seen updates, outbox and topic log. Calls block; times are aware, in UTC.

    One store object may be used from several threads, and several processes may open the same store.
    """

    def session(self, address: Address) -> Session:
        """The saved session, or a new one of version 0."""

    def has_seen(self, update: Update) -> bool:
        """Whether this update was committed before."""

    def commit(self, update: Update, turn: Turn, now: datetime) -> bool:
        """Save the update's id, the session, the replies and the events together, or nothing.

        `turn.session.version` is the version that was read; it is saved as one more.
        Returns False, and changes nothing, when the update was seen before.
        Raises StaleSession, and changes nothing, when another turn saved the session since.
        """

    def record(self, address: Address | None, event: Event, now: datetime) -> None:
        """Log an event that no turn caused, such as a shared link being opened."""

    def claim(self, channels: Iterable[str], now: datetime, lease: float, limit: int) -> list[Delivery]:
        """Replies due now for these channels, the oldest of each address first and only that one.

        A claimed reply is nobody else's for `lease` seconds; a worker that dies loses it to the next, so a reply may
        arrive twice but is never lost.
        While an address's oldest reply waits or is claimed, its later ones wait too: order is kept.
        """

    def delivered(self, delivery_id: int) -> None:
        """The platform took it: forget it."""

    def retry(self, delivery_id: int, at: datetime, reason: str) -> None:
        """Try again at `at`, and let the lease go. Nothing happens when the reply is no longer waiting."""

    def bury(self, delivery_id: int, reason: str, now: datetime) -> None:
        """Give it up: it becomes a dead letter and the address's later replies go on.

        Nothing happens when the reply is no longer waiting.
        """

    def bury_all(self, address: Address, reason: str, now: datetime) -> int:
        """Give up everything that waits for this person; returns how many."""

    def waiting(self, address: Address, after: int) -> list[Delivery]:
        """Undelivered replies with an id above `after`, in order: for a channel that people fetch from."""

    def acknowledge(self, address: Address, upto: int) -> None:
        """The person's device has every reply up to this id: forget them."""

    def outbox_counts(self) -> Mapping[str, int]:
        """{"waiting": n, "dead": n}."""

    def events(self, since: datetime) -> list[LoggedEvent]:
        """The topic log from then on, oldest first."""

    def erase(self, address: Address) -> None:
        """Forget the person: session, waiting replies, dead letters. The log holds no address."""

    def purge(self, before: datetime) -> None:
        """Forget sessions, seen updates, dead letters and kept texts that are older, and replies nobody came to fetch.

        The events themselves stay, without their texts: they name nobody.
        """

    def recall(self, name: str) -> Kept:
        """What the program itself keeps under this name, such as a platform's tokens: neither erased nor purged."""

    def keep(self, name: str, value: str, version: int) -> bool:
        """Put `value` in the place of the version that was read; it gets the next one.

        Returns False, and changes nothing, when somebody else kept something since.
        """

    def check(self) -> None:
        """Raise when the store cannot be written to."""

    def close(self) -> None: ...
