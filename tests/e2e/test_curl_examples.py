"""Every cURL line of the documentation is run against the running service and answers as documented."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from contracts.document import ApiOperation, Group
from contracts.example_order import Step, plan
from contracts.pages import curl
from contracts.requests import ADDRESS, JsonPath
from tests.document import document, misfits
from tests.e2e import lines
from tests.e2e.lines import Line
from tests.e2e.running import Service
from tests.services import RECEIVER

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ROOT / "docs" / "api"
BY_HAND = [ROOT / "README.md", PAGES / "README.md"]

# Each page begins with nothing: another one may have merged, or erased, what it is about.
ANEW = 'curl -s -X DELETE "$URL/v1/memories/user/user_123" -H "X-API-Key: $KEY"'


@pytest.fixture(scope="module")
def environment(service: Service, admin_key: str) -> dict[str, str]:
    """The variables that the lines name."""
    own = {"URL": service.url, "KEY": admin_key, "MASTER_KEY": os.environ["MASTER_KEY"]}
    return {"PATH": os.environ["PATH"], **own}


@pytest.mark.parametrize("group", document().groups, ids=lambda group: group.title)
def test_the_lines_of_a_page_answer_as_documented(group: Group, environment: dict[str, str]) -> None:
    written = list(lines.lines(PAGES / group.page))
    ids: dict[str, str] = {}
    ran: set[Line] = set()
    lines.run(ANEW, environment)
    for step in plan(document(), group):
        line = of(step, written)
        text = ADDRESS.sub(RECEIVER, line.text)
        for known, real in ids.items():
            text = text.replace(known, real)
        if step.later:
            text = text.replace("curl -s", "curl -s -H 'Prefer: respond-async'", 1)
        answer = lines.run(text, environment)
        assert answer.status in step.statuses, (text, answer)
        assert misfits(step.operation, answer.status, answer.body) == [], (text, answer)
        ids |= {known: at(answer.body, place) for known, place in step.captures}
        ran.add(line)
    assert set(written) <= ran


@pytest.mark.parametrize("page", BY_HAND, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_lines_of_a_page_written_by_hand_answer_as_documented(
    page: Path, service: Service, environment: dict[str, str]
) -> None:
    written = list(lines.lines(page))
    assert written
    for line in written:
        answer = lines.run(line.text.replace("http://127.0.0.1:8080", service.url), environment)
        operation = asked(answer.method, answer.path)
        assert answer.status in operation.successes, (line, answer)
        assert misfits(operation, answer.status, answer.body) == [], (line, answer)


def of(step: Step, written: list[Line]) -> Line:
    """The line of the step's request, on this page or on the one of another group."""
    if step.operation.group.page != written[0].page.name:
        written = list(lines.lines(PAGES / step.operation.group.page))
    return next(one for one in written if (one.section, one.text) == (step.operation.name, curl(step.request)))


def at(body: Any, place: JsonPath) -> str:
    for key in place:
        body = body[key]
    return str(body)


def asked(method: str, path: str) -> ApiOperation:
    """The operation of this request; a path without parameters goes before one with some."""
    fitting = [
        operation
        for operation in document().operations
        if operation.method == method and re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", operation.path), path)
    ]
    return min(fitting, key=lambda operation: operation.path.count("{"))
