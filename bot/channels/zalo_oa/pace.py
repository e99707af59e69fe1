"""Keeps calls within a platform's limit of so many a minute. PURE: the time is handed in."""

from __future__ import annotations

BURST = 100  # calls that may be made at once


class Pace:
    """A token bucket that may be overdrawn: who comes too early is told how long to wait, and has their place.

    Any 60 seconds see at most `per_minute` calls, the burst included. It knows of this process alone.
    """

    def __init__(self, per_minute: int) -> None:
        self._burst = min(BURST, per_minute / 2)
        self._rate = (per_minute - self._burst) / 60  # calls a second
        self._level = self._burst
        self._seen = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next call may be made, which is thereby taken. `now` is of any monotonic clock."""
        self._level = min(self._burst, self._level + max(0.0, now - self._seen) * self._rate)
        self._seen = max(self._seen, now)
        self._level -= 1
        return max(0.0, -self._level / self._rate)
