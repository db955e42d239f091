"""The key that `make up` prints: made once, printed at each start, replaced only when it was ended."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from apikeys.models import ApiKey
from core.clock import now
from memproject.embedded import banner, envfile
from memproject.management.commands.prepare import KEY_FILE, ensure_kept_key, key_to_print
from tests import build

OWN = "sk-operators-own-key-0123456789"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / KEY_FILE


def works(key: str) -> bool:
    status = build.Caller(key).get("/api/v1/memories?user_id=ann").status_code
    assert status in (200, 401)
    return status == 200


def names() -> list[tuple[str, str]]:
    return sorted(ApiKey.objects.values_list("name", "role"))


def test_the_key_of_the_first_start_is_printed_again_and_works(eager: None, file: Path) -> None:
    first = ensure_kept_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [ensure_kept_key(file) for _ in range(3)] == [first] * 3
    assert works(first)
    assert names() == [("make up", "editor")]
    assert envfile.read(file) == {"API_KEY": first}


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_key_that_the_operator_ended_is_replaced(eager: None, file: Path, end: str) -> None:
    first = ensure_kept_key(file)
    moment = now() - dt.timedelta(seconds=1)
    ApiKey.objects.update(**{"revoked_at" if end == "revoked" else "expires_at": moment})
    second = ensure_kept_key(file)
    assert second != first
    assert (works(first), works(second)) == (False, True)
    assert ensure_kept_key(file) == second
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_key_that_no_pepper_proves_is_replaced(eager: None, file: Path, settings: Any) -> None:
    first = ensure_kept_key(file)
    settings.KEY_PEPPERS = {3: "a pepper of its own"}
    second = ensure_kept_key(file)
    assert (works(first), works(second)) == (False, True)


def test_another_database_gets_the_same_key(eager: None, file: Path) -> None:
    """DATABASE_URL names another one, or it was restored from before the first start."""
    first = ensure_kept_key(file)
    ApiKey.objects.all().delete()
    assert ensure_kept_key(file) == first
    assert works(first)
    assert names() == [("make up", "editor")]


def test_a_start_that_was_killed_between_file_and_database_is_finished(
    eager: None, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = envfile.write

    def killed(path: Path, values: Mapping[str, str]) -> None:
        write(path, values)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(envfile, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            ensure_kept_key(file)
    assert names() == []
    kept = envfile.read(file)["API_KEY"]
    assert ensure_kept_key(file) == kept
    assert works(kept)


def test_a_deleted_file_makes_a_new_key_and_ends_none(eager: None, file: Path) -> None:
    first = ensure_kept_key(file)
    file.unlink()
    second = ensure_kept_key(file)
    assert second != first
    assert works(first)
    assert works(second)


@pytest.mark.parametrize("text", ["", "API_KEY=", "API_KEY=guessable", "API_KEY=mp_short", "no lines of ours"])
def test_only_a_generated_key_is_taken_from_the_file(eager: None, file: Path, text: str) -> None:
    file.write_text(text)
    made = ensure_kept_key(file)
    assert len(made) == 46
    assert works(made)
    assert names() == [("make up", "editor")]


def test_an_operators_own_key_is_shown_masked_and_none_is_made(eager: None, file: Path, tmp_path: Path) -> None:
    key, shown = key_to_print(OWN, file)
    assert key == "$API_KEY"
    assert shown == "sk-oper… (API_KEY; the lines below read it from your shell)"
    assert names() == []
    assert not file.exists()
    printed = banner.text("http://127.0.0.1:1", key, shown, "password", tmp_path)
    assert OWN[8:] not in printed
    assert printed.count('-H "X-API-Key: $API_KEY"') == 2
    assert json.dumps([key, shown]).count("sk-oper") == 1


def test_an_operators_short_key_is_not_shown_at_all(file: Path) -> None:
    assert key_to_print("hunter2", file)[1] == "… (API_KEY; the lines below read it from your shell)"
