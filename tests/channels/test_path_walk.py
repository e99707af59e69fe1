"""Every channel leads a person along a learning path to its end, all typed. The path is cut to its first lessons."""

from __future__ import annotations

import pytest

from bot.content.model import DONE, Guide
from bot.engine.library import Library

from .test_walk import Say, say  # noqa: F401 - the fixture, over every channel

LESSONS = 2
STEPS_LIMIT = 30  # of one guide


@pytest.fixture(scope="module")
def library(library: Library) -> Library:
    """The real one, whose first path has LESSONS guides."""
    path = next(iter(library.content.paths.values()))
    guides = tuple(name for name in path.guides if name in library.content.guides)[:LESSONS]
    paths = {path.id: path.model_copy(update={"guides": guides})}
    return Library(library.content.model_copy(update={"paths": paths}), before=library, site="https://hocvuso.example")


async def finish(say: Say, guide: Guide) -> str:  # noqa: F811
    """Walk the guide by typing; where the way forks, its shortest answer."""
    await say(f"so {guide.code}")
    shown = await say("bat dau")
    step = guide.steps[0]
    for _ in range(STEPS_LIMIT):
        if step.choose:
            label, target = min(
                step.options.items(),
                key=lambda option: guide.longest_way[option[1]] if guide.step(option[1]) else STEPS_LIMIT,
            )
            shown = await say(label)
        else:
            target = guide.targets(step)[0]
            shown = await say("xong")
        if target == DONE:
            return shown
        found = guide.step(target)
        assert found, f"{guide.id} leads away at {step.id}"
        step = found
    raise AssertionError(f"{guide.id} does not end")


async def test_a_path_is_walked_to_its_end(say: Say, library: Library) -> None:  # noqa: F811
    path = next(iter(library.content.paths.values()))
    assert f"0/{LESSONS}" in await say(path.ask[0])
    first, second = (library.content.guides[name] for name in path.guides)
    shown = await finish(say, first)
    assert f"1/{LESSONS}" in shown
    assert second.title in shown
    shown = await finish(say, second)
    assert f"Đã học {LESSONS}/{LESSONS}" in shown
