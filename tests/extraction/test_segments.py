"""A text is cut into sentences, list items, fields and blocks of code, whatever its script or form."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memories.extraction.segments import Segment, SegmentKind, segments


def cut(text: str, *, is_note: bool = True) -> list[str]:
    return [segment.text for segment in segments(text, is_note=is_note)]


def under(text: str) -> list[tuple[str, str]]:
    """(heading, text) of each segment of a note."""
    return [(segment.heading, segment.text) for segment in segments(text, is_note=True)]


def spoken(text: str) -> list[tuple[str | None, str]]:
    return [(segment.speaker, segment.text) for segment in segments(text, is_note=False)]


@pytest.mark.parametrize(
    "parts",
    [
        ("We rented a van.", "It broke down twice!", "Really?"),
        ("Я переехала в Казань.", "А ты где живёшь?", "У меня кот!"),
        ("मैं जयपुर में पढ़ाता हूँ।", "मेरा भाई डॉक्टर है।"),
        ("أسكن في تونس.", "هل لديك سيارة؟", "لدي دراجة."),
        ("میں کراچی میں رہتا ہوں۔", "میرا ایک بیٹا ہے۔"),
        ("Δουλεύω στη Λάρισα.", "Εσύ πού μένεις;", "Έχω σκύλο."),
        ("저는 부산에서 일해요.", "고양이를 키워요!"),
        ("Mieszkam w Gdyni od 2015 r. z żoną.", "Mam np. dwa rowery."),
        ("Die Praxis von Dr. Ahlers ist z. B. am 3. Juni zu.", "Ab dem 4. ist wieder offen."),
        ("Vivo en la Av. Norte núm. 8.", "¿Vienes el lunes?"),
        ("Mme. Petit et M. Roux arrivent à 18 h.", "Qui cuisine ?", "Moi !"),
        ("Sprechzeiten sind inkl. Samstag, d.h. sechs Tage.", "Sonntags nie."),
    ],
)
def test_sentences_that_are_divided_by_spaces(parts: tuple[str, ...]) -> None:
    assert cut(" ".join(parts)) == list(parts)


@pytest.mark.parametrize(
    "parts",
    [
        ("我在成都工作。", "你喜欢辣的吗？", "我很喜欢！"),
        ("弟は札幌の大学生です。", "来月帰ってきます！"),
        ("「遅れるよ。」と父が言った。", "私は待った。"),
    ],
)
def test_sentences_without_spaces_between_them(parts: tuple[str, ...]) -> None:
    assert cut("".join(parts)) == list(parts)


@pytest.mark.parametrize(
    "sentence",
    [
        "The meeting with Mr. J. P. Olsen is at 4.15 p.m. on Friday",
        "Our office is on St. Giles, e.g. near the U.S. consulate",
        "Write to kim.lee@mail.example or see https://wiki.example/a.b?c=d.e for v2.4.1",
        "I use `uv`, not pip",
        "The crash is in `core/sync/engine.py`: the lock is taken twice",
        "import duties on the piano cost us 300 francs",
        "draft -> review -> publish",
        "My pass code is 4711; class 7b starts at 8:05",
        "Favourite films: Alien, Heat and Up",
        'She always says "Wait. Think." before she signs',
        "ฉันอยู่ที่ภูเก็ตและแพ้กุ้ง",
    ],
)
def test_one_sentence_stays_whole(sentence: str) -> None:
    assert cut(sentence) == [sentence]
    assert cut(sentence, is_note=False) == [sentence]


def test_a_line_break_ends_a_sentence_unless_an_editor_wrapped_the_line() -> None:
    assert cut("gym on mondays\nno sugar this month") == ["gym on mondays", "no sugar this month"]
    wrapped = "The landlord agreed that we may paint the walls of the\nkitchen as long as we keep the tiles."
    assert cut(wrapped) == [wrapped]


def test_a_smiling_face_ends_a_sentence_and_a_thing_does_not() -> None:
    assert cut("we finally got the keys 😍 moving in on the 4th") == [
        "we finally got the keys 😍",
        "moving in on the 4th",
    ]
    assert cut("my usual order is 🍕 without cheese") == ["my usual order is 🍕 without cheese"]


def test_items_carry_the_line_above_them() -> None:
    text = "Things for the trip:\n- tent (2 persons)\n* stove\n\n2) no\nTrain at 6:40."
    assert under(text) == [
        ("Things for the trip", "tent (2 persons)"),
        ("Things for the trip", "stove"),
        ("", "2) no"),
        ("", "Train at 6:40."),
    ]


def test_numbered_items_lose_their_number_and_a_date_keeps_its() -> None:
    assert under("Chores\n1. bins on Tuesday\n2. plants") == [
        ("", "Chores"),
        ("Chores", "bins on Tuesday"),
        ("Chores", "plants"),
    ]
    assert cut("14. Februar ist unser Hochzeitstag") == ["14. Februar ist unser Hochzeitstag"]


def test_headings_are_carried_from_level_to_level() -> None:
    text = "# Atlas\n## Rules\n**Style**\n- tabs\n## Team\nRosa leads.\n# Empty"
    assert under(text) == [
        ("Atlas > Rules > Style", "tabs"),
        ("Atlas > Team", "Rosa leads."),
        ("", "Empty"),
    ]


def test_nested_items_carry_their_parent() -> None:
    assert under("- Ida\n  - plays chess\n- Ole\n  - left-handed") == [
        ("", "Ida"),
        ("Ida", "plays chess"),
        ("", "Ole"),
        ("Ole", "left-handed"),
    ]


def test_fields_after_a_name_are_about_that_name() -> None:
    found = list(segments("Customer: Brandt AG\nPlan: gold\nSeats: 12\n\nOffice: Kiel", is_note=True))
    assert {segment.kind for segment in found} == {SegmentKind.FIELD}
    assert [(s.heading, s.text) for s in found] == [
        ("", "Customer: Brandt AG"),
        ("Customer: Brandt AG", "Plan: gold"),
        ("Customer: Brandt AG", "Seats: 12"),
        ("", "Office: Kiel"),
    ]


def test_rows_of_a_table_carry_its_head() -> None:
    text = "| Who | Drinks |\n|---|---|\n| Eva | cocoa |\n| Per | nothing |"
    assert under(text) == [("Who | Drinks", "Eva | cocoa"), ("Who | Drinks", "Per | nothing")]


def test_a_short_json_object_stays_whole_and_a_nested_one_is_cut_with_its_path() -> None:
    flat = '{"pet": "Momo", "kind": "rabbit", "age": 3}'
    assert under(flat) == [("", flat)]
    deep = '{"guest": {"name": "Hu", "room": {"no": 12, "beds": ["twin"]}, "meals": [{"d": 1}, {"d": 2}]}}'
    assert under(deep) == [
        ("guest", '"name": "Hu"'),
        ("guest > name: Hu", '"room": {"no": 12, "beds": ["twin"]}'),
        ("guest > name: Hu > meals", '{"d": 1}'),
        ("guest > name: Hu > meals", '{"d": 2}'),
    ]


def test_broken_json_is_text() -> None:
    assert cut('{"pet": "Momo", "kind"') == ['{"pet": "Momo", "kind"']
    deep = '{"a":' * 5_000
    assert "".join(cut(deep)) == deep


def test_lines_of_a_transcript_have_speakers() -> None:
    text = "Ines: We moved the launch to May.\nTom: Why? I liked April.\nstill, fine.\nInes: ok"
    assert spoken(text) == [
        ("Ines", "We moved the launch to May."),
        ("Tom", "Why?"),
        ("Tom", "I liked April."),
        ("Tom", "still, fine."),
        ("Ines", "ok"),
    ]
    assert spoken("[09:10] Kai: we are late\n[09:11] Kai: ten minutes") == [
        ("Kai", "we are late"),
        ("Kai", "ten minutes"),
    ]
    assert spoken("陈：我下周去西安。\n林：真的吗？") == [("陈", "我下周去西安。"), ("林", "真的吗？")]


@pytest.mark.parametrize(
    "text",
    [
        "Deadline: 9 June\nOwner: Pia",
        "Goal: ship the beta.\nRisk: the audit.",
        "Pia: vegan\nBo: no nuts\nPia's dad: diabetic",
        "08:00 Breakfast: oats\n12:00 Lunch: soup",
    ],
)
def test_fields_have_no_speaker(text: str) -> None:
    assert {speaker for speaker, _ in spoken(text)} == {None}


def test_a_fenced_block_is_one_segment_and_what_stands_around_it_is_prose() -> None:
    text = "It fails here:\n```python\nx = load()\n\nx.run()  # boom.\n```\nWe run Python 3.12."
    assert list(segments(text, is_note=False)) == [
        Segment("It fails here:", 0, 14, SegmentKind.PROSE),
        Segment("x = load()\n\nx.run()  # boom.", 25, 53, SegmentKind.CODE),
        Segment("We run Python 3.12.", 58, 77, SegmentKind.PROSE),
    ]


def test_a_note_that_is_only_code_is_one_segment() -> None:
    code = "def total(rows):\n    return sum(rows)\n\nprint(total([1]))"
    assert [(s.kind, s.text) for s in segments(code, is_note=True)] == [(SegmentKind.CODE, code)]
    assert [(s.kind, s.text) for s in segments(f"```\n{code}\n```", is_note=True)] == [(SegmentKind.CODE, code)]


def test_three_backticks_inside_a_line_hide_nothing() -> None:
    assert cut("Call ```make dev``` first. Then wait.") == ["Call ```make dev``` first.", "Then wait."]


def test_what_has_no_letter_and_no_digit_is_no_segment() -> None:
    assert cut("...\n\n!!! 🎉\n---") == []
    assert cut("") == []


def test_a_sentence_of_more_than_a_thousand_characters_is_cut_at_a_space() -> None:
    text = "word " * 500
    parts = cut(text)
    assert " ".join(parts) == text.strip()
    assert [len(part) for part in parts] == [999, 999, 499]
    assert [len(part) for part in cut("x" * 2_500)] == [1_000, 1_000, 500]


PIECES = st.sampled_from(
    ["Ann: ", "- ", "  - ", "1. ", "# ", "**b**", "key: ", "word", "Dr. ", "z. B. ", "。", "؟ ", ". ", "\n", "\r\n",
     "\n\n", "```", "`", "{", '"a":', "}", "[", "|", "|\n", "---\n", "😀 ", '"', "「", "」", "(", ")", "5", ":", "=",
     "    ", "\t", "東京", "\u2028", "x();\n", "\ud800"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60).map("".join), st.booleans())
def test_segments_are_substrings_in_order_and_lose_no_word(text: str, is_note: bool) -> None:
    found = list(segments(text, is_note=is_note))
    assert all(text[s.start : s.stop] == s.text == s.text.strip() != "" for s in found)
    assert all(before.stop <= after.start for before, after in itertools.pairwise(found))
    shown = "".join(f"{s.heading} {s.speaker} {s.text}" for s in found)
    assert all(word in shown for word in ("word", "東京") if word in text)
