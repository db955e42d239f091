"""The pages and the Postman collection are those of the OpenAPI document, and their links lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from contracts.__main__ import BY_HAND, COLLECTION, PAGES, ROOT, made
from contracts.document import ApiOperation
from contracts.pages import anchor
from tests.document import document

WRITTEN = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def test_the_pages_and_the_collection_are_written_anew() -> None:
    texts = made(document())
    stale = [path.name for path, text in texts.items() if not path.exists() or path.read_text() != text]
    assert stale == [], "run make docs"
    assert set(PAGES.glob("*.md")) == set(texts) - {COLLECTION} | BY_HAND


@pytest.mark.parametrize("operation", document().operations, ids=lambda operation: operation.name)
def test_every_operation_has_its_section_with_a_curl_line_and_its_place_in_the_collection(
    operation: ApiOperation,
) -> None:
    page = (PAGES / operation.group.page).read_text()
    section = page.partition(f"\n## {operation.name}\n")[2].partition("\n## ")[0]
    assert section.count("\ncurl -s ") == max(1, len(operation.bodies))
    assert f"{operation.group.page}#{anchor(operation)}" in (PAGES / "README.md").read_text()
    shape = re.compile(re.sub(r"\{[^}]*\}", "[^/]+", f"{{{{baseUrl}}}}{operation.path}") + r"(\?.*)?")
    folders = {folder["name"]: folder["item"] for folder in json.loads(COLLECTION.read_text())["item"]}
    asked = [item["request"] for item in folders[operation.group.title]]
    assert any(one["method"] == operation.method and shape.fullmatch(one["url"]["raw"]) for one in asked)


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCED.sub("", page.read_text())):
        target, _, fragment = link.partition("#")
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        to = (page.parent / target).resolve() if target else page
        assert to.exists(), link
        if fragment:
            assert fragment in headings(to), link


def headings(page: Path) -> set[str]:
    """The fragments that GitHub gives the page's headings."""
    found = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}
