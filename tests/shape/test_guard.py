"""The guard tells statements that name the tenant from those that don't, and watches every connection."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from psycopg import sql

from core import claims
from core.tenancy import across_tenants
from memories.models import Memory, Revision
from tests.guard import guarded, problems
from tests.shape.cases import FINE_ACROSS, NAMED, REFUSED_EVERYWHERE, UNNAMED


@pytest.mark.parametrize("statement", NAMED.values(), ids=NAMED)
def test_it_passes_what_names_the_tenant(statement: str) -> None:
    assert problems(statement) == ()
    assert problems(statement, across=True) == ()


@pytest.mark.parametrize("statement", UNNAMED.values(), ids=UNNAMED)
def test_it_finds_what_does_not(statement: str) -> None:
    assert problems(statement)


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("statement", REFUSED_EVERYWHERE.values(), ids=REFUSED_EVERYWHERE)
def test_it_finds_what_a_sharded_database_refuses(statement: str, across: bool) -> None:
    assert problems(statement, across=across)


@pytest.mark.parametrize("statement", FINE_ACROSS.values(), ids=FINE_ACROSS)
def test_work_across_tenants_may_name_none(statement: str) -> None:
    assert problems(statement, across=True) == ()


def test_claims_name_their_tenants() -> None:
    names = {"table": sql.Identifier("memories_source"), "due": sql.Identifier("due_at")}
    due, claim = (sql.SQL(text).format(**names).as_string(None) for text in (claims.DUE, claims.CLAIM))
    assert problems(due, across=True) == problems(claim, across=True) == problems(claim) == ()
    assert problems(due)


# --- on live connections ---------------------------------------------------------------------------------------------
def run(statement: Any, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@pytest.mark.django_db
def test_it_collects_what_the_orm_sends_and_says_where() -> None:
    with guarded() as findings:
        Revision.objects.filter(tenant=uuid.uuid4()).exists()
        Revision.objects.filter(id=uuid.uuid4()).exists()
    (finding,) = findings
    assert finding.problems == ("SELECT of memories_revision without the tenant",)
    assert finding.where.startswith("tests/shape/test_guard.py:")


@pytest.mark.django_db
def test_the_mark_counts_where_the_statement_runs() -> None:
    with guarded() as findings:
        with across_tenants("a test"):
            Memory.objects.count()
            late = Memory.objects.all()
        assert findings == []
        list(late)
    assert len(findings) == 1


@pytest.mark.django_db
def test_it_reads_composed_statements_and_many() -> None:
    composed = sql.SQL("SELECT 1 FROM {}").format(sql.Identifier("memories_memory"))
    with guarded() as findings:
        run(composed)
        with connection.cursor() as cursor:
            cursor.executemany("DELETE FROM memories_usage WHERE id = %s", [[uuid.uuid4()], [uuid.uuid4()]])
    assert [finding.sql for finding in findings] == [
        'SELECT 1 FROM "memories_memory"',
        "DELETE FROM memories_usage WHERE id = %s",
    ]


@pytest.mark.django_db
def test_it_lets_pass_what_is_about_no_rows() -> None:
    with guarded() as findings:
        with transaction.atomic():
            run("SET CONSTRAINTS ALL IMMEDIATE")
        run("ANALYZE memories_usage")
        run("EXPLAIN SELECT 1 FROM memories_usage WHERE tenant_id = %s", uuid.uuid4())
    assert findings == []


@pytest.mark.django_db
def test_connections_of_other_threads_are_guarded() -> None:
    def ask() -> None:
        Memory.objects.exists()
        connection.close()

    with guarded() as findings:
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert len(findings) == 1


@pytest.mark.django_db
def test_an_inner_guard_takes_the_place_of_the_outer_one() -> None:
    with guarded() as outer:
        with guarded() as inner:
            Memory.objects.exists()
        Revision.objects.exists()
    assert [len(outer), len(inner)] == [1, 1]


@pytest.mark.django_db
def test_it_leaves_no_trace() -> None:
    with guarded() as mine:
        before = list(connection.execute_wrappers)
        with connection.execute_wrapper(lambda execute, *args: execute(*args)), guarded() as findings:
            pass
        Memory.objects.exists()
        assert connection.execute_wrappers == before
    assert (len(mine), findings) == (1, [])
