"""The JavaScript client: type-checked, built, tested alone, against the running service, and as a user installs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.seeds.inventory import MEM0, row
from tests.e2e.running import Service

ROOT = Path(__file__).resolve().parent.parent.parent
SDK = ROOT / "sdk" / "javascript"
BIN = Path(sys.executable).parent
TSC = Path("node_modules", "typescript", "bin", "tsc")
CONSUMER = """
import { MemoryClient, Mem0Error, type Memory } from "@mem0/client";
const client = new MemoryClient({ apiKey: "your_key" });
export async function texts(): Promise<string[]> {
  const found = await client.search("tea", { userId: "ann", filters: { topic: "work" }, asOf: new Date() });
  const all: Memory[] = [];
  for await (const memory of client.iterate("ann", { limit: 100 })) all.push(memory);
  const changed = await client.update("mem_1", { content: "Tea" });
  const said = "event_id" in changed ? changed.event_id : changed.content;
  return [...all, ...found.results].map((memory) => memory.content).concat(said);
}
export const codeOf = (error: unknown): string => (error instanceof Mem0Error ? error.code : "");
// @ts-expect-error what is unknown is refused
export const wrong = client.search("tea", { user_id: "ann" });
"""


def run(*command: str | Path, cwd: Path, **env: str) -> str:
    """The output of a command that must succeed, run with the Node of this environment."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MEM0_")}
    paths = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "npm_config_cache": str(ROOT / ".cache" / "npm")}
    done = subprocess.run(command, cwd=cwd, env=kept | paths | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def node_test(built: Path, name: str, **env: str) -> int:
    """Run a file of Node's tests; → how many passed, which must be all of them."""
    told = run(BIN / "node", "--test", "--test-reporter=tap", f"test/{name}", cwd=built, **env)
    counts = {what: int(n) for what, n in re.findall(r"^# (tests|pass|skipped|todo) (\d+)$", told, re.MULTILINE)}
    assert (counts["pass"], counts["skipped"], counts["todo"]) == (counts["tests"], 0, 0), told
    return counts["tests"]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, built in a copy: another run of the tests in this checkout can't remove the build meanwhile."""
    copy = tmp_path_factory.mktemp("sdk") / "javascript"
    shutil.copytree(SDK, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    run(BIN / "npm", "ci", "--no-audit", "--no-fund", "--prefer-offline", cwd=copy)
    run(BIN / "npm", "run", "build", cwd=copy)
    return copy


@pytest.fixture(scope="session")
def project(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's project, with the package that would be published installed into it."""
    folder = tmp_path_factory.mktemp("project")
    (packed,) = json.loads(
        run(BIN / "npm", "pack", "--json", "--ignore-scripts", "--pack-destination", folder, cwd=built)
    )
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    options = ("--offline", "--no-audit", "--no-fund")
    run(BIN / "npm", "install", *options, folder / packed["filename"], cwd=folder)
    return folder


@pytest.fixture
def address(service: Service) -> dict[str, str]:
    return {
        "MEM0_BASE_URL": service.url,
        "MEM0_API_KEY": service.key,
        "MEM0_ADMIN_KEY": os.environ["MASTER_KEY"],
    }


def test_its_types_hold_and_it_needs_nothing_at_run_time(built: Path) -> None:
    run(BIN / "node", TSC, "--noEmit", cwd=built)
    package = json.loads((SDK / "package.json").read_text())
    assert "dependencies" not in package
    assert "peerDependencies" not in package
    assert list(package["devDependencies"]) == ["typescript"]


def test_it_sends_retries_and_throws_as_it_should(built: Path) -> None:
    assert node_test(built, "unit.test.js") >= 28


def test_every_method_works_against_the_running_service(built: Path, address: dict[str, str]) -> None:
    assert node_test(built, "service.test.js", **address) >= 10


def test_what_is_published_is_the_build_its_readme_and_licence(project: Path) -> None:
    package = project / "node_modules" / "@mem0" / "client"
    names = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    modules = {
        f"dist/{name}.{kind}" for name in ("client", "errors", "http", "index", "types") for kind in ("js", "d.ts")
    }
    assert names == modules | {"package.json", "README.md", "LICENSE"}
    assert sorted(path.name for path in (project / "node_modules").iterdir() if path.name[0] != ".") == ["@mem0"]


def test_a_typescript_project_sees_its_types(built: Path, project: Path) -> None:
    (project / "consumer.ts").write_text(CONSUMER)
    strict = ("--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom")
    run(BIN / "node", built / TSC, *strict, "consumer.ts", cwd=project)


def test_the_documents_lines_make_a_client(project: Path) -> None:
    wanted = (
        "import { MemoryClient } from '@mem0/client';",
        "const client = new MemoryClient({ apiKey: 'your_key' });",
    )
    documented = [row(MEM0, "SDK Support", line).text for line in wanted]
    (project / "documented.mjs").write_text("\n".join([*documented, "console.log(client.constructor.name);"]))
    assert run(BIN / "node", "documented.mjs", cwd=project) == "MemoryClient\n"


def test_the_readme_works_when_pasted(project: Path, address: dict[str, str]) -> None:
    hello, filters, errors = re.findall(r"^```js\n(.*?)^```", (SDK / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    (project / "hello.mjs").write_text(hello)
    assert "User loves building AI applications with FastAPI" in run(BIN / "node", "hello.mjs", cwd=project, **address)
    (project / "errors.mjs").write_text(hello + errors)
    assert re.search(r"^MEMORY_NOT_FOUND \w+$", run(BIN / "node", "errors.mjs", cwd=project, **address), re.MULTILINE)
    (project / "filters.mjs").write_text(hello + filters)
    run(BIN / "node", "--check", "filters.mjs", cwd=project)
