"""`make up`: the whole service on this machine, from nothing to a first recall, until Ctrl-C."""

from __future__ import annotations

import memproject.embedded.quiet  # noqa: F401

# isort: split
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

from core.monitoring import metric_folder
from core.supervision import SupervisorReport
from memories.embeddings.weights import LANGUAGE, ModelFilesUnavailable, ensure_configured_model, ensure_language
from memproject.embedded import banner, children, envfile, redis_server, servers
from memproject.embedded.leftovers import PidFile
from memproject.embedded.startup_checks import (
    CannotStartError,
    Interrupt,
    StoppedError,
    check_port,
    instance_lock,
    url_of,
)
from memproject.embedded.supervisor import Child, GaveUpError, Supervisor, rotate

ROOT = children.ROOT
READY_SECONDS = 60.0
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows nothing of this machine


def say(line: str) -> None:
    with contextlib.suppress(OSError):  # the terminal was closed: what runs must be stopped all the same
        print(line, flush=True)


def environment() -> dict[str, str]:
    """What was set by hand: the environment, then `.env`."""
    env = {**envfile.read(ROOT / ".env"), **os.environ}
    env["API_HOST"] = env.get("API_HOST") or "127.0.0.1"
    env["API_PORT"] = env.get("API_PORT") or "8080"
    return env


def data_folder(env: dict[str, str]) -> Path:
    folder = ROOT / (env.get("DATA_DIR") or ".data")  # an absolute one stays what it is
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStartError(f"DATA_DIR cannot be {folder} ({error.strerror}).") from None
    return folder


def wants_neo4j(env: dict[str, str]) -> bool:
    """`NEO4J=1` asks for the embedded one; a NEO4J_URI names another."""
    return env.get("NEO4J", "").lower() in ("1", "true", "yes", "on") and not env.get("NEO4J_URI")


def fetch_models(env: dict[str, str], data: Path) -> None:
    directory = Path(env.get("EMBEDDING_MODEL_DIR") or data / "models")
    try:
        if (env.get("EMBEDDING_PROVIDER") or "local") == "local":
            ensure_configured_model(directory, lambda line: say(f"  {line}"), env)
        if env.get("SPACY_MODEL", LANGUAGE) == LANGUAGE:
            ensure_language(directory, lambda line: say(f"  {line}"))
    except ModelFilesUnavailable as error:
        raise CannotStartError(str(error)) from None


def prepare(env: dict[str, str], log: Path) -> dict[str, object]:
    """Migrate, collect static files, make the operator and find or make the key, in one process."""
    say("Preparing the database …")
    done = subprocess.run(
        [sys.executable, "manage.py", "prepare"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    if done.returncode:
        rotate(log)
        with log.open("a") as file:
            file.write(done.stderr)
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason was given"]
        named = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Configured): ", line)]
        raise CannotStartError(f"Could not prepare the database: {(named or lines)[-1]} (see {log})")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def is_this_service(answer: IO[bytes]) -> bool:
    """Whether /health was answered by the service: another server on the port may answer 200 to everything."""
    try:
        body = json.load(answer)
    except ValueError:
        return False
    return isinstance(body, dict) and "dependencies" in body


def wait_until_healthy(supervisor: Supervisor, url: str, logs: Path, interrupt: Interrupt) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        interrupt.check()
        supervisor.poll()
        try:
            with DIRECT.open(f"{url}/health", timeout=2) as answer:
                if answer.status == 200 and is_this_service(answer):
                    return
        except urllib.error.HTTPError as error:
            if error.code == 400:
                raise CannotStartError(f"The service refuses {url}: put that host into ALLOWED_HOSTS too.") from None
        except OSError:
            pass
        time.sleep(0.1)
    raise CannotStartError(f"The service did not answer within {READY_SECONDS:.0f} s: see {logs}")


def run(env: dict[str, str], data: Path, url: str, interrupt: Interrupt, running: contextlib.ExitStack) -> None:
    """Start the servers and the service, print the banner, supervise them. `running` stops them in reverse order."""
    addresses: dict[str, str] = {}
    logs = data / "logs"
    if not env.get("METRICS_DIR"):
        running.callback(shutil.rmtree, metric_folder.folder_of(data), ignore_errors=True)
    pid_file = PidFile(data / "children.json")
    if pid_file.left():
        say("Ending what an earlier run left behind …")
        pid_file.end()
    check_port(env["API_HOST"], env["API_PORT"])
    made = envfile.ensure_secrets(data / "service.env")
    env.update({name: value for name, value in made.items() if not env.get(name)})
    with interrupt.at_once():
        fetch_models(env, data)

    database = None
    if not env.get("DATABASE_URL"):
        say("Starting PostgreSQL …")
        database = servers.Database(data / "postgres", say)
        running.callback(database.stop)
        addresses["DATABASE_URL"] = database.create()
        addresses["POSTGRES_DIR"] = str(data / "postgres")
    interrupt.check()
    supervised: list[Child] = [database.guard(logs)] if database is not None else []
    if not env.get("REDIS_URL"):
        say("Starting Redis …")
        supervised.append(servers.redis_child(data))
        addresses["REDIS_URL"] = redis_server.url(data / "redis")
    graph = None
    if wants_neo4j(env):
        say("Starting Neo4j …")
        with interrupt.at_once():
            graph, addresses["NEO4J_URI"] = servers.neo4j_child(data, env["NEO4J_PASSWORD"], int(env["API_PORT"]), say)
        supervised.append(graph)
    env.update(addresses)
    report = SupervisorReport(data / "supervisor.json")
    report.update([])
    env["MEMPROJECT_SUPERVISOR"] = str(data / "supervisor.json")
    supervisor = Supervisor(supervised, say, pid_file.note)
    running.callback(pid_file.forget)
    running.callback(supervisor.stop)
    supervisor.start()
    envfile.write(data / "servers.env", addresses)
    with interrupt.at_once():
        own = supervisor.children.get("redis")
        servers.check_redis(env["REDIS_URL"], own.log if own else None)
    if graph is not None:
        servers.wait_for_neo4j(data, graph, interrupt.check)
    with interrupt.at_once():
        ready = prepare(env, logs / "prepare.log")

    start_service(supervisor, env, data, url, interrupt)
    password = env["OPERATOR_PASSWORD"] if ready["password_kept"] else None
    say(banner.text(url, str(ready["key"]), str(ready["shown"]), password, data))
    keep_running(supervisor, database, report, interrupt)


def start_service(supervisor: Supervisor, env: dict[str, str], data: Path, url: str, interrupt: Interrupt) -> None:
    """Start the web processes, wait until they answer, and start the workers."""
    say("Starting the service …")
    logs = data / "logs"
    first, rest = children.service(env, logs, data)
    for child in first:
        supervisor.add(child)
    wait_until_healthy(supervisor, url, logs, interrupt)
    supervisor.starting_up = False
    for child in rest:  # each needs a second of a core, so they start after the web processes
        supervisor.add(child)


def keep_running(
    supervisor: Supervisor, database: servers.Database | None, report: SupervisorReport, interrupt: Interrupt
) -> None:
    """Start processes again that end, and report those that fail repeatedly. Raises StoppedError."""
    while True:
        interrupt.check()
        supervisor.poll()
        failing = supervisor.failing()
        if database is not None:
            database.poll()
            failing += [database.policy.name] if database.policy.is_failing else []
        report.update(failing)
        time.sleep(0.25)


def serve(env: dict[str, str], data: Path, interrupt: Interrupt) -> None:
    """Everything between the lock and the last process's end. Returns when an end was asked for."""
    url = url_of(env["API_HOST"], env["API_PORT"])
    with instance_lock(data, url), contextlib.ExitStack() as running:
        try:
            run(env, data, url, interrupt, running)
        except (StoppedError, CannotStartError):
            if (
                not interrupt.shutdown_requested
            ):  # Ctrl-C reaches the tools that start PostgreSQL too, and they fail of it
                raise
            say("\nStopping …")


def main() -> int:
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a sign shows another
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    interrupt = Interrupt()
    interrupt.install()
    data = None
    try:
        env = environment()
        data = data_folder(env)
        env["DATA_DIR"] = str(data)
        serve(env, data, interrupt)
    except (CannotStartError, GaveUpError) as error:
        print(error, file=sys.stderr)
        return 1
    except Exception as error:
        if data is None:
            print(f"memproject could not start: {error}", file=sys.stderr)
            return 1
        log = data / "logs" / "up.log"
        with log.open("a") as file:
            traceback.print_exc(file=file)
        print(f"memproject stopped on something unexpected ({type(error).__name__}): see {log}", file=sys.stderr)
        return 1
    say(f"Stopped. Your data stay in {data}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
