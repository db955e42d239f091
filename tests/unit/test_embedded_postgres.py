"""The embedded PostgreSQL's settings, and a path that it cannot live in."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from memproject.embedded import postgres_server
from memproject.settings import database


def test_a_path_that_a_shell_would_split_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(postgres_server.NoPostgresError, match="set DATA_DIR to another folder"):
        postgres_server.start(tmp_path / "with a space")
    assert list(tmp_path.iterdir()) == []


def test_settings_are_written_once_and_replaced(tmp_path: Path) -> None:
    (tmp_path / "postgresql.conf").write_text("port = 5432\n")
    postgres_server.configure(tmp_path, {"fsync": "off"})
    postgres_server.configure(tmp_path, {"fsync": "on"})
    assert (tmp_path / "postgresql.conf").read_text() == f"port = 5432\n{postgres_server.MARK}fsync = on\n"


@pytest.mark.skipif("postgresql://postgres@/" not in os.environ["DATABASE_URL"], reason="another server is used")
def test_only_its_user_may_come_in_and_no_text_is_logged() -> None:
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]
            for name in (*postgres_server.ALWAYS, *postgres_server.FAST)
        }
    assert shown == postgres_server.ALWAYS | postgres_server.FAST
    folder = parse_qs(urlsplit(url).query)["host"][0]
    assert database(url)["HOST"] == folder
    assert Path(folder, ".s.PGSQL.5432").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif("postgresql://postgres@/" not in os.environ["DATABASE_URL"], reason="another server is used")
def test_its_lock_lies_with_its_data_and_not_where_another_users_may_lie() -> None:
    folder = Path(parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)["host"][0])
    assert folder.with_name(f"{folder.name}.lock").exists()
