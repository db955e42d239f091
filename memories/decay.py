"""The decay of memories, and the effect of use. Pure.

A memory that is not used is forgotten by a curve that falls ever more slowly (Ebbinghaus, Über das Gedächtnis, 1885),
written with two components: retrievability, which falls with time, and stability, which grows with use (Wozniak,
Gorzelańczyk, Murakowski: Two components of long-term memory, Acta Neurobiologiae Experimentalis 55, 1995):

    score = exp(-idle / stability)
    stability = STABILITY · RANGE^(2 · importance - 1) · (1 + ln(1 + uses))

`idle` is the time since the memory was last used or changed, whichever is later: an edited or restored memory is fresh.
The logarithm is the diminishing return of practice (Newell and Rosenbloom, Mechanisms of skill acquisition and the law
of practice, 1981); MemoryBank (Zhong et al., arXiv 2305.10250, 2023) gives an agent's memories the same curve. The
constants are this project's: an ordinary memory without recalls is healthy for two months and decayed after seven; one
with ten recalls lasts two years.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

STABILITY = dt.timedelta(days=90)  # of a memory of importance ½ without uses
RANGE = 2.0  # factor of the most important memory, divisor of the least important one
HEALTHY = 0.5  # the least score of the band
DECAYED = 0.1  # below it
HEALTHY_BAND, DECAYING_BAND, EXPIRED_BAND = BANDS = ("healthy", "decaying", "expired")
# The shortest lifetime: least important and never used.
SOONEST = STABILITY / RANGE * -math.log(DECAYED)


@dataclass(frozen=True, slots=True)
class Decay:
    """A score in 0–1 and its parts. A pinned memory does not decay."""

    score: float
    stability: dt.timedelta
    idle: dt.timedelta
    by_importance: float
    by_use: float
    pinned: bool

    @property
    def band(self) -> str:
        if self.score >= HEALTHY:
            return HEALTHY_BAND
        return DECAYING_BAND if self.score >= DECAYED else EXPIRED_BAND


def decay(
    moment: dt.datetime,
    *,
    changed_at: dt.datetime,
    last_used_at: dt.datetime | None,
    uses: int,
    importance: float,
    pinned: bool,
) -> Decay:
    """The relevance of a memory at `moment`; `importance` is in 0–1."""
    idle = max(moment - max(changed_at, last_used_at or changed_at), dt.timedelta())
    by_importance = RANGE ** (2 * importance - 1)
    by_use = 1 + math.log1p(uses)
    stability = STABILITY * (by_importance * by_use)
    score = 1.0 if pinned else math.exp(-idle / stability)
    return Decay(score, stability, idle, by_importance, by_use, pinned)
