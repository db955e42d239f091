"""Runs in the environment of the published MCP client, not in the tests': a line of JSON in (method and arguments), a
line of JSON out (what the method gave, or the exception that it raised)."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError


def opened(options: dict[str, Any]) -> Client:
    if "command" in options:
        server: Any = StdioServerParameters(**options["command"])
    else:
        headers = {"Authorization": f"Bearer {options['key']}"}
        server = streamable_http_client(options["url"], http_client=httpx2.AsyncClient(headers=headers, timeout=60))
    return Client(server, mode=options["mode"])


async def answer(client: Client, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        if method == "server":
            return {"gave": {"version": client.protocol_version, "instructions": client.instructions}}
        result = await getattr(client, method)(**arguments)
        return {"gave": result.model_dump(mode="json", by_alias=True, exclude_none=True)}
    except MCPError as error:
        return {"raised": error.message, "code": error.code, "data": error.data}


async def main() -> None:
    async with opened(json.loads(sys.argv[1])) as client:
        while line := await asyncio.to_thread(sys.stdin.readline):
            sys.stdout.write(json.dumps(await answer(client, **json.loads(line))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
