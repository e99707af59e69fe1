"""Calls within a platform's limit, for the numbers of each channel that keeps one."""

from __future__ import annotations

import pytest

from bot.channels.pace import Pace
from bot.channels.telegram import client as telegram
from bot.channels.zalo_oa import client as zalo_oa

LIMITS = {
    "telegram": (telegram.MESSAGES_A_SECOND, 1.0, telegram.BURST),
    "zalo_oa": (zalo_oa.CALLS_A_MINUTE, 60.0, zalo_oa.BURST),
}
CLOSE = 1e-6  # seconds that sums of fractions may be off


@pytest.mark.parametrize(("limit", "seconds", "burst"), LIMITS.values(), ids=LIMITS)
class TestPace:
    def test_no_stretch_sees_more_than_the_limit(self, limit: int, seconds: float, burst: int) -> None:
        pace, now, made = Pace(limit, seconds, burst), 1000.0, []
        while now < 1000 + 4 * seconds:
            now += pace.wait(now)
            made.append(now)
        assert all(later - first > seconds - CLOSE for first, later in zip(made, made[limit:], strict=False))
        assert len(made) > 3.2 * limit

    def test_a_few_calls_do_not_wait(self, limit: int, seconds: float, burst: int) -> None:
        pace = Pace(limit, seconds, burst)
        assert [pace.wait(5.0) for _ in range(burst)] == [0.0] * burst
        assert pace.wait(5.0) > 0
        assert pace.wait(5.0 + seconds) == 0

    def test_who_comes_too_early_has_their_place(self, limit: int, seconds: float, burst: int) -> None:
        pace = Pace(limit, seconds, burst)
        waits = [pace.wait(5.0) for _ in range(burst + 3)][burst:]
        each = seconds / (limit - burst)
        assert waits == pytest.approx([each, 2 * each, 3 * each])
