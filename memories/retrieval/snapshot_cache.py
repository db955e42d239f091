"""The snapshots of this process: the least recently used are dropped beyond a budget.

An owner's snapshot is read when the owner is asked again at the same version, and refreshed when a small one has
changed. It holds numbers of memories that may be erased meanwhile: a recall of any owner drops those that nobody asked
for IDLE_SECONDS.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings

from core.monitoring import metrics
from memories.retrieval import snapshot_reader
from memories.retrieval.snapshot import ScopeSnapshot, ScopeState
from memories.retrieval.snapshot_reader import SnapshotScope

MAX_ASKED = 20_000  # owners whose last version is remembered
REFRESHED_UP_TO = 20_000  # passages; a larger scope is read again only when it is asked twice at one version
IDLE_SECONDS = 900.0
BYTES_A_PASSAGE = 3_000  # an estimate: an owner that can't fit is not read


@dataclass
class _Entry:
    snapshot: ScopeSnapshot
    size: int
    used_at: float


@dataclass
class SnapshotCache:
    """Thread-safe. `budget` in bytes; `clock` in seconds."""

    clock: Callable[[], float] = time.monotonic
    _entries: OrderedDict[SnapshotScope, _Entry] = field(default_factory=OrderedDict)
    _asked: OrderedDict[SnapshotScope, int] = field(default_factory=OrderedDict)
    _reading: set[SnapshotScope] = field(default_factory=set)
    _size: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, scope: SnapshotScope, state: ScopeState, budget: int) -> ScopeSnapshot | None:
        """The snapshot of this version, read now if that pays; None: search the database."""
        if budget <= 0 or state.has_pending or state.passages * BYTES_A_PASSAGE > budget:
            return None
        with self._lock:
            self._trim(budget)
            entry = self._entries.get(scope)
            older = entry.snapshot if entry else None
            if entry and entry.snapshot.version == state.version and entry.snapshot.reindexed == state.reindexed:
                entry.used_at = self.clock()
                self._entries.move_to_end(scope)
                return entry.snapshot
            if scope in self._reading or not self._pays(scope, state, older):
                return None
            self._reading.add(scope)
        try:
            read = snapshot_reader.read(scope, older)
        finally:
            with self._lock:
                self._reading.discard(scope)
        if read is not None:
            self._keep(scope, read, budget)
        return read

    def _pays(self, scope: SnapshotScope, state: ScopeState, older: ScopeSnapshot | None) -> bool:
        """Whether the owner is asked again at this version, or has a small snapshot of an older one."""
        was_asked = self._asked.get(scope) == state.version
        self._asked[scope] = state.version
        self._asked.move_to_end(scope)
        if len(self._asked) > MAX_ASKED:
            self._asked.popitem(last=False)
        return was_asked or (older is not None and state.passages <= REFRESHED_UP_TO)

    def _keep(self, scope: SnapshotScope, snapshot: ScopeSnapshot, budget: int) -> None:
        with self._lock:
            if (old := self._entries.pop(scope, None)) is not None:
                self._size -= old.size
            self._entries[scope] = _Entry(snapshot, snapshot.size, self.clock())
            self._size += snapshot.size
            self._trim(budget)
            metrics.snapshots(len(self._entries), self._size)

    def _trim(self, budget: int) -> None:
        """Drop the least recently used beyond the budget, and those that nobody asked for long."""
        idle_since = self.clock() - IDLE_SECONDS
        while self._entries:
            oldest = next(iter(self._entries.values()))
            if self._size <= budget and oldest.used_at > idle_since:
                break
            self._entries.popitem(last=False)
            self._size -= oldest.size


_cache = SnapshotCache()


def get(scope: SnapshotScope, state: ScopeState) -> ScopeSnapshot | None:
    """As `SnapshotCache.get`, in this process."""
    return _cache.get(scope, state, settings.RECALL_SNAPSHOT_MB * 1_000_000)


def clear() -> None:
    """Drop all snapshots of this process."""
    global _cache
    _cache = SnapshotCache()


os.register_at_fork(after_in_child=clear)  # a lock of the parent may be held by a thread that does not exist here
