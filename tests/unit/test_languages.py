"""Languages of projects, and runs of Chinese, Japanese and Korean characters as pairs."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memories.languages import CONFIGURATIONS, UNSPACED, configuration, parse_languages, segmented

UNMARKED = st.text("東京都人口万葉あかガギー서울시中文𠮷々〇", min_size=2)  # characters that NFKC leaves alone
MIXED = st.text() | st.text("東京かﾞｶ서ᄉ\u1161 aé-'’2.，\u3099🎄", max_size=30)


def pairs(text: str) -> set[str]:
    return set(UNSPACED.findall(segmented(text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("東", "東"),
        ("東京", "東京"),
        ("東京タワー", "東京 京タ タワ ワー"),
        ("서울에 갔다", "서울 울에 갔다"),
        ("ราคา 50 บาท", "รา าค คา 50 บา าท"),
        ("I like 東京タワー a lot", "I like 東京 京タ タワ ワー a lot"),
        ("file東京.txt", "file 東京.txt"),
        ("2024年に", "2024 年に"),
        ("これは2024年", "これ れは 2024 年"),
        ("「東京」、京都。", "「 東京 」、 京都 。"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("か\u3099き", "がき"),
        ("\u1109\u1165\u110b\u116e\u11af", "서울"),
        ("𠮷野家", "𠮷野 野家"),
        ("Ann’s dog isnʼt", "Ann's dog isn't"),
        ("Привет, мир — 🎄 ქართული  مرحبا", "Привет, мир — 🎄 ქართული  مرحبا"),
    ],
)
def test_cjk_runs_become_pairs_and_the_rest_stays(text: str, expected: str) -> None:
    assert segmented(text) == expected


@given(UNMARKED, st.data())
def test_a_part_of_a_cjk_text_shares_all_its_pairs(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 2))
    stop = data.draw(st.integers(start + 2, len(text)))
    assert pairs(text[start:stop]) <= pairs(text)
    assert pairs(text[start:stop]) <= pairs(f"about{text}, 2024")


@given(MIXED)
def test_segmenting_twice_is_segmenting_once(text: str) -> None:
    assert segmented(segmented(text)) == segmented(text)


@given(MIXED)
def test_every_word_is_a_pair_or_of_another_script(text: str) -> None:
    for run in UNSPACED.findall(segmented(text)):
        assert len(run) <= 2


@given(st.text(st.characters(max_codepoint=0x0DFF, exclude_characters="’ʼ")))
def test_other_scripts_stay_as_they_are(text: str) -> None:
    assert segmented(text) == text


def test_usual_forms_of_unspaced_characters_are_unspaced() -> None:
    odd = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if UNSPACED.fullmatch(chr(code)) and not UNSPACED.fullmatch(unicodedata.normalize("NFKC", chr(code)))
    ]
    assert odd == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        (" , ", {}),
        ("notes=german,wiki=simple", {"notes": "german", "wiki": "simple"}),
        (" my notes = german , a;b=russian,", {"my notes": "german", "a;b": "russian"}),
    ],
)
def test_languages_are_read(text: str, expected: dict[str, str]) -> None:
    assert parse_languages(text) == expected


@pytest.mark.parametrize("text", ["=german", " = ", "notes=german,notes=german", "notes=german,notes=simple"])
def test_what_names_no_project_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no project, or one that was named before"):
        parse_languages(text)


@pytest.mark.parametrize("text", ["notes", "notes=", "notes=German", "notes=klingon", "notes=german;wiki=simple"])
def test_an_unknown_language_is_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"notes: there is no '.*'; .*, german, .*, simple, "):
        parse_languages(text)


def test_a_project_without_a_language_is_in_english(settings: pytest.FixtureRequest) -> None:
    settings.PROJECT_LANGUAGES = {"notes": "german"}  # type: ignore[attr-defined]
    assert (configuration("notes"), configuration("default")) == ("german", "english")
    assert len(set(CONFIGURATIONS)) == 29
