"""One table of the README, `.env.example` and the settings agree; every default is the one that they name."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
INTERNAL = {"MEMPROJECT_PAGES", "MEMPROJECT_WORKER", "MEMPROJECT_SUPERVISOR", "REMEMBRA_AUTH_ENABLED"}


def in_settings() -> set[str]:
    source = (ROOT / "memproject" / "settings.py").read_text()
    return set(re.findall(r'env\.\w+\(\s*"([A-Z_0-9]+)"', source)) - INTERNAL


def in_example() -> dict[str, str]:
    return dict(re.findall(r"^# ([A-Z_0-9]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))


def in_readme() -> dict[str, str]:
    rows = re.findall(r"^\| `([A-Z_0-9]+)` \| (.*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    return {name: default.strip().strip("`") for name, default in rows}


def test_every_setting_stands_in_both() -> None:
    assert in_settings() == set(in_example()) == set(in_readme())


def test_the_defaults_agree() -> None:
    example, readme = in_example(), in_readme()
    assert {n: v for n, v in example.items() if v} == {n: readme[n] for n, v in example.items() if v}


def test_the_defaults_are_those_of_the_settings() -> None:
    source = (ROOT / "memproject" / "settings.py").read_text().replace("_000", "000")
    for name, value in in_example().items():
        if not value or value == "*":
            continue
        found = re.search(rf'env\.\w+\(\s*"{name}",\s*([^)]*?)\)', source)
        assert found is not None, name
        said = found[1].strip('"').removesuffix(".0")
        assert value in (said, said.lower()) or "REMEMBRA" in said, (name, value, said)
