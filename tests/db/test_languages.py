"""Texts in all scripts and languages are found by their words, or quietly not."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from apikeys.services import default_tenant
from memories.admin.memories import _worded
from memories.languages import CONFIGURATIONS, configuration
from memories.models import Passage, Source
from memories.pipeline.fulltext import websearch_query
from memories.services import reindex
from tests.build import Caller, caller

TEXTS = {
    "tower": "昨日は東京タワーに行きました",
    "file": "see file東京.txt, from 2024年",
    "narrow": "ﾗｰﾒﾝが好き",
    "seoul": "서울에서 친구를 만났다",
    "chinese": "我在北京大学学习中文",
    "russian": "Я живу в Осло",
    "arabic": "أحب القهوة كثيرا",
    "thai": "ภาษาไทย ยากมาก",
    "emoji": "🎄🎄🎄",
    "english": "Ann’s dogs were running",
}


def passages() -> Any:
    return Passage.objects.filter(tenant=default_tenant().id)


def found(question: str, project: str = "default") -> set[str]:
    rows = passages().filter(project=project, tsv=websearch_query(question, configuration(project)))
    kept = {text: name for name, text in TEXTS.items()}
    return {kept.get(content, content) for content in rows.values_list("text__content", flat=True)}


def state() -> list[tuple[Any, ...]]:
    return list(passages().order_by("id").values_list("id", "tsv", "length"))


def reindexed(*arguments: str) -> str:
    out = io.StringIO()
    call_command("reindex_words", *arguments, stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def stored(owner: Caller) -> Caller:
    for text in TEXTS.values():
        owner.store(text, skip_extraction=True)
    return owner


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("東京", {"tower", "file"}),
        ("タワー", {"tower"}),
        ("東京タワー", {"tower"}),
        ("京タ", {"tower"}),
        ("ラーメン", {"narrow"}),
        ("ﾗｰﾒﾝ", {"narrow"}),
        ("大阪", set()),
        ("東", set()),  # a lone character is no part of a pair
        ("2024", {"file"}),
        ("file 東京", {"file"}),
        ("서울", {"seoul"}),
        ("친구", {"seoul"}),
        ("北京", {"chinese"}),
        ("中文", {"chinese"}),
        ("осло", {"russian"}),
        ("القهوة", {"arabic"}),
        ("ภาษาไทย", {"thai"}),
        ("dog", {"english"}),
        ("Ann's dog run", {"english"}),
        ("Ann’s dog", {"english"}),
        ("🎄", set()),
        ("、。", set()),
        ("'", set()),
        ("東京 -タワ", {"file"}),
    ],
)
def test_a_text_is_found_by_its_words(stored: Caller, question: str, expected: set[str]) -> None:
    assert found(question) == expected


def test_all_questions_are_answered_by_recall(stored: Caller) -> None:
    for text in TEXTS.values():
        assert len(stored.recalled(text, limit=20)) > 0


def test_the_words_are_counted_as_they_are_indexed(stored: Caller) -> None:
    lengths = {p.text.content: p.length for p in passages().select_related("text")}
    assert lengths[TEXTS["tower"]] == 13
    assert lengths[TEXTS["emoji"]] == 0
    assert lengths[TEXTS["english"]] == 3  # ann, dog, run


def test_every_language_is_one_of_the_database_s(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cfgname FROM pg_ts_config")
        assert set(CONFIGURATIONS) <= {name for (name,) in cursor.fetchall()}


def test_a_project_has_its_language(owner: Caller, settings: Any) -> None:
    settings.PROJECT_LANGUAGES = {"notes": "german", "wiki": "simple"}
    for project in ("notes", "wiki", "default"):
        owner.store("Die Häuser und the running dogs", project=project, skip_extraction=True)
    everything = {"Die Häuser und the running dogs"}
    assert found("Haus", "notes") == everything
    assert found("Haus", "default") == found("Haus", "wiki") == set()
    assert found("run", "default") == everything
    assert found("run", "wiki") == set()
    assert found("running", "wiki") == found("the", "wiki") == everything
    assert dict(passages().values_list("project", "length")) == {"notes": 4, "wiki": 6, "default": 5}


def test_a_pending_write_has_the_words_of_its_project(no_worker: None, settings: Any) -> None:
    settings.PROJECT_LANGUAGES = {"notes": "german"}
    caller().post("/api/v1/memories", {"content": "Die Häuser in 東京タワー", "project": "notes"})
    rows = Source.objects.filter(tenant=default_tenant().id)
    assert rows.filter(tsv=websearch_query("Haus タワー", "german")).count() == 1
    settings.PROJECT_LANGUAGES = {}
    assert reindexed() == "The words of 0 passages were indexed again."
    assert rows.filter(tsv=websearch_query("Haus", "german")).count() == 0
    assert rows.filter(tsv=websearch_query("Häuser タワー", "english")).count() == 1


def test_words_are_indexed_anew_in_the_language_that_is_set_now(
    owner: Caller, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindex, "BATCH_SIZE", 2)
    turns = [{"role": "user", "name": "Ann", "content": f"Die Häuser am Fluss {n}"} for n in range(5)]
    for project in ("notes", "other"):
        for turn in turns:
            owner.store(turn["content"], project=project, skip_extraction=True)
    owner.store("Das Haus. " * 500, project="notes", user_id="bob", skip_extraction=True)
    before = state()
    assert reindexed() == f"The words of {len(before)} passages were indexed again."
    assert state() == before
    settings.PROJECT_LANGUAGES = {"notes": "german"}
    others = set(passages().filter(project="other").values_list("id", "tsv", "length"))
    assert found("Haus", "notes") == {"Das Haus. " * 500}
    assert reindexed("--project", "notes") == f"The words of {len(before) - 5} passages were indexed again."
    assert len(found("Haus", "notes")) == 6
    assert set(passages().filter(project="other").values_list("id", "tsv", "length")) == others
    after = state()
    reindexed("--project", "notes")
    assert state() == after
    settings.PROJECT_LANGUAGES = {}
    reindexed()
    assert state() == before


def test_a_speaker_s_name_stays_among_the_words(owner: Caller) -> None:
    owner.post(
        "/v1/memories",
        {"messages": [{"role": "user", "name": "田中さん", "content": "I like tea"}], "user_id": "u", "infer": False},
    )
    row = passages().get()
    assert row.speaker == "田中さん"
    before = state()
    assert found("田中") == found("中さん tea") == {"I like tea"}
    reindexed()
    assert state() == before


def test_the_language_travels_as_a_parameter(owner: Caller, settings: Any) -> None:
    settings.PROJECT_LANGUAGES = {"default": "simple'; --"}
    with CaptureQueriesContext(connection) as queries, pytest.raises(Exception, match="invalid name syntax"):
        list(passages().filter(tsv=websearch_query("x", configuration("default"))))
    assert "'simple''; --'::regconfig" in queries[-1]["sql"]


def test_the_admin_finds_words_of_every_language(owner: Caller, settings: Any) -> None:
    settings.PROJECT_LANGUAGES = {"notes": "german"}
    owner.store("Die Häuser", project="notes", skip_extraction=True)
    owner.store("running dogs", skip_extraction=True)
    tenants = [default_tenant().id]

    def worded(words: str, **chosen: str) -> int:
        return len(_worded(RequestFactory().get("/", chosen), tenants, words))

    assert (worded("Haus"), worded("run"), worded("cats")) == (1, 1, 0)
    assert (worded("Haus", project="notes"), worded("Haus", project="default")) == (1, 0)


def test_topics_are_stems_of_each_project_s_language(owner: Caller, settings: Any) -> None:
    settings.PROJECT_LANGUAGES = {"notes": "german"}
    owner.store("Häuser", project="notes", user_id="ann", skip_extraction=True)
    owner.store("Hauses", project="notes", user_id="ann", skip_extraction=True)
    owner.store("running quickly", user_id="ann", skip_extraction=True)
    topics = owner.get("/api/v1/users/ann/profile").json()["top_topics"]
    assert [topic["count"] for topic in topics] == [2, 1, 1]
    assert {topic["topic"] for topic in topics} & {"häuser", "hauses"}
