"""Every job of the clock stands in the table of docs/operations.md, with how often it runs."""

from __future__ import annotations

import re
from pathlib import Path

from memproject.celery import app

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "operations.md"
ROW = re.compile(r"^\| `([\w.]+\.tasks\.\w+)` \| (\d+) (s|h)(, with `(\w+)`)? \| (.+) \| (.+) \|$", re.MULTILINE)
SECONDS = {"s": 1, "h": 3600}


def test_the_table_has_every_job() -> None:
    rows = {job: int(number) * SECONDS[unit] for job, number, unit, *_ in ROW.findall(PAGE.read_text())}
    conditional = {job for job, _, _, condition, *_ in ROW.findall(PAGE.read_text()) if condition}
    scheduled = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    assert {job: often for job, often in rows.items() if job in scheduled} == scheduled
    assert set(rows) - set(scheduled) <= conditional == {"memories.tasks.archive_decayed", "entities.tasks.prune_graph"}
