"""Files, commands, options, targets, metrics and numbers that the documentation names exist in the code."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path, PurePosixPath

import pytest
from django.core.management import get_commands, load_command_class
from prometheus_client import Counter, Histogram

from core.monitoring import metrics
from memories.retrieval.nearest import EXACT_UP_TO, PREFILTER_SIZE
from memories.retrieval.recipes import FIRST_STAGE, FULL, K1, LITE, B, FirstStageWeights
from memproject.status import metrics_report

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sdk").glob("*/README.md"), ROOT / ".env.example"]
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
FILE = re.compile(r"`([\w.-]+(?:/[\w.-]+)*(?:\.(?:py|md|json|ya?ml|toml|txt|ts|in)|/))(?:::\w+)?`")
COMMAND = re.compile(r"manage\.py (\w+)([^`|&\n]*)")
TARGET = re.compile(r"^(?:[A-Z_]+=\S+ )?make ([a-z]\S*)|`(?:[A-Z_]+=\S+ )?make ([a-z]\S*?)(?: [^`]*)?`", re.MULTILINE)
MODULE = re.compile(r"python -m ([\w.]+)")
# Made at the first start, or files of other programs.
NOT_TRACKED = {"service.env", ".vscode/mcp.json", "claude_desktop_config.json"}


def tracked() -> set[str]:
    """The files of the project and their folders."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    files = set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())
    return files | {str(parent) for file in files for parent in PurePosixPath(file).parents}


@pytest.fixture(scope="module")
def files() -> set[str]:
    return tracked()


@pytest.mark.parametrize("name", NAMES)
def test_every_file_that_a_page_names_exists(files: set[str], name: str) -> None:
    """By its path, or by the end of its path where the sentence says in which folder it is."""
    named = {found.rstrip("/") for found in FILE.findall((ROOT / name).read_text())}
    named = {found for found in named if found not in NOT_TRACKED}
    assert {found for found in named if not any(f"/{file}".endswith(f"/{found}") for file in files)} == set()


@pytest.mark.parametrize("name", NAMES)
def test_every_command_and_option_that_a_page_names_exists(name: str) -> None:
    for command, rest in COMMAND.findall((ROOT / name).read_text()):
        app = get_commands()[command]
        assert isinstance(app, str)
        parser = load_command_class(app, command).create_parser("manage.py", command)
        known = {option for action in parser._actions for option in action.option_strings}
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) - known == set(), command


@pytest.mark.parametrize("name", NAMES)
def test_every_target_and_module_that_a_page_names_exists(name: str) -> None:
    text = (ROOT / name).read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {one or other for one, other in TARGET.findall(text)} - targets == set()
    for module in MODULE.findall(text):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


@pytest.mark.parametrize("name", NAMES)
def test_no_page_installs_a_client_from_a_registry(name: str) -> None:
    """Neither client is published: a package of that name in a registry is somebody else's."""
    installed = re.findall(r"^(?:pip|npm) install (\S+)", (ROOT / name).read_text(), re.MULTILINE)
    assert [package for package in installed if not package.startswith("/path/to/sdk/")] == []


def test_the_table_of_weights_has_the_numbers_of_the_recipes() -> None:
    page = (ROOT / "docs" / "retrieval.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|[^|]+\|[^|]+\|([^|]*)\|([^|]*)\|$", page, re.MULTILINE)
    for recipe, column in ((FULL, 1), (LITE, 2)):
        said = {row[0]: float(row[column].replace("−", "-")) for row in rows if row[column].strip()}
        assert said == dict(recipe.weights)


def test_the_page_of_retrieval_has_the_numbers_of_the_code() -> None:
    page = " ".join((ROOT / "docs" / "retrieval.md").read_text().split())
    first = FirstStageWeights()
    assert f"(k1 {K1}, b {B};" in page
    assert f"Above {EXACT_UP_TO:,} passages in a scope the {PREFILTER_SIZE:,} nearest" in page
    assert (
        f"The {FIRST_STAGE} best by `{first.words:g}·words + meaning + {first.speaker:g}·speaker + {first.date:g}·time "
        f"- {first.role_match:g}·role_match`" in page
    )
    assert first.meaning == 1


def test_operators_are_shown_every_metric_with_its_labels() -> None:
    """The tenant is a label inside the service only: `/metrics` adds the tenants up."""
    page = (ROOT / "docs" / "operations.md").read_text()
    (block,) = re.findall(r"^- Names begin with `memproject_`: (.*?)^- ", page, re.MULTILINE | re.DOTALL)
    said = {name: set(labels.split(",")) - {""} for name, labels in re.findall(r"`(\w+)(?:\{([\w,]+)\})?`", block)}
    expected = {}
    for one in vars(metrics).values():
        if isinstance(one, Counter | Histogram):
            name = one._name.removeprefix("memproject_") + ("_total" if isinstance(one, Counter) else "")
            expected[name] = set(one._labelnames) - {"tenant"}
    gauges = re.findall(r'metrics\.gauge\("(\w+)"', Path(str(metrics_report.__file__)).read_text())
    assert {name: labels for name, labels in said.items() if name not in gauges} == expected
    assert set(gauges) == set(said) - set(expected)
