"""The scam check's rows: messages are read as their files have them, and told a line each."""

from __future__ import annotations

from bot.evaluate_safety import Case, evaluate_safety, read_messages, render_safety
from bot.safety.model import Judgement, Verdict


def test_a_message_has_a_kind_or_none_and_breaks_where_it_says() -> None:
    lines = ["# nguồn", "", "otp\tMa OTP la 1234\\nKhong chia se", "chào bác", "#== hết", "ngan-hang\t"]
    assert read_messages(lines, is_bad=False) == [
        Case("Ma OTP la 1234\nKhong chia se", False, "otp"),
        Case("chào bác", False),
    ]


def test_rows_are_told_by_kind_and_a_missed_message_in_one_line() -> None:
    cases = [*read_messages(["qua\tnhận quà\\nbấm vào"], True), *read_messages(["nha\tmẹ về chưa"], False)]
    report = evaluate_safety(cases, lambda text: Judgement(Verdict.UNKNOWN))
    told = render_safety(report, "Tin nhắn", 3.0, show_missed=True)
    assert told.startswith("Tin nhắn")
    assert "lừa đảo: qua" in told
    assert "nhận quà\\nbấm vào" in told
