"""docs/api/documents.md has each row of the two founding documents once, each with tests that exist."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

from tests.contract.seeds.inventory import MEM0, REMEMBRA, TITLES, rows

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "api" / "documents.md").read_text()
LINE = re.compile(r"^\| (.+?) \| `(.+?)` \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+/test_\w+\.py)::(test_\w+)`")
NOT_YET = {"a wish of the document, not built"}
DOCUMENTS = [MEM0, REMEMBRA]


def table(document: str) -> list[tuple[str, str, str]]:
    """(section, row, what proves it) of each line."""
    begin = PAGE.partition(f"\n## {TITLES[document]}\n")[2]
    return LINE.findall(begin.partition("\n## ")[0])


@functools.cache
def names_in(module: str) -> frozenset[str]:
    if not (ROOT / module).exists():
        return frozenset()
    tree = ast.parse((ROOT / module).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_row_of_a_document_stands_in_the_table_once_in_its_order(document: str) -> None:
    transcribed = [(one.section, one.text) for one in rows(document)]
    assert [line[:2] for line in table(document)] == transcribed
    assert len(set(transcribed)) == len(transcribed)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_proves_a_row_is_a_test_that_exists_or_said_to_come(document: str) -> None:
    for section, text, proof in table(document):
        missing = [name for module, name in TEST.findall(proof) if name not in names_in(module)]
        assert missing == [], (section, text)
        # What is neither a test nor one of the words for later would be an excuse.
        told = TEST.sub("", proof)
        for words in NOT_YET:
            told = told.replace(words, "")
        assert told.strip(", ") == "", (section, text)


def test_nothing_but_rows_stands_in_the_tables() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("|") and "::" in line]
    assert len(lines) == sum("::" in proof for document in DOCUMENTS for *_, proof in table(document))
