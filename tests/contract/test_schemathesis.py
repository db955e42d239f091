"""Generated requests against every operation of the OpenAPI document, right ones and wrong ones.

A few for each operation here, always the same; `make fuzz` sends at least FUZZ_CASES in all, each time others.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.config import SchemathesisConfig

from memproject.wsgi import application
from tests.api.operations import ITEM_BY_ITEM, operations
from tests.api.samples import MAKERS, World

CONFIG = SchemathesisConfig.from_dict(
    {
        # The key is ours to send: `test_matrix.py` tries what is wrong with keys.
        "generation": {"with-security-parameters": False},
        "checks": {"negative_data_rejection": {"expected-statuses": [400, 403, 404, 405, 406, 413, 415]}},
    }
)
SCHEMA = schemathesis.openapi.from_wsgi("/openapi.json", application, config=CONFIG)
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]
FUZZ_CASES = int(os.environ.get("FUZZ_CASES", "0"))
EACH = -(-FUZZ_CASES // len(OPERATIONS)) if FUZZ_CASES else 10  # hypothesis may stop earlier, the bounds make up for it
BOUNDARIES = None if FUZZ_CASES else 10
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]
answers: Counter[int] = Counter()


@pytest.fixture(scope="module", autouse=True)
def count(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if FUZZ_CASES:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            said = ", ".join(f"{number} × {status}" for status, number in sorted(answers.items()))
            sys.stdout.write(f"\n{answers.total()} requests to {len(OPERATIONS)} operations: {said}\n")
        assert answers.total() >= FUZZ_CASES


class Sender:
    """Sends cases with a key that may do it; every second one about an object that is there."""

    def __init__(self, operation: Any) -> None:
        self.world = World()
        tolerant = {checks.negative_data_rejection} if operation.path in ITEM_BY_ITEM else set()
        self.checks = [check for check in CHECKS if check not in tolerant]
        master = any(str(o) == operation.label and o.granted is None for o in operations())
        master |= operation.path.startswith("/api/v1/keys")  # else most would be refused for what they grant
        self.secret = self.world.secret("the master") if master else self.world.owner.secret

    def send(self, case: Any, *, known: bool) -> None:
        if known:
            for name in case.path_parameters:
                if name in MAKERS:
                    case.path_parameters[name] = self.world.sample(name)
        answer = case.call_and_validate(headers={"X-API-Key": self.secret}, checks=self.checks)
        answers[answer.status_code] += 1


each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
pytestmark = pytest.mark.timeout(1800 if FUZZ_CASES else 120)


@each_operation
def test_generated_requests_are_answered_as_documented(lasting_db: None, operation: Any) -> None:
    sender = Sender(operation)
    takes = bool(list(operation.iter_parameters()) or operation.body)

    @hypothesis.settings(
        max_examples=EACH if takes else 1,
        derandomize=not FUZZ_CASES,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(
        case=st.one_of(operation.as_strategy(mode) for mode in GenerationMode if takes or mode.is_positive),
        known=st.booleans(),
    )
    def send(case: Any, known: bool) -> None:
        sender.send(case, known=known)

    send()


@each_operation
def test_requests_at_the_bounds_are_answered_as_documented(lasting_db: None, operation: Any) -> None:
    """The least and the most, one too many, each field left out, other methods: what schemathesis calls coverage."""
    sender = Sender(operation)
    rules = SCHEMA.config.generation_for(operation=operation, phase="coverage")
    cases = SCHEMA.iter_coverage_cases(operation, generation_modes=list(GenerationMode), generation_config=rules)
    for number, case in enumerate(itertools.islice(cases, BOUNDARIES)):
        sender.send(case, known=bool(number % 2))
