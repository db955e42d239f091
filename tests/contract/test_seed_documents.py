"""What the two founding documents show happens, against the running service, with their keys as they print them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from mem0_client import MemoryClient

from tests.contract.seeds.inventory import MEM0, REMEMBRA, row, rows
from tests.contract.seeds.shapes import shaped_like
from tests.e2e import lines, running
from tests.e2e.running import Service

DEV, DOCKER, ADMIN = "mem0_dev_key_123456789", "mem0_docker_key_987654321", "mem0_admin_key_111222333"
MASTER = "master_key_here"
ENVIRONMENT = "your_secure_api_key"
HOSTS = ("http://YOUR_SERVER_IP:8080", "http://localhost:8080", "http://localhost:8787")
ENVELOPE = row(MEM0, "Request/Response Format", "Standard Response Structure").example
MEMORY = row(MEM0, "Memory Object", "Memory Object").example
HEALTH = {"status": "healthy", "version": "1.0.0", "timestamp": "2025-07-30T20:15:00Z", "dependencies": {}}
API = "/api/v1/memories"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that is configured as the documents have it, so that their literal keys are keys."""
    folder = tmp_path_factory.mktemp("documented")
    documented = {"API_HOST": "localhost", "API_KEY": ENVIRONMENT, "MASTER_KEY": MASTER}
    started = running.start(folder, DEV_KEYS="true", DEBUG="true", **documented)
    yield replace(started, key=DEV)
    running.stop(started)


@pytest.fixture(scope="module")
def master(service: Service) -> Service:
    return replace(service, key=MASTER)


@pytest.fixture
def john(service: Service) -> str:
    """The id of the second document's memory, stored as a fact of its own."""
    return stored(service, "John works at Google as a senior engineer", user_id="user_123")


def run(service: Service, text: str) -> lines.Answer:
    """A line of a document with the running service's address in it, and nothing else changed."""
    for host in HOSTS:
        text = text.replace(host, service.url)
    return lines.run(text, {"PATH": os.environ["PATH"]})


def stored(service: Service, content: str, **fields: Any) -> str:
    status, answer, _ = service.call("POST", API, {"content": content, "skip_extraction": True, **fields})
    assert status == 201, answer
    return str(answer["id"])


def ask(service: Service, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    answered, answer, _ = service.call(method, path, body)
    assert answered == status, answer
    return answer


def data(service: Service, method: str, path: str, body: Any = None) -> Any:
    """The data of an answer that has the documented envelope."""
    answer = ask(service, method, path, body)
    assert shaped_like(ENVELOPE, answer) == []
    assert answer["success"] is True
    return answer["data"]


# --- the first document: its lines -----------------------------------------------------------------------------------
def test_the_first_documents_lines_answer_when_run_in_their_order(service: Service) -> None:
    answers = {one.text: run(service, one.curl) for one in rows(MEM0) if one.curl}
    example, health, status, added, found = answers.values()
    assert {answer.status for answer in answers.values()} == {200}
    # The shell takes the line's & for its own: what is asked is `?query=test`, of the default user.
    assert (example.method, example.path) == ("GET", "/v1/memories/search")
    assert example.body["data"] == {"results": [], "total": 0, "query": "test"}
    assert shaped_like(HEALTH, health.body) == []
    assert health.body["status"] == "healthy"
    for answer in (example, status, added, found):
        assert shaped_like(ENVELOPE, answer.body) == []
        assert answer.body["success"] is True
    assert added.body["message"] == "Memory added successfully"
    (memory,) = added.body["data"]["results"]
    assert (memory["event"], memory["content"]) == ("ADD", "User loves building AI applications with FastAPI")
    (hit,) = found.body["data"]["results"]
    assert (hit["id"], hit["content"]) == (memory["id"], memory["content"])
    assert hit["metadata"]["source"] == "external_test"
    assert shaped_like({key: value for key, value in MEMORY.items() if key not in ("embedding", "metadata")}, hit) == []


def test_the_example_request_as_it_is_meant_finds_what_its_user_stored(service: Service) -> None:
    line = row(MEM0, "Authentication", "Example Request").curl
    url = line.split()[-1]
    memory = stored(service, "A test is what the demo needs", user_id="demo")
    answer = run(service, line.replace(url, f"'{url}'"))
    assert answer.status == 200
    assert [hit["id"] for hit in answer.body["data"]["results"]] == [memory]


def test_the_documentation_opens_in_a_browser(service: Service) -> None:
    page = run(service, "curl -s http://YOUR_SERVER_IP:8080/docs")
    assert page.status == 200
    assert "swagger-ui" in page.body


@pytest.mark.parametrize(("key", "metrics"), [(DEV, 403), (DOCKER, 403), (ADMIN, 200)])
def test_the_literal_keys_let_in_and_the_admins_alone_sees_metrics(service: Service, key: str, metrics: int) -> None:
    for base in HOSTS[:2]:
        line = f"curl -s -H 'Authorization: Bearer {key}' {base}/v1"
        assert run(service, f"{line}/memories/user/nobody").status == 200
        assert run(service, f"{line}/metrics").status == metrics


# --- the first document: its endpoints and objects -------------------------------------------------------------------
def test_the_first_documents_memory_operations(service: Service) -> None:
    body = {"content": MEMORY["content"], "user_id": MEMORY["user_id"]}
    sent = {"source": "chat", "timestamp": MEMORY["metadata"]["timestamp"]}
    added = data(service, "POST", "/v1/memories", {**body, "metadata": sent})
    path = f"/v1/memories/{added['id']}"
    found = data(service, "GET", "/v1/memories/search?query=AI%20applications&user_id=user_789")
    assert [hit["id"] for hit in found["results"]] == [added["id"]]
    shown = data(service, "GET", f"{path}?include=embedding")
    assert shaped_like(MEMORY, shown) == []
    assert {key: shown[key] for key in body} == body
    assert len(shown["embedding"]) == 384
    assert shaped_like(ENVELOPE["data"], data(service, "PUT", path, {"content": "User loves tea"})) == []
    assert data(service, "GET", path)["content"] == "User loves tea"
    of_user = data(service, "GET", "/v1/memories/user/user_789")
    assert [memory["id"] for memory in of_user["results"]] == [added["id"]]
    assert of_user["stats"]["total_memories"] == 1
    assert data(service, "DELETE", path)["deleted"] is True
    assert service.call("GET", path)[0] == 404


def test_the_first_documents_health_and_status(service: Service) -> None:
    for path in ("/health", "/v1/health"):
        assert shaped_like(HEALTH, ask(service, "GET", path)) == []
    for path in ("/status", "/v1/status"):
        assert {"version", "database", "redis", "workers"} <= set(data(service, "GET", path))
    assert data(replace(service, key=ADMIN), "GET", "/v1/metrics")


def test_the_first_documents_error_comes_word_for_word(service: Service) -> None:
    example = row(MEM0, "Request/Response Format", "Error Response Structure").example
    status, answer, _ = service.call("GET", "/v1/memories/abc123")
    assert status == 404
    assert shaped_like(example, answer) == []
    assert {**answer, "timestamp": example["timestamp"]} == example


def test_the_documented_api_key_is_a_key_of_the_default_tenant(service: Service) -> None:
    memory = stored(replace(service, key=ENVIRONMENT), "Ann lives in Oslo", user_id="ann-of-the-environment")
    assert ask(service, "GET", f"{API}/{memory}")["content"] == "Ann lives in Oslo"


# --- the second document ---------------------------------------------------------------------------------------------
def test_the_second_documents_health(service: Service) -> None:
    for path in ("/health", "/api/v1/health"):
        assert shaped_like(HEALTH, run(service, f"curl -s http://localhost:8787{path}").body) == []


def test_the_second_documents_key_goes_into_either_header(service: Service) -> None:
    line = f"curl -s http://localhost:8787{API}?user_id=nobody"
    assert run(service, line).status == 401
    for header in (f"Authorization: Bearer {DEV}", f"X-API-Key: {DEV}"):
        assert run(service, f"{line} -H '{header}'").status == 200


def test_store(service: Service) -> None:
    answer = ask(service, "POST", API, row(REMEMBRA, "Store Memory", "Request Body").body, 201)
    assert shaped_like(row(REMEMBRA, "Store Memory", "Response").example, answer) == []
    assert answer["status"] == "success"
    assert {memory["action"] for memory in answer["memories"]} == {"ADD"}
    memory = ask(service, "GET", f"{API}/{answer['id']}")
    assert (memory["user_id"], memory["project"]) == ("user_123", "default")
    assert (memory["metadata"]["source"], memory["metadata"]["session_id"]) == ("chat", "sess_abc")
    assert memory["expires_at"] is not None
    assert ask(service, "DELETE", API, {"user_id": "user_123", "all": True})["deleted_memories"] == len(
        answer["memories"]
    )


def test_recall_gives_the_context_word_for_word(service: Service, john: str) -> None:
    example = row(REMEMBRA, "Recall Memories", "Response").example
    answer = ask(service, "POST", f"{API}/recall", row(REMEMBRA, "Recall Memories", "Request Body").body)
    assert shaped_like(example, answer) == []
    assert (answer["context"], answer["total"]) == (example["context"], example["total"])
    (memory,) = answer["memories"]
    assert (memory["id"], memory["content"]) == (john, example["memories"][0]["content"])
    assert ask(service, "DELETE", f"{API}/{john}")["deleted_memories"] == 1


def test_update(service: Service, john: str) -> None:
    example = row(REMEMBRA, "Update Memory", "Response").example
    content = example["memory"]["content"]
    for method in ("PUT", "PATCH"):
        answer = ask(service, method, f"{API}/{john}", {"content": content})
        assert shaped_like(example, answer) == []
        assert (answer["status"], answer["memory"]["content"]) == ("success", content)
    assert ask(service, "DELETE", f"{API}/{john}")["deleted_memories"] == 1


def test_delete_by_id_and_all_of_a_user(service: Service) -> None:
    first, second, third = (stored(service, f"John has {n} cats", user_id="user_cats") for n in ("two", "six", "ten"))
    shape = {"status": "success", "deleted_memories": 1, "deleted_entities": 0, "deleted_relationships": 0}
    answer = ask(service, "DELETE", API, {"memory_ids": [first]})
    assert shaped_like(shape, answer) == []
    assert answer["deleted_memories"] == 1
    assert {m["id"] for m in ask(service, "GET", f"{API}?user_id=user_cats")["memories"]} == {second, third}
    answer = ask(service, "DELETE", API, {"user_id": "user_cats", "all": True})
    assert shaped_like(shape, answer) == []
    assert answer["deleted_memories"] == 2
    assert ask(service, "GET", f"{API}?user_id=user_cats")["memories"] == []


def test_list(service: Service) -> None:
    shown = row(REMEMBRA, "Recall Memories", "Response").example["memories"][0]
    ids = [stored(service, f"John likes {what}", user_id="user_list") for what in ("tea", "rye")]
    answer = ask(service, "GET", f"{API}?user_id=user_list&project=default")
    shape = {"memories": [{key: shown[key] for key in ("id", "content", "created_at")}], "total": 2, "page": 1}
    assert shaped_like({**shape, "limit": 100}, answer) == []
    assert ([memory["id"] for memory in answer["memories"]], answer["total"]) == (ids[::-1], 2)


def test_cleanup_of_what_has_expired(service: Service) -> None:
    gone = stored(service, "John is at lunch", user_id="user_clean", ttl="1s")
    running.eventually(lambda: service.call("GET", f"{API}/{gone}")[0] == 404)
    shape = {"deleted": 0, "would_delete": 1, "dry_run": True}
    tried = ask(service, "POST", f"{API}/cleanup-expired", {"dry_run": True})
    assert (shaped_like(shape, tried), tried["deleted"], tried["dry_run"]) == ([], 0, True)
    done = ask(service, "POST", f"{API}/cleanup-expired", {"dry_run": False})
    assert (shaped_like(shape, done), done["dry_run"]) == ([], False)
    assert ask(service, "POST", f"{API}/cleanup-expired", {"dry_run": True})["would_delete"] == 0


def test_the_list_of_entities_has_its_shape(service: Service) -> None:
    answer = ask(service, "GET", "/api/v1/entities?user_id=user_123")
    assert shaped_like(row(REMEMBRA, "List Entities", "Response").example, answer) == []


def test_keys_are_made_listed_and_revoked(service: Service, master: Service) -> None:
    made = run(service, row(REMEMBRA, "Create API Key", "cURL").curl)
    assert made.status == 201
    shape = {"id": "key_123", "key": "mp_abc", "user_id": "user_123", "name": "Production"}
    assert shaped_like(shape, made.body) == []
    assert (made.body["user_id"], made.body["name"]) == ("user_123", "Production")
    agent = replace(service, key=made.body["key"])
    assert ask(agent, "GET", API)["total"] >= 0
    listed = ask(master, "GET", "/api/v1/keys")
    (shown,) = [key for key in listed["keys"] if key["id"] == made.body["id"]]
    assert "key" not in shown
    assert made.body["key"] not in str(listed)
    assert service.call("POST", "/api/v1/keys", {"name": "x"})[0] == 403
    ask(master, "DELETE", f"/api/v1/keys/{made.body['id']}")
    assert agent.call("GET", API)[0] == 401


def test_the_openapi_document_can_be_downloaded_and_read_at_docs(service: Service) -> None:
    assert ask(service, "GET", "/openapi.json")["openapi"].startswith("3.")
    assert run(service, "curl -s http://localhost:8787/docs").status == 200


# --- the clients -----------------------------------------------------------------------------------------------------
def test_the_documents_lines_of_python_make_a_client() -> None:
    named: dict[str, Any] = {}
    for line in ("from mem0_client import MemoryClient", 'client = MemoryClient(api_key="your_key")'):
        exec(row(MEM0, "SDK Support", line).text, named)
    with named["client"] as client:
        assert isinstance(client, MemoryClient)
