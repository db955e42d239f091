"""A PostgreSQL server that is too old is refused, and every text names the same oldest version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import NotSupportedError, connection
from django.db.backends.base import base

from core.postgres.base import DatabaseFeatures, DatabaseWrapper
from memproject.embedded.postgres_server import MISSING

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = ["README.md", "docs/configuration.md", ".env.example"]
TEXTS = [*((ROOT / name).read_text() for name in FILES), MISSING]


@pytest.mark.django_db
@pytest.mark.parametrize("version", [(14, 20), (15, 14)])
def test_an_older_server_is_refused_at_the_first_connection(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int]
) -> None:
    monkeypatch.setattr(DatabaseWrapper, "get_database_version", lambda self: version)
    monkeypatch.setattr(base, "RAN_DB_VERSION_CHECK", set())
    other = DatabaseWrapper(connection.settings_dict, "other")
    with pytest.raises(NotSupportedError) as refused:
        other.connect()
    assert str(refused.value) == f"PostgreSQL 16 or later is required (found {version[0]}.{version[1]})."
    other.close()


@pytest.mark.parametrize("text", TEXTS, ids=[*FILES, "the message without a server"])
def test_every_text_names_the_oldest_version(text: str) -> None:
    (oldest,) = DatabaseFeatures.minimum_database_version
    assert re.findall(r"PostgreSQL (\d+) or newer", text) == [str(oldest)]
