"""mem0's published JavaScript client, installed from its lock file, against the running service."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import fasteners
import pytest

from tests import leaks
from tests.e2e.running import Service

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).parent / "test_mem0_js"
BIN = Path(sys.executable).parent


def run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Without the caller's settings of mem0, and with the Node of this environment."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MEM0_")}
    paths = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "npm_config_cache": str(ROOT / ".cache" / "npm")}
    options = {"cwd": cwd, "env": kept | paths | env, "capture_output": True, "text": True, "check": False}
    return subprocess.run(command, timeout=600, **options)  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="session")
def mem0_js() -> Path:
    """A folder with the client. Its marker is written last."""
    lock = HERE / "package-lock.json"
    folder = ROOT / ".cache" / "clients" / f"js-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with fasteners.InterProcessLock(folder.with_suffix(".lock")):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for file in (lock, HERE / "package.json"):
                shutil.copy(file, folder)
            # Its peers are drivers of stores and models that the client of the platform does not use.
            done = run(
                BIN / "npm", "ci", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder
            )
            assert done.returncode == 0, done.stderr
            (folder / "complete").touch()
    return folder


def test_every_method(mem0_js: Path, service: Service, admin_key: str, tmp_path: Path) -> None:
    leaks.net.remember(admin_key)
    shutil.copy(HERE / "client.test.mjs", mem0_js)
    done = run(
        *(BIN / "node", "--test", "--test-reporter=tap", "client.test.mjs"),
        cwd=mem0_js,
        SERVICE_URL=service.url,
        SERVICE_ADMIN_KEY=admin_key,
        MEM0_TELEMETRY="false",
        MEM0_DIR=str(tmp_path),
        HOME=str(tmp_path),
    )
    told = done.stdout + done.stderr
    counts = {what: int(n) for what, n in re.findall(r"^# (tests|pass|fail|skipped) (\d+)$", told, re.MULTILINE)}
    assert counts == {"tests": counts["pass"], "pass": counts["pass"], "fail": 0, "skipped": 0}, told
    assert counts["tests"] >= 21
