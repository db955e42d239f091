"""A short answer carries the question that it answers."""

from __future__ import annotations

import pytest

from memories.extraction.answers import with_question


@pytest.mark.parametrize(
    ("before", "answer", "content"),
    [
        ("Nice to meet you! What should I call you?", "Benedikt", "What should I call you? Benedikt"),
        ("Do you eat fish?", "no", "Do you eat fish? no"),
        ("How many cats do you have? 🐈", "just two", "How many cats do you have? just two"),
        ("Verstanden.\nIn welcher Stadt wohnst du?", "Graz.", "In welcher Stadt wohnst du? Graz."),
        ("好的。你几岁？", "二十七", "你几岁？ 二十七"),
        ("ما اسمك؟", "ليلى", "ما اسمك؟ ليلى"),
        ("Ποια είναι η δουλειά σου;", "νοσοκόμα", "Ποια είναι η δουλειά σου; νοσοκόμα"),
    ],
)
def test_a_short_answer(before: str, answer: str, content: str) -> None:
    assert with_question(answer, before) == content


@pytest.mark.parametrize(
    ("before", "answer"),
    [
        ("I booked the table.", "Benedikt"),
        ("What is your job? Take your time.", "baker"),
        ("Where do you live?", "I live near the old harbour"),
        ("Where do you live?", "near the old harbour, two streets behind the fish market"),
        ("Anything else?", "Thanks!"),
        ("How are you?", "fine"),
        ("Where are you from?", "why?"),
        ("Can you swim?", "haha"),
        ("Can you swim?", ""),
        ("", "Oslo"),
        ("你叫什么？", "我叫小兰"),
    ],
)
def test_what_needs_no_question_or_answers_none(before: str, answer: str) -> None:
    assert with_question(answer, before) is None
