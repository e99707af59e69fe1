"""Vietnamese as people type it, and the one form that it is brought to."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.library import Library
from bot.language.normalize import UTTERANCE_LIMIT, Normalizer, clean, decode_keys, fold, retone
from tests.pastes import PASTES

TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
ONSETS = ("", *"b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x".split())
RIMES = tuple(
    (
        "a ac ach ai am an ang anh ao ap at au ay ă ăc ăm ăn ăng ăp ăt â âc âm ân âng âp ât âu ây e ec em en eng "
        "eo ep et ê êch êm ên ênh êp êt êu i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip it iu o oa oac oach "
        "oai oan oang oanh oat oay oăc oăn oăng oăt oc oe oen oet oi om on ong op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi "
        "ơm ơn ơp ơt u ua uân uât uây uc uê uêch uênh ui um un ung uôc uôi uôm uôn uông uôt up ut uy uya uych uyên "
        "uyêt uynh uyt uyu ư ưa ưc ưi ưm ưn ưng ươc ươi ươm ươn ương ươp ươt ươu ưt ưu y yêm yên yêt yêu"
    ).split()
)

alphabet = st.text("aăâbcdđeêfghijklmnoôơpqrstuưvwxyzáàảãạ0123456789 .,\u0301\u0323", max_size=200)


@pytest.fixture(scope="module")
def normalizer() -> Normalizer:
    return Normalizer(
        {
            "teencode": {"không": ["ko", "hông", "hổng"], "được": ["dc", "đc"], "mật khẩu": ["mk", "pass"]},
            "phương ngữ": {"sao": ["răng"], "bây giờ": ["giờ"], "tôi": ["tui"]},
            "tên gọi": {"vneid": ["vne id", "vờ nê ai đi"], "facebook": ["phây"]},
        },
        ["dạ", "ạ", "nha", "cho bác hỏi", "cháu ơi"],
    )


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        # Telex, as it looks when the keyboard was not switched on
        ("ddawng kys", "đăng ký"),
        ("quen maatj khaaur", "quen mật khẩu"),
        ("caafn cuwowcs", "cần cước"),
        ("ddieenj thoaij", "điện thoại"),
        ("chuyeenr tieenf", "chuyển tiền"),
        ("nguwowif", "người"),
        ("thur tucj", "thủ tục"),
        ("wng dungj", "ưng dụng"),
        # VNI, the mark before the coda or after it
        ("d9a8ng ky1", "đăng ký"),
        ("dang8 ky1", "dăng ký"),
        ("ma6t5 kha6u3", "mật khẩu"),
        ("nguo7i2", "người"),
        ("d9ie6n5 thoai5", "điện thoại"),
        ("d9uo7c5", "được"),
        # the new place of a tone mark, and the old
        ("hoà thuỷ khoẻ", "hòa thủy khỏe"),
        ("quý giá quả", "quý giá quả"),
        ("toàn thuyền hoài", "toàn thuyền hoài"),
        # one letter written as several characters
        (unicodedata.normalize("NFD", "Đăng ký tài khoản"), "đăng ký tài khoản"),
        ("a\u0323\u0302", "ậ"),
        # teencode
        ("vneid ko vao dc", "vneid không vao được"),
        ("quên mk", "quên mật khẩu"),
        # shapes and what cannot be seen
        ("ＶＮｅＩＤ", "vneid"),
        ("vn\u200bei\u00add\ufeff", "vneid"),
        ("đăng\u00a0ký\ttài\nkhoản", "đăng ký tài khoản"),
        # punctuation between words that were joined
        ("vneid,mật khẩu.không/vào", "vneid mật khẩu không vào"),
        ("đăng_ký-tài+khoản???", "đăng ký tài khoản"),
        ("😭😭 mất tiền!!!", "mất tiền"),
        # dialect, and names as they are spoken
        ("làm răng", "làm sao"),
        ("tui hổng biết", "tôi không biết"),
        ("vờ nê ai đi", "vneid"),
        ("vne id", "vneid"),
        # filler falls away
        ("dạ cho bác hỏi quên mk nha cháu ơi", "quên mật khẩu"),
        # but where there is nothing else it stays
        ("dạ", "dạ"),
        ("cháu ơi", "cháu ơi"),
        # a canonical phrase is not met again inside itself
        ("bây giờ", "bây giờ"),
        ("giờ", "bây giờ"),
        # nothing to read
        ("", ""),
        ("?!… 😀", ""),
    ],
)
def test_what_is_typed_becomes_these_words(normalizer: Normalizer, typed: str, words: str) -> None:
    assert " ".join(normalizer(typed).words) == words


def test_the_words_stand_side_by_side_with_their_folded_form(normalizer: Normalizer) -> None:
    said = normalizer("Đăng ký VNeID")
    assert said.text == "Đăng ký VNeID"
    assert (said.words, said.folded) == (("đăng", "ký", "vneid"), ("dang", "ky", "vneid"))
    assert said.key == "dang ky vneid"


def test_an_accented_variant_is_met_only_with_its_accents(normalizer: Normalizer) -> None:
    """ "răng" asks how in Khánh Hòa, "rang" may be a tooth, a crab or the town of Phan Rang."""
    assert normalizer("phan rang").words == ("phan", "rang")


def test_plain_keeps_filler_and_teencode(normalizer: Normalizer) -> None:
    assert normalizer.plain("dạ ko").words == ("dạ", "ko")


def test_a_long_paste_is_read_up_to_a_limit(normalizer: Normalizer) -> None:
    assert normalizer("a " * UTTERANCE_LIMIT + "vneid").words == ("a",) * (UTTERANCE_LIMIT // 2)


class TestDecodeKeys:
    @pytest.mark.parametrize(
        "word",
        (
            "facebook pass password reset google app otp sms wifi qr nfc vneid vssid iphone samsung oppo xiaomi realme "
            "vivo zalo email gmail internet youtube tiktok viber messenger telegram apple android chrome website web "
            "online offline http https www link file pdf word excel camera screen login logout access address error "
            "bank vietcombank bidv agribank techcombank mbbank momo viettel vinaphone mobifone sim esim icloud face "
            "touch passcode pin code user username account update download server express free pro plus mini ios usb "
            "fix next text check book need feed green tool food good wood smart chart start 3g 4g 5g mp3 mp4 c06 a52 "
            "s23 covid19 f0 t2 w3"
        ).split(),
    )
    def test_words_of_apps_are_left_alone(self, word: str) -> None:
        assert decode_keys(word) == word

    def test_no_vietnamese_syllable_is_taken_for_keystrokes(self) -> None:
        spelled = {onset + rime for onset, rime in itertools.product(ONSETS, RIMES)}
        typed = spelled | {fold(syllable) for syllable in spelled}
        assert {syllable for syllable in typed if decode_keys(syllable) != syllable} == set()

    def test_no_word_of_a_guide_is(self, library: Library) -> None:
        lines = (line for guide in library.content.guides.values() for line in (guide.title, guide.summary))
        words = {word for line in lines for word in clean(line).split() if word.isalpha()}
        assert {word for word in words if decode_keys(word) != word} == set()

    @pytest.mark.parametrize(("word", "meant"), [("max", "mã"), ("box", "bõ"), ("as", "á"), ("a1", "á")])
    def test_an_english_word_that_spells_a_syllable_is_taken_for_one(self, word: str, meant: str) -> None:
        """Nobody can tell the two apart; guides' lines are read in the same way, so they still meet."""
        assert decode_keys(word) == meant


class TestRetone:
    def test_every_syllable_has_one_spelling(self) -> None:
        """Wherever a keyboard puts the tone mark, the syllable comes out the same."""
        for onset, rime, tone in itertools.product(("", "h", "th", "qu", "gi"), RIMES, TONES[1:]):
            spellings = {
                retone(unicodedata.normalize("NFC", f"{onset}{rime[: at + 1]}{tone}{rime[at + 1 :]}"))
                for at, char in enumerate(rime)
                if char in "aăâeêioôơuưy"
            }
            assert len(spellings) == 1, spellings

    def test_it_takes_nothing_away(self) -> None:
        for onset, rime, tone in itertools.product(ONSETS, RIMES, TONES):
            typed = unicodedata.normalize("NFC", onset + rime + tone)
            assert fold(retone(typed)) == fold(typed)


class TestFold:
    @given(st.text())
    @settings(deadline=None)
    def test_once_is_enough(self, text: str) -> None:
        assert fold(fold(text)) == fold(text)

    def test_vietnamese_becomes_ascii(self) -> None:
        for onset, rime, tone in itertools.product(ONSETS, RIMES, TONES):
            assert fold(onset + rime + tone).isascii()
            assert fold((onset + rime + tone).upper()) == fold(onset + rime)


class TestAnyText:
    @given(st.text() | alphabet)
    @settings(deadline=None)
    def test_it_can_be_read(self, normalizer: Normalizer, text: str) -> None:
        said = normalizer(text)
        assert len(said.words) == len(said.folded)
        assert all(said.words)
        assert fold(" ".join(said.words)) == said.key

    @given(st.text(max_size=30) | alphabet)
    @settings(deadline=None)
    def test_words_read_again_are_the_same_words(self, normalizer: Normalizer, text: str) -> None:
        """So of plain alone: synonyms are looked up once, and two of them side by side may spell a third."""
        words = normalizer.plain(text).words
        assert normalizer.plain(" ".join(words)).words == words

    @pytest.mark.parametrize("text", PASTES.values(), ids=PASTES)
    def test_any_paste_is_read(self, normalizer: Normalizer, text: str) -> None:
        assert normalizer(text).key == normalizer(text).key.strip()


class TestKnowledge:
    """knowledge/synonyms.yaml, whatever is added to it."""

    def test_what_words_are_brought_to_stays_there(self, library: Library) -> None:
        canonical = {name for kind in library.content.knowledge.synonyms.classes.values() for name in kind}
        read = {name: library.normalizer(name).words for name in canonical}
        assert {name: words for name, words in read.items() if words != library.normalizer.plain(name).words} == {}

    def test_every_variant_is_met(self, library: Library) -> None:
        """Each is read as the canonical form it stands under, or under another that has it too."""
        classes = library.content.knowledge.synonyms.classes.values()
        pairs = [(name, variant) for kind in classes for name, variants in kind.items() for variant in variants]
        for name, variant in pairs:
            meant = {library.normalizer(other).key for other, same in pairs if fold(same) == fold(variant)}
            assert library.normalizer(variant).key in meant, f"{variant} is not read as {name}"
