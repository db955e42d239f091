"""Deletion by owners: never more than the request names, and nothing if it names anything unknown."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from apikeys.types import Principal
from core.errors import InvalidRequest
from core.http.fields import IdentifierField
from core.ids import TENANT, public
from memories.api.platform.selection import ANY, Selection, equal, read, selection
from memories.filters import OWNERS, FilterError
from memories.types import Filter, ForgetCommand

NOTHING = "nothing was deleted"
MAX_FILTERS = 16 * 1024  # characters
PLACE = ("org_id", "project_id")


@contextmanager
def _nothing_deleted() -> Iterator[None]:
    """Add to the message of a refusal that nothing was deleted."""
    try:
        yield
    except InvalidRequest as error:
        error.message += f"; {NOTHING}"
        raise


@_nothing_deleted()
def delete_command(caller: Principal, query: QueryDict) -> ForgetCommand:
    """The command for the query of `delete_all`. Raises InvalidRequest for anything but owners of one id each."""
    values = _parameters(caller, query, (*OWNERS, "filters", *PLACE))
    conditions = [filters_of(values["filters"])] if "filters" in values else []
    named = selection(*conditions, *(_equal(name, values[name]) for name in OWNERS if name in values))
    return _command(caller, named, values.get("project_id"))


@_nothing_deleted()
def delete_owner_command(caller: Principal, kind: str, name: str, query: QueryDict) -> ForgetCommand:
    """The command for the path of one user, agent, app or run; the query may name the project."""
    values = _parameters(caller, query, PLACE)
    return _command(caller, selection(_equal(f"{kind}_id", name)), values.get("project_id"))


def _parameters(caller: Principal, query: QueryDict, known: Sequence[str]) -> dict[str, str]:
    """The query, each parameter once and known."""
    values: dict[str, str] = {}
    for name in query:
        if name not in known:
            raise _refused(name, f"is not known here; there are {', '.join(known)}")
        if len(query.getlist(name)) != 1:
            raise _refused(name, "must be named once")
        values[name] = str(query[name])
    if values.get("org_id", own := public(TENANT, caller.tenant_id)) != own:
        raise _refused("org_id", "must be the organization of the key")
    if "project_id" in values:
        _identifier("project_id", values["project_id"])
    return values


def _command(caller: Principal, named: Selection, project: str | None) -> ForgetCommand:
    """Delete these memories of one project. Raises InvalidRequest unless an owner is named by one id."""
    if not named.names_owner:
        raise _refused("user_id", "name the user, agent, app or run whose memories are to be deleted")
    for name in OWNERS:
        if (value := named.owner(name)) is not None:
            _identifier(name, value)
    project, user = caller.one_project(project), named.owner("user_id")
    if user is not None and named.less("user_id") is None:
        return ForgetCommand(all_memories=True, user_id=user, project=project)
    return ForgetCommand(filters=named.condition, project=project, any_user=True)


def _equal(name: str, value: str) -> Filter:
    if value == ANY:
        raise _refused(name, "must be the id of one owner")
    return equal(name, _identifier(name, value))


def _identifier(name: str, value: str) -> str:
    try:
        return str(IdentifierField().run_validation(value))
    except serializers.ValidationError as error:
        raise _refused(name, str(error.detail[0])) from None  # type: ignore[index]  # one field: a list


def filters_of(text: str) -> Filter:
    """The filter in a query. The clients send a dictionary as Python shows it: `{'user_id': 'alice'}`. Raises
    InvalidRequest, also for one without conditions."""
    try:
        found = read(_literal(text))
    except FilterError as error:
        raise _refused(error.path, error.expected) from None
    if found is None:
        raise _refused("filters", "must have at least one condition")
    return found


def _literal(text: str) -> Any:
    if len(text) > MAX_FILTERS:
        raise _refused("filters", f"must have at most {MAX_FILTERS} characters")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(json.dumps(_plain(ast.literal_eval(text)), allow_nan=False))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise _refused("filters", "must be a JSON object or a Python dictionary") from None


def _plain(value: Any) -> Any:
    """The value, if JSON has it. Raises TypeError: JSON's encoder would make texts of other names."""
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            raise TypeError
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _refused(field: str, expected: str) -> InvalidRequest:
    return InvalidRequest(f"{field[:64]}: {expected}", field=field[:64])
