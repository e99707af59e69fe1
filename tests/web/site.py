"""A small site on loopback: two guides, a quiz, a path, a memory store, and an assistant that says what it was told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient

from bot.channels.base import Accept, Capabilities
from bot.content.model import Content, Guide, Hotline, Knowledge, LearningPath, Quiz, Source, Topic
from bot.engine.model import Address, Button, Reply, Turn, Update, UpdateKind
from bot.errors import BadSignature, InvalidUpdate, StaleSession
from bot.stores.base import Delivery
from bot.stores.memory import MemoryStore
from bot.web.chat import WebChat
from bot.web.server import build_app

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
PUBLIC = "https://hoc.example.vn"
VERIFIER = "Kx-91_b"
SOURCE = {"url": "https://www.vneid.gov.vn/huong-dan", "seen": "2026-11-20"}

VNEID = Guide.model_validate(
    {
        "id": "vneid-kich-hoat",
        "topic": "vneid",
        "title": 'Kích hoạt <VNeID> & "mở"',
        "code": 14,
        "summary": "Có tin nhắn thì mở **tài khoản**.",
        "minutes": 10,
        "urgent": ["Cúp máy"],
        "ask": ["kích hoạt"],
        "prepare": ["Thẻ căn cước"],
        "steps": [
            {
                "id": "hoi",
                "choose": "Có tin nhắn chưa?",
                "options": {"Có rồi": "otp", "Mất tiền rồi": "lua-dao", "Thôi": "done", "Bài chưa viết": "khong-co"},
            },
            {
                "id": "mo",
                "say": "Gọi {hotline.vneid}, bấm **Gửi**.",
                "see": "Ô nhập mã",
                "call": "vneid",
                "next": "done",
                "trouble": [{"ask": ["không thấy nút"], "say": "Kéo xuống.", "goto": "otp"}],
            },
            {"id": "otp", "say": "Nhập mã.", "link": {"label": "Mở trang", "url": "https://vneid.gov.vn"}},
        ],
        "trouble": [{"ask": ["mạng chậm"], "say": "Chờ."}],
        "done": "Đã mở.",
        "warn": ["Không đọc mã cho ai."],
        "see_also": ["lua-dao", "khong-co"],
        "hotline": "vneid",
        "source": [SOURCE],
        "reviewed": "2026-11-24",
    }
)
SCAM = Guide.model_validate(
    {
        "id": "lua-dao",
        "topic": "vneid",
        "title": "Đã mất tiền",
        "code": 99,
        "summary": "Gọi ngân hàng.",
        "minutes": 1,
        "ask": ["mất tiền"],
        "steps": ["Gọi."],
        "done": "Xong.",
        "source": [SOURCE],
        "reviewed": "2026-11-24",
    }
)
QUIZ = Quiz.model_validate(
    {
        "type": "quiz",
        "id": "that-hay-lua",
        "topic": "vneid",
        "title": "Thật hay <lừa>?",
        "code": 104,
        "summary": "Đoán thử.",
        "minutes": 10,
        "ask": ["bài tập"],
        "items": [
            {
                "id": f"cau-{number}",
                "kind": "cuộc gọi",
                "say": f"Tôi là <công an> số {number}.",
                "truth": "lua" if number % 2 else "that",
                "why": f"Vì lẽ {number}.",
                "guide": "lua-dao",
            }
            for number in range(8)
        ],
        "done": "Giỏi rồi.",
        "source": [SOURCE],
        "reviewed": "2026-11-24",
    }
)
PATH = LearningPath(id="nguoi-moi", title="Người <mới>", summary="Từ đầu.", ask=("học từ đâu",), guides=("lua-dao",))
CONTENT = Content.model_construct(
    topics=(Topic(id="vneid", title="VNeID", summary="Định danh", order=1, guides=(VNEID.id, SCAM.id)),),
    guides={VNEID.id: VNEID, SCAM.id: SCAM},
    quizzes={QUIZ.id: QUIZ},
    paths={PATH.id: PATH},
    knowledge=Knowledge.model_construct(
        hotlines={"vneid": Hotline(name="Tổng đài VNeID", number="1900 0368", source=Source.model_validate(SOURCE))}
    ),
)


class FakeChannel:
    """A platform whose deliveries are lines of text."""

    name = "telegram"

    capabilities = Capabilities(text_limit=4096, buttons=8, label_limit=64)

    async def start(self, accept: Accept) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, delivery: Delivery) -> None: ...

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Update]:
        if body == b"forged":
            raise BadSignature
        if body == b"strange":
            raise InvalidUpdate
        if body == b"bug":
            raise KeyError("a bug of ours")
        co_ba = Address("telegram", "co-ba")
        return [Update(word, co_ba, UpdateKind.TEXT, text=word) for word in body.decode().split()]


class Site:
    """The site under test, and what the assistant was told."""

    def __init__(self, public_url: str, pictures: Path, telegram_username: str | None) -> None:
        self.telegram_username = telegram_username
        self.store = MemoryStore()
        self.updates: list[Update] = []
        self.broken = False
        self.ready = True
        self.looked_at: list[tuple[Update, bytes]] = []
        self.chat = WebChat(self.store, public_url, self.look)
        self.app = build_app(
            store=self.store,
            content=lambda: CONTENT,
            chat=self.chat,
            accept=self.accept,
            ready=self.readiness,
            public_url=public_url,
            webhooks={"telegram": FakeChannel()},
            telegram_username=lambda: self.telegram_username,
            pictures=pictures,
            now=lambda: NOON,
            zalo_verifier=VERIFIER,
        )
        self.app.router.add_get("/boom", self.boom)
        self.client: TestClient[web.Request, web.Application]

    async def accept(self, update: Update) -> None:
        if self.broken:
            raise StaleSession("mật khẩu của cô Ba")
        self.updates.append(update)
        self.commit(update)
        self.chat.wake(update.address)

    async def look(self, update: Update, content: bytes) -> None:
        self.looked_at.append((update, content))

    def commit(self, update: Update) -> None:
        """What another process would do."""
        text = f"**{update.kind}** <{update.text or update.data}>\nxong"
        reply = Reply(text, (Button("Tiếp", postback="n:1"), Button("Gọi", phone="1900 0368")), replaces=True)
        self.store.commit(update, Turn(self.store.session(update.address), (reply,)), NOON)

    async def readiness(self) -> dict[str, object]:
        return {"ready": self.ready, "store": "ok"}

    async def boom(self, _: web.Request) -> web.Response:
        raise ValueError("mật khẩu của cô Ba")
