"""The Python clients against the running service."""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mem0_client import errors

from tests.e2e.running import Service
from tests.sdk.python_clients import KINDS, lossy

ROOT = Path(__file__).resolve().parent.parent.parent
SDK = ROOT / "sdk" / "python"
README = (SDK / "README.md").read_text()
ENDED = "mem_" + "0" * 32


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(kind: str, service: Service) -> Iterator[Any]:
    """Of an editor's key that is not bound to a user."""
    made = KINDS[kind](api_key=service.key, base_url=service.url)
    yield made
    made.close()


def new_key(service: Service, **fields: str) -> str:
    """Made over HTTP with the master key."""
    body = json.dumps({"name": "of the client's tests", **fields}).encode()
    headers = {"X-API-Key": os.environ["MASTER_KEY"], "Content-Type": "application/json"}
    request = urllib.request.Request(service.url + "/api/v1/keys", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["key"])


@pytest.fixture
def bound(kind: str, service: Service) -> Iterator[Any]:
    """Of an editor's key that is bound to the user `ada-bound`."""
    made = KINDS[kind](api_key=new_key(service, role="editor", user_id="ada-bound"), base_url=service.url)
    yield made
    made.close()


@pytest.fixture
def user() -> str:
    return f"user-{uuid.uuid4().hex}"


def texts(page: Any) -> list[str]:
    return [memory["content"] for memory in page["results"]]


def test_a_memorys_life(client: Any, user: str) -> None:
    added = client.add("Ada builds boats in Bergen", user_id=user, metadata={"source": "chat"})
    (result,) = added["results"]
    assert (result["event"], result["content"], result["id"]) == ("ADD", "Ada builds boats in Bergen", added["id"])
    assert "status" not in added

    memory = client.get(added["id"])
    assert (memory["content"], memory["user_id"], memory["metadata"]["source"]) == (result["content"], user, "chat")
    assert "history" not in memory
    (hit,) = client.search("Where does Ada build boats?", user_id=user, limit=3, threshold=0.1)["results"]
    assert (hit["id"], 0.1 <= hit["score"] <= 1) == (added["id"], True)

    changed = client.update(added["id"], "Ada builds boats in Oslo", metadata={"checked": True}, pinned=True)
    assert (changed["content"], changed["pinned"]) == ("Ada builds boats in Oslo", True)
    assert client.update(added["id"], expires_at="2099-01-01T00:00:00Z")["expires_at"] == "2099-01-01T00:00:00Z"
    assert client.update(added["id"], expires_at=None)["expires_at"] is None
    revisions = client.history(added["id"])["revisions"]
    assert revisions[-1]["content"] == "Ada builds boats in Bergen"
    full = client.get(added["id"], include=["history", "embedding"])
    assert (full["history"], len(full["embedding"])) == (revisions, 384)

    deleted = client.delete(added["id"])
    assert (deleted["id"], deleted["deleted"], deleted["receipt_id"][:4]) == (added["id"], True, "ers_")
    with pytest.raises(errors.NotFoundError) as caught:
        client.get(added["id"])
    assert (caught.value.code, caught.value.status) == ("MEMORY_NOT_FOUND", 404)
    assert caught.value.message == f"Memory with ID '{added['id']}' not found"
    assert client.search("boats", user_id=user)["results"] == []


def test_messages_word_for_word(client: Any, user: str) -> None:
    said = [
        {"role": "user", "content": "One. Two."},
        {"role": "assistant", "content": "Bo sails to Oslo", "name": "Bo"},
    ]
    added = client.add(said, user_id=user, infer=False)
    assert [r["content"] for r in added["results"]] == ["One. Two.", "Bo sails to Oslo"]
    events = [client.add(content="Ada sails to Oslo", user_id=user)["results"][0]["event"] for _ in range(2)]
    assert events == ["ADD", "NONE"]


def test_pages_and_the_erasure_of_a_user(client: Any) -> None:
    user = f"odd/../{uuid.uuid4().hex} x%2F&ü"
    said = [f"Locker {n} has the code {n * 7919}" for n in range(5)]
    client.add([{"role": "user", "content": text} for text in said], user_id=user, infer=False)
    first = client.get_all(user, limit=2)
    second = client.get_all(user, limit=2, cursor=first["next_cursor"])
    assert (first["user_id"], first["total"], first["stats"]["total_memories"]) == (user, 5, 5)
    assert (len(texts(first)), len(texts(second)), set(texts(first)) & set(texts(second))) == (2, 2, set())
    assert sorted(m["content"] for m in client.iterate(user, limit=2)) == said

    receipt = client.delete_user(user)
    assert (receipt["receipt_id"][:4], receipt["counts"]["memories"]) == ("ers_", 5)
    assert (client.get_all(user)["results"], list(client.iterate(user))) == ([], [])


def test_a_write_that_is_not_waited_for(client: Any, user: str) -> None:
    added = client.add("The gate opens at seven", user_id=user, respond_async=True)
    assert (added["status"], added["results"]) == ("pending", [])
    event = client.wait_for_event(added["event_id"])
    assert (event["status"], event["memory_id"], event["error"]) == ("succeeded", added["id"], None)
    assert client.event(added["event_id"]) == event
    assert texts(client.get_all(user)) == ["The gate opens at seven"]


def test_a_write_whose_answer_was_lost_happens_once(kind: str, service: Service, client: Any, user: str) -> None:
    unlucky = lossy(kind, api_key=service.key, base_url=service.url)
    added = unlucky.add([{"role": "user", "content": f"Part {n}"} for n in range(3)], user_id=user, infer=False)
    assert [r["event"] for r in added["results"]] == ["ADD"] * 3
    assert {m["id"] for m in client.iterate(user)} == {r["id"] for r in added["results"]}
    unlucky.close()


def test_a_key_of_ones_own_stands_for_one_write(client: Any, user: str) -> None:
    key = uuid.uuid4().hex
    first = client.add("Ada builds boats", user_id=user, idempotency_key=key)
    assert client.add("Ada builds boats", user_id=user, idempotency_key=key) == first
    with pytest.raises(errors.IdempotencyMismatchError) as caught:
        client.add("Ada builds planes", user_id=user, idempotency_key=key)
    assert (caught.value.code, caught.value.status) == ("IDEMPOTENCY_MISMATCH", 422)
    assert texts(client.get_all(user)) == ["Ada builds boats"]


def test_filters(client: Any, user: str) -> None:
    for source in ("chat", "mail"):
        client.add(f"Ada wrote this in a {source}", user_id=user, metadata={"source": source})
    wanted = {"AND": [{"source": {"in": ["mail", "fax"]}}, {"created_at": {"gt": "2026-01-01T00:00:00Z"}}]}
    assert texts(client.search("Where did Ada write?", user_id=user, filters=wanted)) == ["Ada wrote this in a mail"]
    assert texts(client.get_all(user, filters={"source": {"ne": "mail"}})) == ["Ada wrote this in a chat"]
    with pytest.raises(errors.InvalidRequestError) as caught:
        client.search("Ada", user_id=user, filters={"source": {"like": "m"}})
    assert caught.value.details["field"] == "filters.source.like"


def test_the_service_itself(client: Any, kind: str, service: Service) -> None:
    nobody = KINDS[kind](base_url=service.url)
    health = nobody.health()
    assert (health["status"], health["database"]) == ("healthy", "healthy")
    assert client.status()["version"] == health["version"]
    with pytest.raises(errors.AuthenticationError) as caught:
        nobody.status()
    assert (caught.value.code, caught.value.status) == ("UNAUTHORIZED", 401)
    nobody.close()
    with pytest.raises(errors.PermissionDeniedError):
        client.metrics()
    admin = KINDS[kind](api_key=new_key(service, role="admin"), base_url=service.url)
    assert admin.metrics()["scope"] == "tenant"
    admin.close()


def test_a_refusal_names_the_field_and_nothing_is_written(client: Any, user: str) -> None:
    client.add("Ada lives in Bergen", user_id=user)
    for call, field, message in (
        (lambda: client.search("Ada", user_id=user, limit=51), "limit", "limit: must be at most 50"),
        (lambda: client.add("Ada moved", user_id=user, ttl="5m"), "ttl", None),
        (lambda: client.add(user_id=user), "messages", "messages: send either messages or content"),
        (lambda: client.add([], content="Ada moved", user_id=user), "messages", None),
    ):
        with pytest.raises(errors.InvalidRequestError) as caught:
            call()
        error = caught.value
        assert (error.code, error.status, error.details["field"]) == ("INVALID_REQUEST", 400, field)
        assert message in (None, error.message)
        assert error.request_id
    assert texts(client.get_all(user)) == ["Ada lives in Bergen"]
    with pytest.raises(errors.NotFoundError, match=r"^NOT_FOUND: "):
        client.event("evt_" + "0" * 32)
    for call in (client.delete, client.history, lambda i: client.update(i, "x")):
        with pytest.raises(errors.NotFoundError, match=r"^MEMORY_NOT_FOUND: "):
            call(ENDED)


def test_a_bound_key_means_its_user_and_an_unbound_one_names_them(bound: Any, client: Any, user: str) -> None:
    mine = bound.add(f"The bound one said {user}")
    assert client.get(mine["id"])["user_id"] == "ada-bound"
    assert user in bound.search(user, limit=1)["results"][0]["content"]
    foreign = client.add(f"A text of {user}", user_id=user)
    for call in (
        lambda: bound.add("Not mine", user_id=user),
        lambda: bound.search("text", user_id=user),
        lambda: bound.get_all(user),
        lambda: bound.delete_user(user),
    ):
        with pytest.raises(errors.PermissionDeniedError) as caught:
            call()
        assert (caught.value.code, caught.value.status) == ("FORBIDDEN", 403)
    with pytest.raises(errors.NotFoundError):
        bound.get(foreign["id"])
    assert texts(client.get_all(user)) == [f"A text of {user}"]


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_readme_works_when_pasted(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MEM0_API_KEY", service.key)
    monkeypatch.setenv("MEM0_BASE_URL", service.url)
    written, text = [], "User loves building AI applications with FastAPI"
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), {"__name__": "pasted"})
        written.append(capsys.readouterr().out)
    search, moved, event = written
    assert re.fullmatch(rf"[01]\.\d+ {text}\n", search)
    assert re.fullmatch(rf"mem_\w{{32}} User moved to Lisbon\nmem_\w{{32}} {text}\n", moved)
    assert event == "succeeded\n"


def test_the_agent_of_the_projects_readme(service: Service, monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    monkeypatch.setenv("MEM0_API_KEY", service.key)
    monkeypatch.setenv("MEM0_BASE_URL", service.url)
    _, code = blocks("python", (ROOT / "README.md").read_text())
    prompts: list[str] = []
    scope: dict[str, Any] = {"ask_model": prompts.append}
    exec(compile(code, "README.md", "exec"), scope)
    for message in ("I moved to Lisbon", "Which city do I live in?"):
        scope["reply"](user, message)
    scope["memory"].close()
    assert prompts == [
        "Known facts about the user:\n\n\nUser: I moved to Lisbon",
        "Known facts about the user:\nUser moved to Lisbon\n\nUser: Which city do I live in?",
    ]


def test_what_the_package_says_of_itself() -> None:
    project = tomllib.loads((SDK / "pyproject.toml").read_text())
    assert (project["project"]["name"], project["project"]["license"]) == ("mem0-client", "Apache-2.0")
    version = re.compile(project["tool"]["hatch"]["version"]["pattern"].replace("(?P<version>", "("))
    assert version.findall((SDK / project["tool"]["hatch"]["version"]["path"]).read_text()) == ["1.0.0"]
    (package,) = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert (SDK / package / "py.typed").exists()
    assert (SDK / "LICENSE").read_text() == (SDK.parent.parent / "LICENSE").read_text()
    imported = set()
    for module in (SDK / package).glob("*.py"):
        imported |= set(re.findall(r"^(?:from|import) (\w+)", module.read_text(), re.MULTILINE))
    required = {re.split(r"[^\w-]", r)[0].replace("-", "_") for r in project["project"]["dependencies"]}
    assert imported - set(sys.stdlib_module_names) - {"mem0_client"} == required
