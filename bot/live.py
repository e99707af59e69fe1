"""The library in use, replaced when an edit of scenarios/ or knowledge/ passes the check, and only then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, MutableMapping
from datetime import date
from pathlib import Path

from watchfiles import awatch

from bot.content.load import load_content
from bot.content.model import Content
from bot.engine.library import Library
from bot.errors import ContentError, Problem
from bot.language.learning import Learnt

log = logging.getLogger(__name__)

SETTLE_MS = 200  # an editor saves in several strokes: wait this long for the last


class LiveLibrary:
    """Holds the library. The first load must succeed; after that a bad edit only adds problems."""

    def __init__(
        self,
        scenarios: Path,
        knowledge: Path,
        kept: MutableMapping[str, Learnt] | None = None,
        today: Callable[[], date] = date.today,
        site: str = "",
    ) -> None:
        """Raises ContentError when the content on disk cannot be used."""
        self._scenarios = scenarios
        self._knowledge = knowledge
        self._kept = kept
        self._today = today
        self._site = site
        self.problems: tuple[Problem, ...] = ()  # why the last edit is not live
        self.library = Library(self._load(), self._kept, site=site)

    def _load(self) -> Content:
        loaded = load_content(self._scenarios, self._knowledge, self._today())
        for problem in loaded.warnings:
            log.warning("%s", problem)
        return loaded.content

    def reload(self) -> bool:
        """Take the content on disk if it passes the check; returns whether it did."""
        try:
            content = self._load()
        except ContentError as error:
            self.problems = error.problems
            for problem in error.problems:
                log.error("edit not taken: %s", problem)
            return False
        self.problems = ()
        # Live now; how to find it is learnt next.
        self.library = Library(content, before=self.library, site=self._site)
        learnt = Library(content, self._kept, site=self._site)
        learnt.warm()
        self.library = learnt
        log.info("content live: %d guides", len(self.library.content.lessons))
        return True

    async def watch(self) -> None:
        """Reload at every save, until cancelled. Turns go on with the old library meanwhile."""
        self._warming = asyncio.create_task(asyncio.to_thread(self.library.warm))  # an edit meanwhile is not missed
        async for _ in awatch(self._scenarios, self._knowledge, debounce=SETTLE_MS, step=50):
            try:
                await asyncio.to_thread(self.reload)
            except Exception:  # a half-written file or a lost folder must not end the watch
                log.exception("content could not be reloaded")

    def status(self) -> Mapping[str, object]:
        """For /readyz."""
        return {
            "guides": len(self.library.content.lessons),
            "edit_refused": [str(problem) for problem in self.problems],
        }
