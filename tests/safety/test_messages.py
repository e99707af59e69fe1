"""Messages: scams are caught, genuine notices are never accused, and no text breaks or slows the judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.content.scam_signs import ScamSigns
from bot.language.normalize import fold
from bot.safety.addresses import Address, find_addresses
from bot.safety.links import judge_link
from bot.safety.messages import FOUND_LIMIT, MessageJudge
from bot.safety.model import ACCUSED, Judgement, Reason, Verdict
from bot.yaml_source import read
from tests.pastes import PASTES
from tests.safety.knowledge import lexicon

ROOT = Path(__file__).parents[2]
NEVER_ACCUSED = ("otp", "so-du", "canh-bao")

RECALL = 0.95  # of the project's own scam messages; messages of others are caught less often
FALSE_ALARMS = 0.01  # of genuine messages, as the issue asks
QUESTIONS_ACCUSED = 0.006  # of what people ask in other guides; what is left does tell of somebody who asks for a code


OTHERS = "#---"  # after this line of a list of messages come those that no sign was made on
TUNED = "#=="  # a line of a data file: what follows was all tuned on


def lines(name: str, until: str = "") -> list[tuple[str, str]]:
    """(kind, message) of the messages that the signs were made on, up to the line that begins with `until`."""
    text = (ROOT / "knowledge" / name).read_text(encoding="utf-8").split(OTHERS)[0]
    rows = (text.split(until)[0] if until else text).splitlines()
    pairs = (row.split("\t", 1) for row in rows if row and not row.startswith("#"))
    return [(kind, text.replace("\\n", "\n")) for kind, text in pairs]


def questions() -> Iterator[str]:
    """What people ask in guides that are not about fraud."""
    for path in sorted((ROOT / "scenarios").glob("*/*.yaml")):
        if path.name.startswith("_") or path.parent.name in ("lua-dao", "tin-gia"):
            continue
        guide = read(path).data
        yield from (*guide["ask"], *guide.get("check", ()))


@pytest.fixture(scope="module")
def signs() -> ScamSigns:
    return ScamSigns.model_validate(read(ROOT / "knowledge" / "scam_signs.yaml").data)


class Judge:
    """By the signs alone: whose the links are is known, but nothing is held against them unless `link` says what."""

    def __init__(self, signs: ScamSigns) -> None:
        self._judge = MessageJudge(signs)

    def __call__(self, text: str, link: Judgement | None = None) -> Judgement:
        return self._judge(text, {address: link or harmless(address) for address in find_addresses(text)})


def harmless(address: Address) -> Judgement:
    judged = judge_link(address, lexicon())
    return replace(judged, verdict=Verdict.UNKNOWN) if judged.verdict in ACCUSED else judged


@pytest.fixture(scope="module")
def judge(signs: ScamSigns) -> Judge:
    return Judge(signs)


def made(**changes: object) -> ScamSigns:
    """A small file of signs."""
    data = {
        "verdicts": {"suspicious": 2, "dangerous": 4},
        "likeness": {"weight": 2, "bias": 0.5, "most": 3, "signs_most": 8, "why": "giống"},
        "numbers": {"official": "số của {name}", "unknown": "số lạ"},
        "reach": 10,
        "gap": 3,
        "abbreviations": {"tk": "tài khoản"},
        "negations": {"words": ["không bao giờ", "đừng"], "unless": ["nếu không"]},
        "lists": {"xin": ["đọc", "cho xin"], "mã": ["otp", "mã xác thực"]},
        "signs": {"xin-mã": {"why": "Họ hỏi mã.", "weight": 4, "guide": "lua-dao-otp", "any": ["<xin> ... <mã>"]}},
    }
    return ScamSigns.model_validate({**data, **changes})


class TestMeasured:
    """Figures on the project's own messages; every second line was kept aside while signs were written."""

    @pytest.mark.parametrize("half", [0, 1], ids=["tuned", "kept-aside"])
    def test_scams_are_caught(self, judge: Judge, half: int) -> None:
        texts = lines("messages_scam.txt", until=TUNED)[half::2]
        missed = [text for _, text in texts if judge(text).verdict not in ACCUSED]
        assert len(missed) <= (1 - RECALL) * len(texts), missed

    @pytest.mark.parametrize("half", [0, 1], ids=["tuned", "kept-aside"])
    def test_genuine_messages_are_left_alone(self, judge: Judge, half: int) -> None:
        texts = lines("messages_genuine.txt", until=TUNED)[half::2]
        accused = [text for _, text in texts if judge(text).verdict in ACCUSED]
        assert len(accused) <= max(FALSE_ALARMS * len(texts), 1), accused

    def test_what_the_press_quotes_is_caught(self, judge: Judge) -> None:
        texts = [text for kind, text in lines("messages_scam.txt") if kind in ("bao", "sms")]
        missed = [text for text in texts if judge(text).verdict not in ACCUSED]
        assert len(missed) <= (1 - RECALL) * len(texts), missed

    def test_accents_do_not_matter(self, judge: Judge) -> None:
        scams = [fold(text) for _, text in lines("messages_scam.txt")]
        genuine = [fold(text) for _, text in lines("messages_genuine.txt")]
        missed = [text for text in scams if judge(text).verdict not in ACCUSED]
        accused = [text for text in genuine if judge(text).verdict in ACCUSED]
        assert len(missed) <= (1 - RECALL) * len(scams), missed
        assert len(accused) <= FALSE_ALARMS * len(genuine), accused

    @pytest.mark.parametrize("kind", NEVER_ACCUSED)
    def test_codes_balances_and_warnings_are_never_accused(self, judge: Judge, kind: str) -> None:
        texts = [text for its_kind, text in lines("messages_genuine.txt") if its_kind == kind]
        assert texts
        assert [text for text in texts if judge(text).verdict in ACCUSED] == []

    def test_ordinary_questions_are_left_alone(self, judge: Judge) -> None:
        asked = list(questions())
        accused = [text for text in asked if judge(text).verdict in ACCUSED]
        assert len(accused) <= QUESTIONS_ACCUSED * len(asked), accused

    def test_idle_talk_is_left_alone(self, judge: Judge) -> None:
        said = (ROOT / "tests" / "data" / "out_of_scope.txt").read_text(encoding="utf-8").splitlines()
        assert [text for text in said if judge(text).verdict in ACCUSED] == []


class TestDisguises:
    @pytest.mark.parametrize(
        "text",
        [
            "đọc mã OTP cho em",
            "doc ma otp cho em",
            "ĐỌC MÃ OTP CHO EM",
            "d0c ma 0TP cho em",
            "đ.ọ.c mã o-t-p cho em",
            "đọc\u200b mã O\u200bTP cho em",
            "ｄｏｃ ma ｏｔｐ cho em",
            "🔥đọc🔥mã🔥OTP🔥 cho em",
        ],
    )
    def test_the_same_sign_is_found(self, judge: Judge, text: str) -> None:
        assert "xin-otp" in {reason.sign for reason in judge(text).reasons}

    def test_digits_for_letters_are_a_sign_of_their_own(self, judge: Judge) -> None:
        reasons = judge("N-ap 5Ok nhän 1O8k truy cap ngay").reasons
        assert "chữ-che" in {reason.sign for reason in reasons}

    def test_a_wrong_accent_is_another_word(self) -> None:
        judge = MessageJudge(made(lists={"xin": ["nhận"], "mã": ["mã xác thực"]}))
        assert judge("nhẫn mã xác thực").reasons == ()
        assert judge("nhận mã xác thực").reasons != ()
        assert judge("nhận ma xac thuc").reasons != ()


class TestSigns:
    def test_words_may_stand_between(self) -> None:
        judge = MessageJudge(made())
        assert judge("đọc giúp em mã xác thực").verdict is Verdict.DANGEROUS
        assert judge("đọc báo sáng nay thấy nói mã xác thực").verdict is Verdict.UNKNOWN

    def test_what_is_denied_is_no_sign(self) -> None:
        judge = MessageJudge(made())
        assert judge("Ngân hàng không bao giờ bắt quý khách đọc OTP").reasons == ()
        assert judge("Không bao giờ có chuyện đó. Đọc OTP đi").reasons != ()
        assert judge("nếu không đọc OTP sẽ bị khóa").reasons != ()

    def test_weak_signs_add_up(self) -> None:
        weak = {"why": "Vội.", "weight": 1, "any": ["gấp"]}
        other = {"why": "Xin.", "weight": 1, "any": ["chuyển tiền"]}
        judge = MessageJudge(made(signs={"gap": weak, "tien": other}))
        assert judge("gấp").verdict is Verdict.UNKNOWN
        assert judge("chuyển tiền gấp").verdict is Verdict.SUSPICIOUS

    def test_groups_must_stand_near_each_other(self) -> None:
        sign = {"why": "Dọa.", "weight": 4, "all": [["tk"], ["bị khóa"]], "within": 5}
        judge = MessageJudge(made(signs={"khoa": {**sign, "all": [["tài khoản"], ["bị khóa"]]}}))
        assert judge("tk của bạn bị khóa").verdict is Verdict.DANGEROUS
        assert judge("tk một hai ba bốn năm sáu bảy bị khóa").verdict is Verdict.UNKNOWN

    def test_a_genuine_sign_caps_the_sum(self) -> None:
        genuine = {"why": "Thật.", "weight": -1, "most": 1, "any": ["đừng đưa ai"], "unless": ["gửi cho em"]}
        scam = made().signs["xin-mã"].model_dump(exclude_unset=True)
        judge = MessageJudge(made(signs={"xin-ma": scam, "that": genuine}))
        assert judge("đọc otp. đừng đưa ai").verdict is Verdict.UNKNOWN
        assert judge("đọc otp gửi cho em. đừng đưa ai").verdict is Verdict.DANGEROUS

    def test_a_reason_quotes_the_message_and_guides_are_named_once(self, judge: Judge) -> None:
        found = judge("Chào bác, bác đọc giúp cháu mã OTP vừa gửi về máy nhé" * 3)
        assert found.guides[0] == "lua-dao-otp"
        assert len(found.guides) == len(set(found.guides))
        assert "mã OTP" in found.reasons[0].found
        assert all(len(reason.found) <= FOUND_LIMIT for reason in found.reasons)

    def test_every_sign_has_words_for_the_citizen(self, signs: ScamSigns) -> None:
        guides = {path.stem for path in (ROOT / "scenarios").glob("*/*.yaml")}
        planned = yaml.safe_load((ROOT / "scenarios" / "_planned.yaml").read_text(encoding="utf-8")) or {}
        for name, sign in signs.signs.items():
            assert sign.why.endswith("."), name
            assert not sign.guide or sign.guide in guides | set(planned), (name, sign.guide)


class TestLinks:
    BAD = Judgement(Verdict.DANGEROUS, 5.0, (Reason("look_alike", "vcb.top", "Giống."),), ("lua-dao-kiem-tra-website",))

    def test_a_dangerous_link_makes_the_message_dangerous(self, judge: Judge) -> None:
        found = judge("xem giúp mình cái này vcb.top", self.BAD)
        assert found.verdict is Verdict.DANGEROUS
        assert found.reasons[0].sign == "look_alike"

    @pytest.mark.parametrize("verdict", [Verdict.OFFICIAL, Verdict.UNKNOWN])
    def test_a_link_to_a_known_owner_is_no_strange_one(self, judge: Judge, verdict: Verdict) -> None:
        text = "Thẻ của Quý khách sắp hết hạn, vui lòng truy cập https://abc.example.com để cập nhật"
        assert judge(text, Judgement(verdict, is_owned=True)).score < judge(text, Judgement(Verdict.UNKNOWN)).score

    def test_a_lone_link_is_judged_as_a_link(self, judge: Judge) -> None:
        official = Judgement(Verdict.OFFICIAL, 0.0, (Reason("official", "vneid.gov.vn", "Thật."),))
        assert judge("https://vneid.gov.vn", official) == official

    def test_a_message_is_never_called_official(self, judge: Judge) -> None:
        assert judge("xem ở https://vneid.gov.vn nha", Judgement(Verdict.OFFICIAL)).verdict is Verdict.UNKNOWN

    @pytest.mark.parametrize(
        "link", ["https://abc-xyz.top/a", "abc-xyz.top", "abc-xyz . com", "abc-xyz chấm com", "hxxp://abc-xyz[.]top"]
    )
    def test_a_link_stands_where_the_text_says_it_however_often(self, link: str) -> None:
        signs = {"bấm": {"why": "Bấm.", "weight": 4, "any": ["bấm vào ... <link>"]}}
        judge = Judge(made(signs=signs))
        [reason] = judge(f"{link} mới mở. Mời bấm vào {link} nha").reasons
        assert reason.found == f"bấm vào {link}"
        assert judge(f"{link} mới mở, bấm vào đây").reasons == ()

    @pytest.mark.parametrize(
        ("text", "is_link"),
        [
            ("xem https://abc-xyz.top/a nha", True),
            ("xem bit.ly/abc nha", True),
            ("xem https://vneid.gov.vn nha", False),
            ("xem https://vneid.gov.vn hay abc-xyz.top nha", True),
            ("viết cho cskh@abc-xyz.top nha", False),
            ("gọi 09xx.xxx.812 nha", False),
            ("rồi.me nó nói", False),
        ],
    )
    def test_only_what_may_be_a_strangers_page_is_a_link(self, text: str, is_link: bool) -> None:
        judge = Judge(made(signs={"link": {"why": "Có đường dẫn.", "weight": 4, "any": ["<link>"]}}))
        assert (judge(text).verdict is Verdict.DANGEROUS) == is_link

    def test_short_links_are_those_that_link_signs_name(self) -> None:
        judge = Judge(made(signs={"rút-gọn": {"why": "Rút gọn.", "weight": 4, "any": ["<link-rút-gọn>"]}}))
        for host in lexicon().lists["shortener"]:
            assert judge(f"xem {host}/abc nha").verdict is Verdict.DANGEROUS, host
        assert judge("xem abc-xyz.top/abc nha").reasons == ()

    def test_a_sign_may_name_a_host(self) -> None:
        judge = Judge(made(signs={"zalo": {"why": "Zalo.", "weight": 4, "any": ["zalo.me"]}}))
        assert judge("vào https://www.zalo.me/g/abc nha").verdict is Verdict.DANGEROUS


class TestFile:
    @pytest.mark.parametrize(
        ("changes", "kind"),
        [
            ({"lists": {"xin": ["<không-có>"], "mã": ["otp"]}}, "unknown_list"),
            ({"lists": {"xin": ["<mã>"], "mã": ["<xin>"]}}, "list_in_itself"),
            ({"lists": {"xin": ["đọc ... mã"], "mã": ["otp"]}}, "list_phrase"),
            ({"lists": {"xin": ["đọc"], "mã": ["otp"], "link": ["x"]}}, "list_is_shape"),
            ({"signs": {"x": {"why": "Y.", "weight": 1}}}, "sign_without_words"),
            ({"verdicts": {"suspicious": 4, "dangerous": 2}}, "verdicts_order"),
        ],
    )
    def test_a_mistake_is_told(self, changes: dict[str, object], kind: str) -> None:
        with pytest.raises(ValidationError) as told:
            made(**changes)
        assert told.value.errors()[0]["type"] == kind


class TestHardToBreak:
    @pytest.mark.parametrize("text", PASTES.values(), ids=PASTES)
    def test_any_paste_is_judged(self, judge: Judge, text: str) -> None:
        assert judge(text).verdict in Verdict

    def test_the_end_of_a_long_paste_is_read_too(self, judge: Judge) -> None:
        assert judge("chuyện hôm qua " * 5_000 + "\nđọc giúp em mã OTP vừa gửi về máy").verdict is Verdict.DANGEROUS

    @given(st.text(max_size=400))
    @settings(deadline=None, max_examples=150)
    def test_any_text_is_judged(self, text: str) -> None:
        assert JUDGE(text).verdict in Verdict

    @given(
        st.lists(
            st.sampled_from(
                "đọc mã OTP . không bao giờ N-ạp 5Ok +500,000 vcb.top https://vcb.top/a a@vcb.top 091 ! - \n".split(" ")
            )
        )
    )
    @settings(deadline=None, max_examples=150)
    def test_any_mixture_of_signs_is_judged(self, words: list[str]) -> None:
        found = JUDGE(" ".join(words))
        assert found.score >= 0
        assert all(reason.why for reason in found.reasons)


SIGNS = ScamSigns.model_validate(read(ROOT / "knowledge" / "scam_signs.yaml").data)
JUDGE = Judge(SIGNS)
