"""The requests of `test_matrix.py` are good ones: whoever has just the scope is answered with success."""

from __future__ import annotations

import pytest

from tests.api.operations import Operation, operations
from tests.api.samples import World, alone


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_the_least_role_is_granted(eager: None, monkeypatch: pytest.MonkeyPatch, operation: Operation) -> None:
    alone(monkeypatch)
    world = World()
    answer = world.good(operation).send(world.secret(operation.granted or "the master"))
    assert answer.status_code == operation.success, answer.content
