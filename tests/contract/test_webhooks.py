"""The webhooks' part of the OpenAPI document is what happens."""

from __future__ import annotations

from typing import Any

import pytest

from apikeys.scopes import Role
from tests import build
from tests.build import Caller
from tests.contract.test_openapi import example, hold

MANY, ONE = "/api/v1/webhooks", "/api/v1/webhooks/{webhook_id}"


@pytest.fixture
def admin(eager: None, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """An admin; nobody sends anything."""
    monkeypatch.setattr("webhooks.services.deliveries.enqueue_on_commit", lambda *_, **__: None)
    return build.caller(role=Role.ADMIN)


def test_the_examples_of_webhooks(admin: Caller) -> None:
    made: dict[str, Any] = hold(admin.post(MANY, example(MANY, "post")), MANY, "post")
    path = f"{MANY}/{made['id']}"
    hold(admin.get(MANY), MANY, "get")
    hold(admin.get(path), ONE, "get")
    hold(admin.patch(path, {"active": False}), ONE, "patch")
    hold(admin.patch(path, example(ONE, "patch")), ONE, "patch")
    hold(admin.post(path + "/test", None), ONE + "/test", "post")
    hold(admin.get(path + "/deliveries"), ONE + "/deliveries", "get")
    hold(admin.delete(path), ONE, "delete")
