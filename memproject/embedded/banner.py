"""The text that `make up` prints after the start: addresses, login, and two commands to paste."""

from __future__ import annotations

from pathlib import Path

BANNER = """
memproject is running.

  API       {url}/v1  and  {url}/api/v1
  MCP       {url}/mcp
  Docs      {url}/docs
  Admin     {url}/admin/     operator / {password}
  API key   {shown}
  Logs      {logs}

Store a memory:

curl -s {url}/api/v1/memories -H "X-API-Key: {key}" -H "Content-Type: application/json" \
-d '{{"content": "I moved to Lisbon in May and love the pastéis de nata.", "user_id": "ann"}}'

Recall it:

curl -s {url}/api/v1/memories/recall -H "X-API-Key: {key}" -H "Content-Type: application/json" \
-d '{{"query": "Where does Ann live?", "user_id": "ann"}}'

Ctrl-C stops it; the data stay.
"""


def text(url: str, key: str, shown: str, password: str | None, data: Path) -> str:
    """`key` is the key or the shell variable in the command lines. `password` is None if the operator changed it."""
    return BANNER.format(
        url=url, key=key, shown=shown, password=password or "(the password you set)", logs=data / "logs"
    )
