"""`Idempotency-Key`: a write sent twice happens once, and is answered the same."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from apikeys.models import ApiKey
from apikeys.scopes import Role
from core.clock import now
from core.idempotency import records
from core.idempotency.models import IdempotencyRecord
from core.tenancy import across_tenants
from memories.models import Memory, Revision, Source
from tests import build
from tests.build import Caller, caller

STORE = "/api/v1/memories"
BODY = {"content": "Ann lives in Oslo", "user_id": "ann"}


def counts() -> tuple[int, int]:
    with across_tenants("a test"):
        return Source.objects.count(), Memory.objects.count()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/memories", {"content": "Ann lives in Oslo"}, 200),
        (STORE, BODY, 201),
        (f"{STORE}/batch", {"items": [BODY, {"content": ""}, {"content": "Bob lives in Rome"}]}, 201),
        ("/api/v1/ingest/conversation", {"messages": [{"role": "user", "content": "Ann lives in Oslo."}]}, 201),
    ],
)
def test_a_write_sent_twice_happens_once(owner: Caller, path: str, body: dict, status: int) -> None:
    first = owner.post(path, body, Idempotency_Key="k1")
    before = counts()
    second = owner.post(path, body, Idempotency_Key="k1")
    assert (first.status_code, second.status_code) == (status, status)
    assert first.json() == second.json()
    assert counts() == before


def test_a_change_sent_twice_makes_one_revision(owner: Caller) -> None:
    memory_id = owner.store("Ann lives in Oslo")["id"]
    for key, body in (("text", {"content": "Ann lives in Rome"}), ("metadata", {"metadata": {"a": 1}})):
        answers = [owner.request("PATCH", f"{STORE}/{memory_id}", body, Idempotency_Key=key) for _ in range(2)]
        assert [a.status_code for a in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
    with across_tenants("a test"):
        assert Revision.objects.count() == 3


def test_an_erasure_sent_twice_gives_the_first_receipt(owner: Caller) -> None:
    memory_id = owner.store("Ann lives in Oslo")["id"]
    answers = [owner.request("DELETE", f"{STORE}/{memory_id}", Idempotency_Key="gone") for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert owner.delete(f"{STORE}/{memory_id}").status_code == 404


def test_another_body_under_the_same_key_is_refused(owner: Caller) -> None:
    owner.post(STORE, BODY, Idempotency_Key="k1")
    before = counts()
    other = owner.post(STORE, BODY | {"content": "Ann lives in Rome"}, Idempotency_Key="k1")
    assert other.status_code == 422
    assert other.json()["error"]["code"] == "idempotency_mismatch"
    elsewhere = owner.post("/v1/memories", BODY, Idempotency_Key="k1")
    assert elsewhere.status_code == 422
    assert elsewhere.json()["error"]["code"] == "IDEMPOTENCY_MISMATCH"
    assert counts() == before


def test_the_order_of_a_bodys_fields_is_nothing(owner: Caller) -> None:
    first = owner.post(STORE, '{"content": "Ann lives in Oslo", "user_id": "ann"}', Idempotency_Key="k1")
    second = owner.post(STORE, '{"user_id":"ann","content":"Ann lives in Oslo"}', Idempotency_Key="k1")
    assert first.json() == second.json()


def test_keys_belong_to_their_callers(owner: Caller) -> None:
    other = caller()
    first = owner.post(STORE, BODY, Idempotency_Key="k1").json()
    second = other.post(STORE, BODY, Idempotency_Key="k1").json()
    assert (first["status"], second["status"]) == ("success", "duplicate")


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
def test_a_wrong_key_is_refused(owner: Caller, key: str) -> None:
    response = owner.post(STORE, BODY, Idempotency_Key=key)
    assert response.status_code == 400
    assert response.json()["error"]["details"] == {"field": "Idempotency-Key"}
    assert counts() == (0, 0)


def test_a_refused_write_leaves_its_key_free(owner: Caller) -> None:
    assert owner.post(STORE, {"content": ""}, Idempotency_Key="k1").status_code == 400
    assert owner.post(STORE, BODY, Idempotency_Key="k1").status_code == 201


def test_reads_take_no_receipt(owner: Caller) -> None:
    owner.post(f"{STORE}/recall", {"query": "Oslo"}, Idempotency_Key="k1")
    owner.get(STORE, Idempotency_Key="k1")
    with across_tenants("a test"):
        assert IdempotencyRecord.objects.count() == 0


def test_a_twin_in_flight_is_told_to_wait(owner: Caller) -> None:
    owner.post(STORE, BODY, Idempotency_Key="k1")
    with across_tenants("a test"):
        IdempotencyRecord.objects.update(status=None, body=None, sources=[])
    twin = owner.post(STORE, BODY, Idempotency_Key="k1")
    assert twin.status_code == 409
    assert twin["Retry-After"] == "1"


def test_what_a_dead_process_accepted_is_answered_from_its_source(owner: Caller) -> None:
    first = owner.post(STORE, BODY, Idempotency_Key="k1").json()
    with across_tenants("a test"):
        IdempotencyRecord.objects.update(status=None, body=None, finished_at=None)
    again = owner.post(STORE, BODY, Idempotency_Key="k1")
    assert again.status_code == 201
    assert again.json() == first


def test_a_claim_that_nobody_works_on_is_taken_over(owner: Caller) -> None:
    owner.post(STORE, BODY, Idempotency_Key="k1")
    with across_tenants("a test"):
        old = now() - dt.timedelta(minutes=5)
        IdempotencyRecord.objects.update(status=None, body=None, sources=[], created_at=old)
    again = owner.post(STORE, BODY, Idempotency_Key="k1")
    assert (again.status_code, again.json()["status"]) == (201, "duplicate")


def test_a_pending_answer_becomes_the_final_one(no_worker: None) -> None:
    owner = caller()
    first = owner.post(STORE, BODY, Idempotency_Key="k1")
    assert first.status_code == 202
    assert owner.post(STORE, BODY, Idempotency_Key="k1").json() == first.json()
    with across_tenants("a test"):
        source = Source.objects.get()

    build.work(source)
    final = owner.post(STORE, BODY, Idempotency_Key="k1")
    assert (final.status_code, final.json()["status"]) == (201, "success")
    assert final.json()["id"] == first.json()["id"]
    assert owner.post(STORE, BODY, Idempotency_Key="k1").json() == final.json()


@pytest.mark.parametrize("path", ["one", "all"])
def test_an_erased_answer_is_not_given_again(owner: Caller, path: str) -> None:
    memory_id = owner.post(STORE, BODY, Idempotency_Key="k1").json()["id"]
    if path == "one":
        owner.delete(f"{STORE}/{memory_id}")
    else:
        owner.delete(STORE, {"all": True, "user_id": "ann"})
    again = owner.post(STORE, BODY, Idempotency_Key="k1")
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "conflict"
    assert counts()[1] == 0
    with connection.cursor() as cursor, across_tenants("a test"):
        cursor.execute("SELECT count(*) FROM core_idempotencyrecord WHERE body::text LIKE '%%Oslo%%'")
        assert cursor.fetchone() == (0,)


def test_old_records_go(owner: Caller) -> None:
    owner.post(STORE, BODY, Idempotency_Key="k1")
    assert records.prune() == 0
    with across_tenants("a test"):
        IdempotencyRecord.objects.update(created_at=now() - records.RETENTION)
    assert records.prune() == 1


def test_a_secret_is_never_given_again(eager: None) -> None:
    admin = caller(role=Role.ADMIN)
    with across_tenants("a test"):
        before = ApiKey.objects.count()
    for path, body in (
        ("/api/v1/keys", {"name": "agent"}),
        ("/api/v1/webhooks", {"url": "https://93.184.215.14/", "events": ["memory.created"]}),
    ):
        first = admin.post(path, body, Idempotency_Key=path)
        assert first.status_code == 201, first.content
        secret = first.json().get("key") or first.json()["secret"]
        again = admin.post(path, body, Idempotency_Key=path)
        assert again.status_code == 409
        assert again.json()["error"]["details"]["id"] == first.json()["id"]
        assert secret not in again.content.decode()
        with connection.cursor() as cursor, across_tenants("a test"):
            cursor.execute("SELECT count(*) FROM core_idempotencyrecord WHERE body::text LIKE %s", [f"%{secret}%"])
            assert cursor.fetchone() == (0,)
    assert ApiKey.objects.count() == before + 1


def test_an_accepted_act_without_a_source_is_answered_again(eager: None) -> None:
    admin = caller(role=Role.ADMIN)
    hook = admin.post("/api/v1/webhooks", {"url": "https://93.184.215.14/", "events": ["memory.created"]}).json()["id"]
    answers = [admin.post(f"/api/v1/webhooks/{hook}/test", {}, Idempotency_Key="t") for _ in range(2)]
    assert [a.status_code for a in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
