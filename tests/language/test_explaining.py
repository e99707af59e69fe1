"""Why a text led to a guide: told in the words that were typed, and adding up to what was decided."""

from __future__ import annotations

import pytest

from bot.language.explaining import CARRIED_SHOWN, Explanation, Reason, explain
from bot.language.learning import learn
from bot.language.matching import LINE_WEIGHT, Ranker
from bot.language.normalize import Normalizer
from tests.language.test_matching import BACKGROUND_LINES, LINES, THRESHOLDS

NORMALIZER = Normalizer({"teencode": {"mật khẩu": ["mk"]}}, ["ạ"])
GIVEN = [*LINES[::-1], *(("", line) for line in BACKGROUND_LINES)]  # not in the order in which they are kept


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return Ranker(learn((owner, NORMALIZER(line)) for owner, line in GIVEN))


def why(ranker: Ranker, text: str) -> Explanation:
    utterance = NORMALIZER(text)
    ranking = ranker.rank(utterance)
    shown = [one.id for one in ranking.guides]
    return explain(utterance, ranking, shown, ranker, [line for _, line in GIVEN], THRESHOLDS)


def words(reason: Reason) -> list[str]:
    return [one.words for one in reason.carried]


class TestExplain:
    def test_every_guide_shown_has_its_reason_in_their_order(self, ranker: Ranker) -> None:
        ranking = ranker.rank(NORMALIZER("quên mk vneid ạ"))
        assert [one.id for one in why(ranker, "quên mk vneid ạ").guides] == [one.id for one in ranking.guides]

    def test_words_and_pairs_are_those_that_were_typed(self, ranker: Ranker) -> None:
        told = why(ranker, "quên mk vneid ạ")
        assert told.compared == "quên mật khẩu vneid"
        typed = set(told.compared.split())
        assert "quên" in words(told.guides[0])
        assert all(set(carried.split()) <= typed for reason in told.guides for carried in words(reason))

    def test_a_pair_is_told_beside_its_words(self, ranker: Ranker) -> None:
        assert set(words(why(ranker, "mật khẩu").guides[0])) == {"mật", "khẩu", "mật khẩu"}

    def test_what_carried_most_comes_first_and_nothing_that_speaks_against(self, ranker: Ranker) -> None:
        for reason in why(ranker, "công an gọi bắt chuyển tiền vào tài khoản vneid").guides:
            weights = [one.weight for one in reason.carried]
            assert len(weights) <= CARRIED_SHOWN
            assert weights == sorted(weights, reverse=True)
            assert all(weight > 0 for weight in weights)

    def test_a_misspelt_word_is_shown_as_it_was_understood(self, ranker: Ranker) -> None:
        told = why(ranker, "kích hoạtt tài khoản")
        assert told.compared == "kích hoat tài khoản"
        assert "hoat" in words(told.guides[0])

    def test_runs_of_characters_count_in_their_word(self, ranker: Ranker) -> None:
        """The word is like no known one: only runs of it are known, and they are told as the word."""
        told = why(ranker, "khoảnbctnh")
        assert told.compared == "khoảnbctnh"
        assert words(told.guides[0]) == ["khoảnbctnh"]

    def test_all_carriers_add_up_to_what_the_features_say(self, ranker: Ranker) -> None:
        text = "mật khẩu"  # few enough to be shown whole
        told = why(ranker, text).guides[0]
        owner = ranker.learnt.ids.index(told.id)
        features = float(ranker.hear(NORMALIZER(text)).logits[owner] - ranker.learnt.bias[owner]) - told.line_weight
        assert sum(one.weight for one in told.carried) == pytest.approx(features, rel=1e-3)

    @pytest.mark.parametrize(("guide", "line"), LINES)
    def test_the_nearest_line_of_a_line_is_itself(self, ranker: Ranker, guide: str, line: str) -> None:
        told = why(ranker, line).guides[0]
        assert (told.id, told.line) == (guide, line)
        assert told.likeness == pytest.approx(1.0, abs=1e-3)
        assert told.line_weight == pytest.approx(LINE_WEIGHT, abs=0.01)

    def test_chances_are_those_that_were_decided_by(self, ranker: Ranker) -> None:
        ranking = ranker.rank(NORMALIZER("quên mật khẩu"))
        told = why(ranker, "quên mật khẩu")
        assert (told.scope.chance, told.scope.needed) == (THRESHOLDS.scope.chance(ranking.evidence), THRESHOLDS.torn)
        certainty = THRESHOLDS.scope.chance(ranking.evidence) * THRESHOLDS.certainty.chance(ranking)
        assert (told.certainty.chance, told.certainty.needed) == (certainty, THRESHOLDS.sure)
        assert told.evidence == ranking.evidence

    @pytest.mark.parametrize("text", ["", "😀", "ゔゔゔ"])
    def test_where_nothing_speaks_nothing_is_told(self, ranker: Ranker, text: str) -> None:
        for reason in why(ranker, text).guides:
            assert (reason.carried, reason.line, reason.likeness) == ((), "", 0.0)

    def test_without_guides_there_is_no_certainty(self, ranker: Ranker) -> None:
        utterance = NORMALIZER("quên mật khẩu")
        told = explain(utterance, ranker.rank(utterance, lambda _: False), [], ranker, [], THRESHOLDS)
        assert (told.certainty.chance, told.guides) == (0.0, ())
