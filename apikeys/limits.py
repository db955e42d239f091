"""The rate limits of a key, from the settings, the tenant, the tier and the key itself. Pure.

A limit is `<requests>/<period>`: `100/m`, `20/10s`. Periods are s, m, h and d, optionally with a number before the
letter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# `v1` and `burst` limit all requests of a key under `/v1`; the others are the operations of `/api/v1`.
GROUPS = ("v1", "burst", "store", "recall", "delete", "other")
STANDARD = "standard"  # the tier without changes of the limits
FORM = re.compile(r"[1-9]\d{0,8}/(?:[1-9]\d{0,3})?[smhd]")
TIER_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
EXPECTED = "must be <requests>/<period>, such as 100/m or 20/10s"


def check(limits: Mapping[str, object]) -> dict[str, str]:
    """Return `limits` as a dict. Raises ValueError, which names the group, for an unknown group or rate."""
    kept = {}
    for group, rate in limits.items():
        if group not in GROUPS:
            raise ValueError(f"{str(group)[:64]}: is no limit; there are {', '.join(GROUPS)}")
        kept[group] = check_rate(group, rate)
    return kept


def check_rate(name: str, rate: object) -> str:
    """Return `rate`. Raises ValueError, which contains `name`, unless it has the form `<requests>/<period>`."""
    if not isinstance(rate, str) or not FORM.fullmatch(rate):
        raise ValueError(f"{name}: {EXPECTED}")
    return rate


def parse_tiers(text: str) -> dict[str, dict[str, str]]:
    """`"premium=v1:1000/m,store:300/m;free=v1:20/m"` → the limits that each tier changes.

    Raises ValueError for any other form. `standard` means the settings RATE_LIMITS_* and cannot be redefined.
    """
    tiers: dict[str, dict[str, str]] = {}
    for part in filter(None, (p.strip() for p in text.split(";"))):
        name, _, said = (p.strip() for p in part.partition("="))
        if not TIER_NAME.fullmatch(name) or name == STANDARD or name in tiers:
            raise ValueError(f"RATE_LIMIT_TIERS: '{name}' is not a valid tier name, or occurs twice")
        pairs = [pair.partition(":") for pair in said.split(",")]
        try:
            tiers[name] = check({group.strip(): rate.strip() for group, _, rate in pairs})
        except ValueError as error:
            raise ValueError(f"RATE_LIMIT_TIERS: {name}: {error}") from None
    return tiers


def resolve(
    defaults: Mapping[str, str],
    tiers: Mapping[str, Mapping[str, str]],
    *,
    tenant: Mapping[str, str],
    tier: str,
    key: Mapping[str, str],
) -> dict[str, str]:
    """All limits of a key. The tenant overrides the settings, the tier overrides the tenant, and the key overrides the
    tier.

    A tier that is not in the settings any more changes nothing.
    """
    return {**defaults, **tenant, **tiers.get(tier, {}), **key}
