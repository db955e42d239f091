"""Texts, queries and keys stand in no log, in no task, and nowhere in Redis. The whole run is held to it by
`tests/leaks.py`; here is a service that logs everything it ever does, and what a run doesn't see by itself."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from core import redis
from tests import build
from tests.build import Caller
from tests.e2e.running import Service, eventually
from tests.leaks import Net

TEXT = "The lighthouse keeper hides the emerald under the stairs"
QUESTION = "Where does the lighthouse keeper hide things"
KEY = "mp_" + "wrong" * 9


def caught(*sent: object) -> Net:
    net = Net()
    net.remember(*sent)
    return net


def test_a_running_service_logs_no_text(service: Service) -> None:
    user = "logs"
    body = {"content": TEXT, "user_id": user, "metadata": {"note": TEXT + " again"}}
    status, stored, _ = service.call("POST", "/api/v1/memories", body)
    assert status == 201
    for method, path, sent in [
        ("POST", "/api/v1/memories/recall", {"query": QUESTION, "user_id": user}),
        ("POST", "/api/v1/memories/recall", {"query": [QUESTION], "user_id": user}),
        ("GET", f"/v1/memories/search?query={QUESTION.replace(' ', '+')}&user_id={user}", None),
        ("PATCH", f"/api/v1/memories/{stored['id']}", {"content": TEXT + " no more"}),
        ("GET", f"/v1/memories/{TEXT.replace(' ', '+')}", None),
        ("GET", f"/nowhere/{TEXT.replace(' ', '+')}?query={QUESTION.replace(' ', '+')}", None),
        ("DELETE", f"/v1/memories/user/{user}", None),
    ]:
        service.call(method, path, sent)
    wrong = replace(service, key=KEY)
    assert wrong.call("GET", "/status")[0] == 401
    logs = folder_of(service)
    web = logs / "web.log"
    eventually(lambda: "DELETE /v1/memories/user/<path:user_id> 200" in web.read_text())
    net = caught(TEXT, QUESTION, TEXT.replace(" ", "+"), QUESTION.replace(" ", "%20"), service.key, KEY)
    net.watch(logs)
    net.read()
    assert net.found() == []


def folder_of(service: Service) -> Path:
    return Path(service.child("web").log).parent


def test_tasks_hold_ids_alone(no_worker: None) -> None:
    """Nobody takes them out of the queue, so that they can be looked at there, as JSON and as it is encoded."""
    owner = build.caller()
    assert owner.post("/api/v1/memories", {"content": TEXT}).status_code == 202
    owner.recall(QUESTION)
    client = redis.client()
    values = [value for key in client.scan_iter() if client.type(key) == b"list" for value in client.lrange(key, 0, -1)]
    assert values
    net = caught(TEXT, QUESTION, owner.secret)
    for value in values:
        net.note(value.decode(), "the queue")
        for part in value.decode().split('"'):
            net.note(_decoded(part), "the queue, decoded")
    assert net.found() == []


def _decoded(part: str) -> str:
    try:
        return base64.b64decode(part, validate=True).decode(errors="replace")
    except ValueError:
        return ""


def test_the_history_of_the_admin_holds_no_text_and_no_key(owner: Caller) -> None:
    operator = User.objects.create_superuser("operator", password="operators-password")
    client = Client()
    client.force_login(operator)
    tenant = build.tenant("default").pk
    made = {"tenant": tenant, "name": "from the admin", "role": "editor", "rate_limit_tier": "standard"}
    made["one_time_token"] = build.one_time_token(client.get("/admin/apikeys/apikey/add/"))
    page = client.post("/admin/apikeys/apikey/add/", made, follow=True)
    assert page.status_code == 200
    (secret,) = re.findall(r"mp_[\w-]{43}", page.content.decode())
    net = caught(secret)
    entries = LogEntry.objects.all()
    assert len(entries) == 1
    for entry in entries:
        net.note(f"{entry.object_repr} {entry.change_message}", "the admin's history")
    assert net.found() == []


@pytest.mark.parametrize(
    "broken", ["memories.api.remembra.views.recall", "memories.embeddings.registry.Encoder.encode_question"]
)
def test_a_failure_that_quotes_the_query_is_logged_without_it(
    owner: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(QUESTION)

    monkeypatch.setattr(broken, fail)
    asked = f"{QUESTION} at night"  # a question that was asked before needs no model
    assert owner.post("/api/v1/memories/recall", {"query": asked}).status_code == 500
    assert "RuntimeError" in caplog.text  # and tests/leaks.py sees each line as the service writes it
