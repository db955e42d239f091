"""The prompt and the resources of `/mcp`: which users a key may name in them."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from tests.api.test_mcp import OSLO, request, rows, send, use
from tests.build import Caller

ANOTHER = "user_id: this API key acts for one user and may not name another"
BROKEN = "user_id: must not hold NUL or other control characters, nor broken Unicode"
START = "You have a long-term memory, which you reach with tools"


def prompt(caller: Caller, arguments: Any) -> Any:
    """The text of the prompt, or the error."""
    body = send(caller, request("prompts/get", name="use_memory", arguments=arguments)).json()
    return body["error"] if "error" in body else body["result"]["messages"][0]["content"]["text"].partition("\n")[0]


def resource(caller: Caller, uri: str) -> Any:
    body = send(caller, request("resources/read", uri=uri)).json()
    return body["error"] if "error" in body else body["result"]["contents"][0]["text"]


def test_the_prompt_names_a_user_that_the_key_may_name(owner: Caller) -> None:
    ann = build.caller(user_id="ann")
    named = f'{START}. Send user_id "ann" with every call that accepts it.'
    assert prompt(owner, {"user_id": "ann"}) == prompt(ann, {"user_id": "ann"}) == named
    for arguments in (None, {}, {"user_id": ""}):
        assert prompt(owner, arguments) == prompt(ann, arguments) == f"{START}."
    denied = {"code": -32602, "message": ANOTHER, "data": {"code": "permission_denied", "field": "user_id"}}
    assert prompt(ann, {"user_id": "bob"}) == denied


@pytest.mark.parametrize(
    ("user_id", "said"),
    [
        ("a\x1bb", BROKEN),
        ("a\nb", "user_id: must be on one line"),
        (" ", "user_id: must not be empty"),
        ("x" * 129, "user_id: must have at most 128 characters"),
    ],
    ids=["escape", "lines", "blank", "long"],
)
def test_the_prompt_names_no_user_that_a_tool_would_refuse(owner: Caller, user_id: str, said: str) -> None:
    refusal = {"code": -32602, "message": said, "data": {"code": "validation_error", "field": "user_id"}}
    assert prompt(owner, {"user_id": user_id}) == refusal


def test_the_prompt_quotes_a_user(owner: Caller) -> None:
    said = f'{START}. Send user_id "a\\"b{{x}}é" with every call that accepts it.'
    assert prompt(owner, {"user_id": 'a"b{x}é'}) == said
    assert use(owner, "list_memories", user_id='a"b{x}é')["total"] == 0


@pytest.mark.parametrize(
    "path", ["users/%FF/profile", "users/a%ED%A0%80/profile", "memories/mem_%FF", "users//profile"]
)
def test_a_uri_that_is_not_unicode_names_nothing(owner: Caller, path: str) -> None:
    use(owner, "add_memory", content=OSLO, user_id="\ufffd")
    before = rows()
    uri = f"memproject://{path}"
    expected = {"code": -32602, "message": "There is no resource with this URI.", "data": {"uri": uri}}
    assert resource(owner, uri) == expected
    assert rows() == before


def test_a_uri_names_a_user_in_utf_8(owner: Caller) -> None:
    use(owner, "add_memory", content=OSLO, user_id="josé/2")
    assert '"user_id": "josé/2", "total_memories": 1' in resource(owner, "memproject://users/jos%C3%A9%2F2/profile")
    refusal = resource(owner, "memproject://users/a%00b/profile")
    assert (refusal["code"], refusal["message"]) == (-32602, BROKEN)
