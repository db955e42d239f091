"""The table of docs/configuration.md, `.env.example` and the settings agree, defaults included."""

from __future__ import annotations

import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from memproject.checks import refuse_unsafe
from tests.shape.source import PACKAGES

ROOT = Path(__file__).resolve().parent.parent.parent
INTERNAL = {"MEMPROJECT_PAGES", "MEMPROJECT_WORKER", "MEMPROJECT_WEB", "MEMPROJECT_SUPERVISOR", "REMEMBRA_AUTH_ENABLED"}


def in_settings() -> set[str]:
    source = (ROOT / "memproject" / "settings.py").read_text()
    return set(re.findall(r'env\.\w+\(\s*"([A-Z_0-9]+)"', source)) - INTERNAL


def in_example() -> dict[str, str]:
    return dict(re.findall(r"^# ([A-Z_0-9]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))


def in_table() -> dict[str, str]:
    rows = re.findall(r"^\| `([A-Z_0-9]+)` \| (.*?) \|", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE)
    return {name: default.strip().strip("`") for name, default in rows}


@pytest.mark.parametrize("module", ["settings", "openapi_settings"])
def test_a_dotted_name_in_the_settings_can_be_imported(module: str) -> None:
    source = (ROOT / "memproject" / f"{module}.py").read_text()
    found = re.findall(rf'"((?:{"|".join(PACKAGES)})\.[\w.]+)"', source)
    assert found
    for name in found:
        pkgutil.resolve_name(name)


def test_every_setting_is_in_both() -> None:
    assert in_settings() == set(in_example()) == set(in_table())


def test_the_defaults_agree() -> None:
    example, table = in_example(), in_table()
    assert {n: v for n, v in example.items() if v} == {n: table[n] for n, v in example.items() if v}


def test_the_defaults_are_those_of_the_settings() -> None:
    source = (ROOT / "memproject" / "settings.py").read_text().replace("_000", "000")
    for name, value in in_example().items():
        if not value or value == "*":
            continue
        found = re.search(rf'env\.\w+\(\s*"{name}",\s*([^)]*?)\)', source)
        assert found is not None, name
        said = found[1].strip('"').removesuffix(".0")
        assert value in (said, said.lower()) or "REMEMBRA" in said, (name, value, said)


# --- keys that an operator chooses -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["MASTER_KEY", "API_KEY"])
def test_a_key_of_less_than_24_characters_is_refused(settings: Any, name: str) -> None:
    for accepted in ("", "x" * 24):
        setattr(settings, name, accepted)
        assert "memproject.E008" not in [e.id for e in run_checks()]
        refuse_unsafe()
    setattr(settings, name, "x" * 23)
    assert "memproject.E008" in [e.id for e in run_checks()]
    with pytest.raises(ImproperlyConfigured, match=f"{name} must have at least 24 characters. Make one: openssl"):
        refuse_unsafe()
    settings.DEBUG = True
    assert {e.id for e in run_checks() if name in str(e.msg)} == {"memproject.W002"}
    refuse_unsafe()


def test_make_up_says_in_one_sentence_which_key_is_too_short() -> None:
    done = _manage("prepare", OPERATOR_PASSWORD="operators-password", MASTER_KEY="short", DATABASE_URL=NOWHERE)
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "CommandError: MASTER_KEY must have at least 24 characters. Make one: openssl rand -hex 32"
    )


# --- the limit of a statement ----------------------------------------------------------------------------------------
NOWHERE = "postgresql://nobody@127.0.0.1:1/none?options=-c%20work_mem%3D8MB"
OPTIONS = "from django.conf import settings; print(settings.DATABASES['default']['OPTIONS'])"


def _python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k not in ("MEMPROJECT_WORKER", "MEMPROJECT_WEB")} | environment
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def _manage(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return _python("manage.py", command, **environment)


@pytest.mark.parametrize(
    ("environment", "limit"),
    [
        ({}, "-c statement_timeout=30000 -c work_mem=8MB"),
        ({"STATEMENT_TIMEOUT_SECONDS": "2.5"}, "-c statement_timeout=2500 -c work_mem=8MB"),
        ({"STATEMENT_TIMEOUT_SECONDS": "0"}, "-c work_mem=8MB"),
        ({"MEMPROJECT_WORKER": "true"}, "-c work_mem=8MB"),
    ],
    ids=["a web process", "with another limit", "with none", "a worker"],
)
def test_web_connections_have_a_statement_timeout(environment: dict[str, str], limit: str) -> None:
    done = _python("-c", f"from memproject import gunicorn; {OPTIONS}", DATABASE_URL=NOWHERE, **environment)
    assert f"'options': '{limit}'" in done.stdout, done.stderr


def test_commands_have_no_statement_timeout() -> None:
    assert not configured.IS_WEB
    done = _python("-c", OPTIONS, DATABASE_URL=NOWHERE, DJANGO_SETTINGS_MODULE="memproject.settings")
    assert "'options': '-c work_mem=8MB'" in done.stdout, done.stderr


@pytest.mark.parametrize("name", ["RATE_LIMITS_FAILED_KEYS", "RATE_LIMITS_V1"])
@pytest.mark.parametrize("rate", ["20", "0/m", "off"])
def test_a_rate_that_is_none_is_refused_at_the_start(name: str, rate: str) -> None:
    done = _python("-c", OPTIONS, DJANGO_SETTINGS_MODULE="memproject.settings", **{name: rate})
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"ValueError: {name}: must be <requests>/<period>, such as 100/m or 20/10s"
