"""Looks for QR codes in the pictures that people send; what the codes hold goes on as one more update of theirs."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Mapping

import zxingcpp
from PIL import Image

from bot.channels.base import Accept, Channel, PictureChannel
from bot.channels.retrying import accept_update
from bot.engine.model import Update, UpdateKind
from bot.errors import SendError, where

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")  # what phones and chats send; Pillow's other decoders stay shut
PIXEL_LIMIT = 25_000_000  # the largest photo that Telegram takes is 10,000 wide and high together; 100 MB at most here
LOOK_LIMIT = 10.0  # seconds for fetching, and again for reading: the person's later answers wait, to stay in order

log = logging.getLogger(__name__)


class UnreadablePicture(Exception):
    """No picture of a known kind, or one that would take too much memory."""


class Pictures:
    """Looks at one picture at a time: what is slow is waiting for the platform, and that is done side by side."""

    def __init__(self, channels: Mapping[str, Channel], accept: Accept) -> None:
        self._channels = channels
        self._accept = accept
        self._reading = asyncio.Lock()

    async def look(self, update: Update) -> None:
        """Have what the codes hold answered. Without codes nothing is said: the picture itself was answered."""
        channel = self._channels.get(update.address.channel)
        if not isinstance(channel, PictureChannel):
            return
        try:
            async with asyncio.timeout(LOOK_LIMIT):
                content = await channel.fetch(update.picture)
        except (SendError, TimeoutError) as error:
            log.warning("%s: a picture was not fetched: %s", update.address.channel, _told(error))
            return
        await self.look_into(update, content)

    async def look_into(self, update: Update, content: bytes) -> None:
        """The same for a picture that the channel has in its hands."""
        try:
            async with asyncio.timeout(LOOK_LIMIT):
                codes = await self._read(content)
        except (UnreadablePicture, TimeoutError) as error:
            log.warning("%s: a picture was not looked at: %s", update.address.channel, _told(error))
            return
        if codes:
            await accept_update(scanned(update, codes), self._accept)

    async def _read(self, content: bytes) -> tuple[str, ...]:
        """Raises UnreadablePicture."""
        async with self._reading:
            return await asyncio.to_thread(codes_in, content)


def scanned(picture: Update, codes: tuple[str, ...]) -> Update:
    """Its id comes from the picture's: a picture that is looked at twice is answered once."""
    return Update(f"{picture.id}:codes", picture.address, UpdateKind.SCANNED, message=picture.message, codes=codes)


def codes_in(content: bytes) -> tuple[str, ...]:
    """What the QR codes say, each once. Raises UnreadablePicture. Takes a fraction of a second at PIXEL_LIMIT."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > PIXEL_LIMIT:
                raise UnreadablePicture(f"{picture.width} x {picture.height}")
            shades = _shades(picture)
    except UnreadablePicture:
        raise
    except Exception as error:  # Pillow's decoders raise whatever a broken file makes them
        raise UnreadablePicture(type(error).__name__) from None
    kinds = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found = zxingcpp.read_barcodes(shades, kinds, text_mode=zxingcpp.TextMode.Plain)
    return tuple(dict.fromkeys(text for code in found if (text := code.text.replace("\0", "").strip())))


def _shades(picture: Image.Image) -> Image.Image:
    """In grey, on white where it is transparent: black on nothing would become black on black."""
    if picture.has_transparency_data:
        coloured = picture.convert("RGBA")
        paper = Image.new("RGBA", coloured.size, "white")
        paper.alpha_composite(coloured)
        return paper.convert("L")
    return picture.convert("L")


def _told(error: Exception) -> str:
    """Never the address or the name of a picture, which SendErrors do not hold either."""
    return str(error) if isinstance(error, SendError | UnreadablePicture) else where(error)
