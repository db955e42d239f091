"""`python -m tests.shape.report [FOLDER]`: size of the code, duplicate names and the longest sentences of the docs.

A report, not a test. FOLDER is a checkout of any commit, by default this one.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections import defaultdict
from pathlib import Path

from tests.shape.vocabulary import CONVENTIONAL

SERVICE = ("memproject", "core", "apikeys", "webhooks", "entities", "memories")
MAX_WORDS = 25  # of a sentence in the docs
SHOWN = 10


def modules(root: Path) -> dict[str, str]:
    """Source by path, without migrations."""
    paths = [path for package in SERVICE for path in sorted((root / package).rglob("*.py"))]
    return {path.relative_to(root).as_posix(): path.read_text() for path in paths if "migrations" not in path.parts}


def functions(source: dict[str, str]) -> list[tuple[int, str]]:
    """(lines, `path: name`) of every function, longest first."""
    found = []
    for path, text in source.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append(((node.end_lineno or 0) - node.lineno + 1, f"{path}: {node.name}"))
    return sorted(found, reverse=True)


def classes(source: dict[str, str]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for path, text in source.items():
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and node.name != "Command":
                found[node.name].append(path)
    return {name: paths for name, paths in sorted(found.items()) if len(paths) > 1}


def stems(source: dict[str, str]) -> dict[str, list[str]]:
    """Names of modules that several packages have; names that Django and DRF prescribe are left out."""
    found = defaultdict(list)
    for path in source:
        if Path(path).stem not in CONVENTIONAL:
            found[Path(path).stem].append(path)
    return {name: paths for name, paths in sorted(found.items()) if len(paths) > 1}


def sentences(root: Path) -> list[tuple[int, str]]:
    """(words, `file: sentence`) of prose, longest first: without code blocks, tables, headings and generated pages."""
    found = []
    pages = [root / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    paths = [*pages, *sorted((root / "docs").rglob("*.md"))]
    for path in paths:
        if "api" in path.relative_to(root).parts or not path.exists():
            continue
        text = re.sub(r"```.*?```", "\n\n", path.read_text(), flags=re.DOTALL)
        text = re.sub(r"^(#|\||<|!).*$", "", text, flags=re.MULTILINE)
        text = re.sub(r"^\s*([-*]|\d+\.)\s", "\n\n", text, flags=re.MULTILINE)
        for paragraph in re.split(r"\n\s*\n", text):
            for sentence in re.split(r"(?<=[.!?:])\s+(?=[A-Z`*\[])", " ".join(paragraph.split())):
                found.append((len(sentence.split()), f"{path.relative_to(root)}: {sentence}"))
    return sorted(found, reverse=True)


def main(root: Path) -> None:
    source = modules(root)
    lines = sorted((len(text.splitlines()), path) for path, text in source.items())
    prose = [(words, text) for words, text in sentences(root) if words]
    long_functions = functions(source)
    rows = [
        ("modules of the service", len(lines)),
        ("lines", sum(count for count, _ in lines)),
        ("median module, lines", statistics.median(count for count, _ in lines)),
        ("largest module, lines", f"{lines[-1][0]} ({lines[-1][1]})"),
        ("modules over 300 lines", sum(count > 300 for count, _ in lines)),
        ("longest function, lines", f"{long_functions[0][0]} ({long_functions[0][1]})"),
        ("functions over 40 lines", sum(count > 40 for count, _ in long_functions)),
        ("class names used twice", len(classes(source))),
        ("module names used twice", len(stems(source))),
        ("sentences of the docs", len(prose)),
        ("mean words of a sentence", round(statistics.mean(words for words, _ in prose), 1)),
        (f"sentences over {MAX_WORDS} words", sum(words > MAX_WORDS for words, _ in prose)),
    ]
    report = [f"{name:28} {value}" for name, value in rows]
    for title, names in (("class names", classes(source)), ("module names", stems(source))):
        report += ["", f"{title} used twice:", *(f"  {name}: {', '.join(paths)}" for name, paths in names.items())]
    report += ["", "longest sentences:", *(f"  {words} words, {text[:150]}" for words, text in prose[:SHOWN])]
    sys.stdout.write("\n".join(report) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).resolve().parent.parent.parent)
