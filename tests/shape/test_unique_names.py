"""A class or a type alias has a name that no other one in the project has."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.shape.source import ROOT, Module, modules

TOOLS = ("benchmarks", "contracts", "training")  # the clients in sdk/ are packages of their own
DJANGO = {"Meta", "Command"}  # Django looks for classes with these names


def tools() -> list[Module]:
    paths = [path for folder in TOOLS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [Module(path.relative_to(ROOT).as_posix(), path.read_text()) for path in paths]


def defined(module: Module) -> Iterator[tuple[str, int]]:
    """Classes, and names such as `Vectors = NDArray[np.float32]`, with their lines."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            yield node.name, node.lineno
    for node in module.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets:
            if isinstance(target, ast.Name) and target.id[0].isupper() and not target.id.isupper():
                yield target.id, node.lineno


def used_twice(among: Iterable[Module]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for module in among:
        for name, line in defined(module):
            if name not in DJANGO:
                found[name].append(f"{module.path}:{line}")
    return {name: places for name, places in found.items() if len(places) > 1}


def test_a_name_is_used_once() -> None:
    assert used_twice([*modules(), *tools()]) == {}


def test_a_name_that_is_used_twice_is_found() -> None:
    one, other = (
        Module("a.py", "class Row: ...\nclass Meta: ..."),
        Module("b.py", "class Meta: ...\nRow = dict[str, int]"),
    )
    assert used_twice([one, other]) == {"Row": ["a.py:1", "b.py:2"]}
