"""Each process computes with one thread, in every way it is started: BLAS threads of small products only spin."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from memproject.embedded import children
from tests import blas

NAMES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# This imports numpy, as the last: each way has set the variables by then.
ASK = "from tests import blas; print('threads:', blas.threads())"
# gunicorn reads its settings and then the application, in the process that its workers are forked from.
GUNICORN = f"""
import sys
from gunicorn.app.wsgiapp import WSGIApplication
sys.argv = ["gunicorn", "-c", "python:memproject.gunicorn", "memproject.wsgi:application"]
WSGIApplication().wsgi()
{ASK}
"""
WAYS = {
    "gunicorn": ([sys.executable, "-c", GUNICORN], {}, ""),
    "celery": ([*children.CELERY, "shell", "--python"], {"MEMPROJECT_WORKER": "true"}, ASK),
    "manage.py": ([sys.executable, "manage.py", "shell", "--command", ASK], {}, ""),
}
linux = pytest.mark.skipif(not blas.MAPS.exists(), reason="the library is found by /proc/self/maps")


def bare() -> dict[str, str]:
    """The environment of an operator who has set none of the variables."""
    return {name: value for name, value in os.environ.items() if name not in NAMES}


@linux
@pytest.mark.parametrize("way", WAYS)
def test_a_process_computes_with_one_thread(way: str) -> None:
    command, extra, typed = WAYS[way]
    done = subprocess.run(
        command, cwd=children.ROOT, env=bare() | extra, input=typed, capture_output=True, text=True, check=True
    )
    assert "threads: 1\n" in done.stdout


@linux
def test_so_do_the_tests() -> None:
    assert blas.threads() == 1


def test_an_operators_own_value_stays() -> None:
    show = "import memproject, os, sys; print(*(os.environ[name] for name in sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", show, *NAMES],
        cwd=children.ROOT,
        env=bare() | {"OPENBLAS_NUM_THREADS": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["3", "1", "1", "1"]
