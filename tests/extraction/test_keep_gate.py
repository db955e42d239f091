"""The keep gate drops what is surely nothing in a conversation, and nothing else."""

from __future__ import annotations

import pytest

from memories.extraction.keep_gate import keeps, states_nothing


def kept(text: str, *, role: str = "user", before: str = "", count: int = 1) -> bool:
    return keeps(text, role=role, before=before, first=not before, last=count == 1, count=count)


@pytest.mark.parametrize(
    "text",
    [
        "Good evening!", "hey there 👋", "Thanks a million!!", "haha ok", "Guten Abend zusammen", "Vielen Dank!",
        "Bonsoir, merci beaucoup",
        "Muchas gracias!", "Bom dia, tudo bem", "Grazie mille, ciao!", "Dank je wel", "Dziękuję bardzo",
        "Teşekkürler, iyi günler", "Большое спасибо!",
        "شكرا جزيلا", "नमस्ते, धन्यवाद", "谢谢你！再见", "ありがとうございます。", "감사합니다!", "...", "🙂",
    ],
)  # fmt: skip
def test_a_greeting_is_dropped_in_fifteen_languages_and_is_no_note(text: str) -> None:
    assert not kept(text)
    assert states_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        "What is the tallest building in Asia?",
        "can you write me a short poem about autumn leaves",
        "Translate this into French please",
        "Wow, that is so cool!",
        "Could you explain how vaccines work?",
        "That sounds great, thank you so much!",
    ],
)
def test_pure_questions_requests_and_praise_are_dropped(text: str) -> None:
    assert not kept(text)


@pytest.mark.parametrize(
    "text", ["Happy to help!", "Is there anything else you need?", "Let me know if you have any questions."]
)
def test_an_assistants_phrases_are_dropped(text: str) -> None:
    assert not kept(text, role="assistant")


@pytest.mark.parametrize(
    "text",
    [
        "My wife Noor teaches physics in Utrecht",
        "Never call me before ten in the morning.",
        "i cant stand cilantro",
        "We close on the house on the 14th.",
        "I might take the offer from Siemens",
        "Please always answer me in Danish.",
        "i have no brothers or sisters",
        "Remind me to renew my passport in June",
        "the wifi password is tulip-77",
    ],
)
def test_what_a_careful_listener_keeps_is_kept(text: str) -> None:
    assert kept(text)
    assert kept(text, before="Hi!", count=2)


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        ("Meine Tochter hat am Freitag Prüfung.", True),
        ("Wie spät ist es in Tokio?", False),
        ("Écris un poème sur la mer.", False),
        ("Escribe siempre en catalán.", True),
        ("我下个月搬到深圳。", True),
        ("東京の天気はどうですか？", False),
        ("저는 채식주의자예요.", True),
        ("напиши стихотворение про осень", False),
    ],
)
def test_other_languages_lose_questions_and_requests_alone(text: str, keep: bool) -> None:
    assert kept(text) is keep
