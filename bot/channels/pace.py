"""Keeps calls within a platform's limit of so many in so long. PURE: the time is handed in."""

from __future__ import annotations


class Pace:
    """A token bucket that may be overdrawn: who comes too early is told how long to wait, and has their place.

    Any `seconds` see at most `limit` calls, the `burst` that may be made at once included: the smaller it is, the
    more come through in a rush. It knows of this process alone.
    """

    def __init__(self, limit: int, seconds: float, burst: int) -> None:
        self._burst = burst
        self._rate = (limit - burst) / seconds  # calls a second
        self._level = float(burst)
        self._seen = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next call may be made, which is thereby taken. `now` is of any monotonic clock."""
        self._refill(now)
        self._level -= 1
        return max(0.0, -self._level / self._rate)

    def is_overdrawn(self, now: float) -> bool:
        """Whether a call that was made still waits for its place."""
        self._refill(now)
        return self._level < 0

    def _refill(self, now: float) -> None:
        self._level = min(self._burst, self._level + max(0.0, now - self._seen) * self._rate)
        self._seen = max(self._seen, now)
