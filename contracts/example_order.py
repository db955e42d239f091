"""In which order the examples are run, so that each finds what it is about.

A group runs by itself: create, read, change, other acts, delete. The document's example ids stand for real ones: a step
whose answer shows an id captures the real one, and a step that needs an id which nobody captured yet, or whose object
was deleted meanwhile, is preceded by the operation that provides it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from contracts.document import PLATFORM, ApiOperation, Document, Example, Group
from contracts.requests import ACCEPTED, OWN, JsonPath, Request, places, request

# Extension of an operation: no request makes the object that its example names, so the example answers with 404.
NOT_FOUND = "x-example-not-found"
REFUSED = "x-example-refused"  # no key may do it: the example answers with 403
_CREATE, _ACT, _DELETE = 0, 4, 5
_ORDER = {"GET": 1, "PUT": 2, "PATCH": 3, "POST": _ACT, "DELETE": _DELETE}
# A group that creates nothing reads what was stored.
STORE = "memories"
STORE_PATHS = {PLATFORM: "/v3/memories/add/"}


@dataclass(frozen=True)
class Step:
    operation: ApiOperation
    request: Request
    example: Example | None
    captures: tuple[tuple[str, JsonPath], ...] = ()
    prepares: bool = False
    """Run for the sake of a later step."""
    later: bool = False
    """Sent with `Prefer: respond-async`."""

    @property
    def needs(self) -> list[str]:
        """The example ids that an earlier step has to provide."""
        return [] if self.operation.raw.get(NOT_FOUND) else self.request.ids

    @property
    def statuses(self) -> tuple[int, ...]:
        """The statuses that the example answers with when it is run."""
        if self.operation.raw.get(NOT_FOUND):
            return (404,)
        if self.operation.raw.get(REFUSED):
            return (403,)
        return (ACCEPTED,) if self.later else self.operation.successes


def plan(document: Document, group: Group) -> list[Step]:
    planner = _Planner(document, group)
    operations = sorted(document.of(group), key=lambda o: (rank(document, o), o.method == "DELETE" and -len(o.path)))
    reads = operations[0].method != "POST" and not request(document, operations[0], None).ids
    if group.dialect and reads:
        planner.run(planner.store(), prepares=True)
    for operation in operations:
        for example in operation.bodies or (None,):
            planner.run(operation, example)
    return list(_needed(planner.steps))


def rank(document: Document, operation: ApiOperation) -> int:
    below = operation.path.rstrip("/") + "/{"
    if operation.method == "POST" and any(other.path.startswith(below) for other in document.operations):
        return _CREATE
    return _ORDER[operation.method]


class _Planner:
    def __init__(self, document: Document, group: Group) -> None:
        self.document = document
        self.group = group
        self.steps: list[Step] = []
        self.captured: set[str] = set()

    def run(
        self, operation: ApiOperation, example: Example | None = None, *, prepares: bool = False, only: str = ""
    ) -> None:
        """Add the step, and before it whatever provides its ids. `only`: the one id that it is run for."""
        if prepares:
            example = next(iter(operation.bodies), None)
        asked = request(self.document, operation, example)
        for wanted in asked.ids:
            if wanted not in self.captured and not operation.raw.get(NOT_FOUND):
                self._provide(wanted)
        if operation.method == "DELETE":
            self.captured.clear()  # of what was deleted with it, the document says nothing
        later = bool(only) and only not in {found for _, found in places(operation)}
        is_refused = operation.raw.get(NOT_FOUND) or operation.raw.get(REFUSED)
        answered = [] if is_refused else list(places(operation, later=later))
        shown = {found: place for place, found in reversed(answered)}
        captures = [
            (found, place)
            for found, place in shown.items()
            if (found == only if only else found not in self.captured or _creates(operation, place))
        ]
        self.captured |= {found for found, _ in captures}
        self.steps.append(Step(operation, asked, example, tuple(captures), prepares, later))

    def store(self) -> ApiOperation:
        path = STORE_PATHS.get(self.group.dialect, f"{self.group.dialect}/{STORE}")
        return next(o for o in self.document.operations if (o.method, o.path) == ("POST", path))

    def _provide(self, wanted: str) -> None:
        found = [
            (rank(self.document, o), o.group != self.group, later, len(place), len(o.path), number)
            for number, o in enumerate(self.document.operations)
            if o.group.dialect == self.group.dialect
            for later in (False, True)
            for place, known in places(o, later=later)
            if known == wanted and wanted not in request(self.document, o, next(iter(o.bodies), None)).ids
        ]
        if not found:
            raise ValueError(f"{self.group.title}: no operation's example shows where {wanted} comes from")
        self.run(self.document.operations[min(found)[-1]], prepares=True, only=wanted)


def _creates(operation: ApiOperation, place: JsonPath) -> bool:
    return operation.method == "POST" and place in OWN


def _needed(steps: list[Step]) -> Iterator[Step]:
    """The steps, each with those captures alone that a later step uses."""
    for number, step in enumerate(steps):
        used = {wanted for later in steps[number + 1 :] for wanted in later.needs}
        yield replace(step, captures=tuple(one for one in step.captures if one[0] in used))
