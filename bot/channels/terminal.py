"""stdin and stdout as a channel: the same conversation, without a token. Choices are numbered, answers printed."""

from __future__ import annotations

from collections.abc import Callable

from bot.channels.base import Accept, Capabilities, degrade
from bot.engine.model import Address, Update, UpdateKind
from bot.stores.base import Delivery

ADDRESS = Address("console", "me")


class TerminalChannel:
    """One person at one keyboard. `read` is called by whoever drives the loop; see hocvuso chat."""

    name = "console"
    capabilities = Capabilities(text_limit=100_000, buttons=0, label_limit=200, styles=False)

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._count = 0

    def opened(self) -> Update:
        return self._update(UpdateKind.START, "")

    def typed(self, line: str) -> Update:
        return self._update(UpdateKind.TEXT, line)

    async def start(self, accept: Accept) -> None:
        """Nothing comes by itself."""

    async def stop(self) -> None: ...

    async def send(self, delivery: Delivery) -> None:
        self._write(degrade(delivery.reply, self.capabilities).text + "\n")

    def _update(self, kind: UpdateKind, text: str) -> Update:
        self._count += 1
        return Update(str(self._count), ADDRESS, kind, text)
