"""The database as it is: keys that begin with the tenant, links that can't leave it, an explained index each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apikeys.models import Tenant
from core.tenancy import TenantForeignKey, TenantRow
from tests.shape import catalogue
from tests.shape.rows import make

pytestmark = pytest.mark.django_db

LINKS = catalogue.composite_links()


@pytest.mark.parametrize("check", catalogue.CHECKS, ids=lambda check: check.__name__)
def test_the_catalogue_keeps_the_rules(check: Callable[[], list[str]]) -> None:
    assert check() == []


def test_there_is_something_to_check() -> None:
    assert len(catalogue.tenant_models()) >= 18
    assert len(LINKS) >= 27
    assert {link.name for link in catalogue.links()} >= {catalogue.link_name(*link) for link in LINKS}


def write(model: type[TenantRow], tenant: Tenant, **link: Any) -> None:
    """Write a row and have the database look at its links now, as it would at the commit."""
    with transaction.atomic(), connection.cursor() as cursor:
        make(model, tenant, **link)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
def tenants() -> tuple[Tenant, Tenant]:
    one, other = Tenant(slug="shape-one"), Tenant(slug="shape-other")
    Tenant.objects.bulk_create([one, other])
    return one, other


@pytest.mark.parametrize(("model", "link"), LINKS, ids=[catalogue.link_name(*link) for link in LINKS])
def test_a_row_can_point_into_its_own_tenant_and_no_other(
    model: type[TenantRow], link: TenantForeignKey[Any, Any], tenants: tuple[Tenant, Tenant]
) -> None:
    one, other = tenants
    write(model, one, link=link)
    with pytest.raises(IntegrityError) as refused:
        write(model, one, link=link, to=other)
    assert f'"{catalogue.link_name(model, link)}"' in str(refused.value)


@pytest.mark.parametrize("model", catalogue.tenant_models(), ids=lambda model: model._meta.label)
def test_a_row_needs_a_tenant_that_is_there(model: type[TenantRow], tenants: tuple[Tenant, Tenant]) -> None:
    write(model, tenants[0])
    with pytest.raises(IntegrityError):
        write(model, Tenant(slug="not-written"))
