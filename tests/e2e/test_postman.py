"""The Postman collection is run by Postman's own runner, newman, against the running service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.running import Service
from tests.services import RECEIVER

ROOT = Path(__file__).resolve().parent.parent.parent
HOME = Path(__file__).parent / "newman"
BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}


@pytest.fixture(scope="session")
def newman() -> Path:
    """newman as its lock file has it; installed when it isn't there, or another one is."""
    installed, wanted = HOME / "node_modules" / ".package-lock.json", HOME / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        cache = ROOT / ".cache" / "npm"
        command = [BIN / "npm", "ci", "--cache", cache, "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=HOME, env=ENVIRONMENT, capture_output=True, text=True, timeout=110)
        assert done.returncode == 0, done.stderr
    return HOME / "node_modules" / "newman" / "bin" / "newman.js"


def test_the_collection_runs_without_a_failed_assertion(
    newman: Path, service: Service, admin_key: str, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    variables = {
        "baseUrl": service.url,
        "apiKey": admin_key,
        "masterKey": os.environ["MASTER_KEY"],
        "receiverUrl": RECEIVER,
    }
    # Other tests leave merged entities of the same user in this service.
    erased, _, _ = service.call("DELETE", "/v1/memories/user/user_123")
    assert erased == 200
    said = [part for name, value in variables.items() for part in ("--env-var", f"{name}={value}")]
    command = [BIN / "node", newman, "run", ROOT / "contracts" / "postman_collection.json", *said]
    done = subprocess.run(
        [*command, "--reporters", "json", "--reporter-json-export", report, "--timeout-request", "60000"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=110,
    )
    ran = json.loads(report.read_text())["run"]
    failures = [(f["source"].get("name"), f["error"].get("test"), f["error"]["message"]) for f in ran["failures"]]
    assert (failures, done.returncode) == ([], 0)
    assert ran["stats"]["requests"]["total"] > 0
    assert ran["stats"]["assertions"]["total"] >= ran["stats"]["requests"]["total"]
