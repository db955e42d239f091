"""docs/guides/mcp.md lists the tools as they are, and its configurations can be read."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path

from core.http.mcp import MAX_BODY_SIZE
from memories.api.mcp.tools import TOOLS

GUIDE = (Path(__file__).resolve().parent.parent.parent / "docs" / "guides" / "mcp.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| .+ \| `([\w:]+)` \| (\w+) \|$", re.MULTILINE)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_table_has_each_tool_with_its_scope_and_limit() -> None:
    assert ROW.findall(GUIDE) == [(tool.name, str(tool.scope), tool.operation) for tool in TOOLS.values()]


def test_the_configurations_are_valid() -> None:
    servers = [json.loads(block) for block in blocks("json")]
    assert {next(iter(one.get("mcpServers", one.get("servers")))) for one in servers} == {"memory"}
    assert [list(tomllib.loads(block)["mcp_servers"]) for block in blocks("toml")] == [["memory"]]
    (program,) = blocks("python")
    ast.parse(program)


def test_the_limit_of_a_body_is_named() -> None:
    assert f"A body has at most {MAX_BODY_SIZE:,} bytes." in GUIDE
