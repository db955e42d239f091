"""Deletion by owners: never more than the request names, and nothing if it names anything unknown."""

from __future__ import annotations

import ast
import json
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
PARAMETERS = (*OWNERS, "filters", "org_id", "project_id")


def delete_command(caller: Principal, query: QueryDict) -> ForgetCommand:
    """The command for the query of `delete_all`. Raises InvalidRequest for anything but owners of one id each."""
    values: dict[str, str] = {}
    for name in query:
        if name not in PARAMETERS:
            raise _refused(name, f"is not known here; there are {', '.join(PARAMETERS)}")
        if len(query.getlist(name)) != 1:
            raise _refused(name, "must be named once")
        values[name] = str(query[name])
    if values.get("org_id", own := public(TENANT, caller.tenant_id)) != own:
        raise _refused("org_id", "must be the organization of the key")
    conditions = [_filters(values["filters"])] if "filters" in values else []
    named = selection(*conditions, *(_equal(name, values[name]) for name in OWNERS if name in values))
    project = _identifier("project_id", values["project_id"]) if "project_id" in values else None
    return command(caller, named, project)


def command(caller: Principal, named: Selection, project: str | None = None) -> ForgetCommand:
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


def owned_by(kind: str, name: str) -> Selection:
    """The memories of one user, agent, app or run."""
    return selection(_equal(f"{kind}_id", name))


def _equal(name: str, value: str) -> Filter:
    if value == ANY:
        raise _refused(name, "must be the id of one owner")
    return equal(name, _identifier(name, value))


def _identifier(name: str, value: str) -> str:
    try:
        return str(IdentifierField().run_validation(value))
    except serializers.ValidationError as error:
        raise _refused(name, str(error.detail[0])) from None  # type: ignore[index]  # one field: a list


def _filters(text: str) -> Filter:
    """The clients send a dictionary as Python shows it: `{'user_id': 'alice'}`."""
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
    return InvalidRequest(f"{field[:64]}: {expected}; {NOTHING}", field=field[:64])
