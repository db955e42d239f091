"""Names and texts use the standard terms, and a module name is used once in the project."""

from __future__ import annotations

import pytest

from tests.shape import vocabulary

# Names of modules that the project still uses twice: tenants are one resource with layers in two apps. Add nothing.
KNOWN_DUPLICATES = {"tenants"}


def test_no_name_is_retired() -> None:
    assert vocabulary.all_retired_names() == []


def test_no_text_has_a_retired_phrase() -> None:
    assert vocabulary.all_retired_phrases() == []


def test_a_module_name_is_used_once() -> None:
    assert {name: paths for name, paths in vocabulary.duplicate_modules().items() if name not in KNOWN_DUPLICATES} == {}


def test_the_lists_of_exceptions_are_short_and_true() -> None:
    assert set(vocabulary.duplicate_modules()) >= KNOWN_DUPLICATES
    for path, allowed in vocabulary.ALLOWED.items():
        text = (vocabulary.ROOT / path).read_text().lower()
        assert [word for word in allowed if word not in text] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("class Salt: ...", "x.py:1: Salt → IdRemapper"),
        ("def _kick(): ...", "x.py:1: _kick → enqueue_on_commit"),
        ("row.blanked_at = None", "x.py:1: blanked_at → redacted_at"),
        ("f(heir=1)", "x.py:1: heir → successor"),
        ("\nWAITS = 1", "x.py:2: WAITS → RETRY_DELAYS"),
    ],
)
def test_a_retired_name_is_found(text: str, found: str) -> None:
    assert list(vocabulary.retired_names("x.py", text)) == [found]


def test_a_retired_name_of_a_module_is_found() -> None:
    assert list(vocabulary.retired_names("core/carry.py", "")) == ["core/carry.py:1: carry → serialization"]


@pytest.mark.parametrize(
    "text", ["Whoever asks", "while Redis is away", "the door of the API", "it is told so", "the memory's last word"]
)
def test_a_retired_phrase_is_found(text: str) -> None:
    assert len(list(vocabulary.retired_phrases("docs/x.md", text))) == 1


@pytest.mark.parametrize("text", ["two relations away", "they cannot be told apart"])
def test_a_common_meaning_is_allowed(text: str) -> None:
    assert list(vocabulary.retired_phrases("docs/x.md", text)) == []


def test_an_allowed_context_is_allowed() -> None:
    assert list(vocabulary.retired_phrases("docs/models.md", "its last word")) == []
