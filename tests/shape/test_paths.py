"""The files of a store, a recall and an erasure: docs/architecture.md lists them, the imports hold the lists true."""

from __future__ import annotations

import ast
import re

import pytest

from tests.shape.source import ROOT, Module

SECTION = "## Files of a request, in order\n"
MAX_FILES = {"Store": 12, "Recall": 12, "Search": 5, "Erase": 8}
# A store erases an expired memory with its text; a recall without a snapshot searches the database.
CONTINUED = {"Store": "Erase", "Recall": "Search", "Search": "Recall"}
FILE = re.compile(r"^\d+\. `([^`]+)`", re.MULTILINE)
LEAF = re.compile(r"`((?:memories|entities)/[^`]+)`")
TYPES = ("/types.py", "/statements.py", "/temporal_view.py", "/review_types.py", "/explanation_types.py", "/errors.py")


def _section() -> str:
    text = (ROOT / "docs" / "architecture.md").read_text()
    return text.partition(SECTION)[2].partition("\n## ")[0]


def _lists() -> dict[str, list[str]]:
    """The numbered lists, by the bold word that begins the paragraph before each."""
    parts = re.split(r"^\*\*(\w+)\*\*", _section().partition("**Leaf helpers**")[0], flags=re.MULTILINE)
    return {name: FILE.findall(text) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _leaves() -> tuple[str, ...]:
    """Modules, or packages with a slash at the end."""
    return tuple(LEAF.findall(_section().partition("**Leaf helpers**")[2]))


def _file(name: str) -> str | None:
    """The file of a dotted module or package of the project."""
    path = name.replace(".", "/")
    return next((each for each in (f"{path}.py", f"{path}/__init__.py") if (ROOT / each).is_file()), None)


def _imports(module: Module) -> set[str]:
    """The files that a module imports. A name taken from a package is the module of that name, if there is one."""
    found: set[str | None] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {_file(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {_file(f"{node.module}.{alias.name}") or _file(node.module) for alias in node.names}
    return {file for file in found if file is not None}


def _tasks(module: Module) -> set[str]:
    """The files of tasks, and of what they run, that a module names as a dotted string."""
    texts = (node.value for node in ast.walk(module.tree) if isinstance(node, ast.Constant))
    names = (text.rpartition(".")[0] for text in texts if isinstance(text, str) and text.startswith("memories."))
    return {file for name in names if (file := _file(name)) is not None}


def _module(path: str) -> Module:
    return Module(path, (ROOT / path).read_text())


def missing_files(paths: list[str]) -> list[str]:
    return [path for path in paths if not (ROOT / path).is_file()]


def unreached(paths: list[str]) -> list[str]:
    """The files that no earlier file of the list imports or names as a task."""
    reached: set[str] = set()
    found = []
    for number, path in enumerate(paths):
        if number and path not in reached:
            found.append(path)
        module = _module(path)
        reached |= _imports(module) | _tasks(module)
    return found


def left_out(paths: list[str], known: set[str], leaves: tuple[str, ...]) -> list[str]:
    """The modules that a list leaves out though its files import them. `known`: its files, and those of the list in
    which it is continued."""
    return sorted(
        {
            f"{path} imports {file}"
            for path in paths[1:]
            for file in _imports(_module(path)) - known
            if file.startswith(("memories/", "entities/"))
            and not file.endswith(TYPES)
            and "/models/" not in file
            and not any(file.startswith(leaf) for leaf in leaves)
        }
    )


def test_there_is_a_list_for_each_request() -> None:
    assert {name: len(paths) <= MAX_FILES[name] for name, paths in _lists().items()} == dict.fromkeys(MAX_FILES, True)
    assert all(paths for paths in _lists().values())


@pytest.mark.parametrize("name", MAX_FILES)
def test_a_list_has_the_files_of_its_path(name: str) -> None:
    lists = _lists()
    paths, known = lists[name], {*lists[name], *lists[CONTINUED.get(name, name)]}
    assert missing_files(paths) == []
    assert len(set(paths)) == len(paths)
    assert unreached(paths) == []
    assert left_out(paths, known, _leaves()) == []


def test_every_leaf_helper_is_used_by_a_listed_file() -> None:
    used = {file for paths in _lists().values() for path in paths[1:] for file in _imports(_module(path))}
    assert [leaf for leaf in _leaves() if not any(file.startswith(leaf) for file in used)] == []


def test_the_check_finds_what_is_wrong() -> None:
    paths = _lists()["Recall"]
    assert missing_files([*paths, "memories/retrieval/run.py"]) == ["memories/retrieval/run.py"]
    assert unreached([*paths, "memories/pipeline/apply.py"]) == ["memories/pipeline/apply.py"]
    without = [path for path in paths if path != "memories/retrieval/where.py"]
    assert "memories/retrieval/read.py imports memories/retrieval/where.py" in left_out(without, set(without), ())
