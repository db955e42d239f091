"""`python -m contracts`: write the pages of docs/api/ and the Postman collection from openapi.yaml."""

from __future__ import annotations

from pathlib import Path

from contracts.document import Document, load
from contracts.pages import index, pages
from contracts.postman import collection

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "api"
INDEX = PAGES / "README.md"
BY_HAND = frozenset({PAGES / "documents.md"})
COLLECTION = ROOT / "contracts" / "postman_collection.json"


def made(document: Document) -> dict[Path, str]:
    """Every file that is made from the document, with its text."""
    texts = {PAGES / name: text for name, text in pages(document).items()}
    return texts | {INDEX: index(document, INDEX.read_text()), COLLECTION: collection(document)}


def main() -> None:
    texts = made(load())
    for stale in set(PAGES.glob("*.md")) - set(texts) - BY_HAND:
        stale.unlink()
    for path, text in texts.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
