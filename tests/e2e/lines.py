"""The cURL lines of a Markdown page, run by bash with curl, as a reader would."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What was asked and answered goes to another stream than the answer itself.
_PRELUDE = """set -euo pipefail
curl() { command curl --max-time 60 --write-out "%{stderr}$SAID\\n" "$@"; }
"""
_SAID = "%{http_code} %{method} %{url_effective} %{content_type}"


@dataclass(frozen=True)
class Line:
    page: Path
    section: str
    """The heading that it stands under."""
    text: str


@dataclass(frozen=True)
class Answer:
    status: int
    method: str
    path: str
    body: Any


def lines(page: Path) -> Iterator[Line]:
    text = page.read_text()
    for block in _BLOCK.finditer(text):
        section = re.findall(r"^#+ (.+)$", text[: block.start()], re.MULTILINE)[-1]
        for command in commands(block[1]):
            if command.startswith("curl "):
                yield Line(page, section, command)


def commands(block: str) -> Iterator[str]:
    """The commands of a block of shell, each with the lines that it goes on for."""
    begun = ""
    for line in block.splitlines():
        begun += line
        try:
            if not begun.endswith("\\") and shlex.split(begun, comments=True):
                yield begun
                begun = ""
                continue
        except ValueError:  # a quotation goes on
            pass
        begun = f"{begun}\n" if begun.strip() else ""
    assert not begun, begun


def run(text: str, environment: Mapping[str, str]) -> Answer:
    environment = {**environment, "SAID": _SAID}
    done = subprocess.run(["bash", "-c", _PRELUDE + text], env=environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, (text, done.stderr)
    status, method, url, media = done.stderr.splitlines()[-1].split(maxsplit=3)
    body = json.loads(done.stdout) if media.startswith("application/json") else done.stdout
    return Answer(int(status), method, unquote(urlsplit(url).path), body)
