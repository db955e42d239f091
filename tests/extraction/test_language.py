"""English patterns run on English only."""

from __future__ import annotations

import pytest

from memories.extraction.language import is_english, language


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("We keep the spare key under the blue flowerpot.", "en"),
        ("Unser Kater heißt Moritz und ist schon vierzehn.", "de"),
        ("Ma sœur travaille dans une boulangerie à Rennes.", "fr"),
        ("Mi hermano vive en Sevilla desde hace dos años.", "es"),
        ("O meu pai é enfermeiro e trabalha à noite.", "pt"),
        ("Mia nonna coltiva pomodori sul balcone.", "it"),
        ("Mijn dochter begint in september op school.", "nl"),
        ("Mój szef wyjeżdża w piątek do Gdańska.", "pl"),
        ("Annem her sabah denizde yüzüyor.", "tr"),
        ("Мой брат работает врачом в Омске.", "ru"),
        ("تعمل أختي في مستشفى في عمّان.", "ar"),
        ("मेरी बहन भोपाल में पढ़ाती है।", "hi"),
        ("我哥哥在杭州开咖啡店。", "zh"),
        ("父は毎朝犬と散歩します。", "ja"),
        ("우리 형은 대전에서 일해요.", "ko"),
    ],
)
def test_the_language_of_a_sentence(text: str, code: str) -> None:
    assert language(text) == code
    assert is_english(text) is (code == "en")


@pytest.mark.parametrize(
    "text", ["no sugar pls", "Gate code 5512", "Kofi: bass, Ines: drums", "LUNCH WITH THE BOSS MOVED TO ONE"]
)
def test_a_short_fragment_in_plain_letters_is_english(text: str) -> None:
    assert is_english(text)


@pytest.mark.parametrize("text", ["会议 3pm", "купил iPhone 15 Pro", "मैं office जाता हूँ"])
def test_letters_outweigh_the_identifier(text: str) -> None:
    assert not is_english(text)


@pytest.mark.parametrize("text", ["", "  ", "12:30", "👍", "--- !"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert language(text) is None
    assert not is_english(text)


def test_any_string_can_be_read() -> None:
    assert is_english("we moved\nto the second\0 floor \ud800")
    assert language("x" * 1_000_000) is not None
