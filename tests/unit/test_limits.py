"""Tiers as operators write them, and whose word about a limit counts."""

from __future__ import annotations

import pytest

from apikeys.limits import GROUPS, check, parse_tiers, resolve

DEFAULTS = dict.fromkeys(GROUPS, "1/m")


@pytest.mark.parametrize(
    ("text", "tiers"),
    [
        ("", {}),
        (" ; ", {}),
        ("premium=v1:1000/m", {"premium": {"v1": "1000/m"}}),
        (
            "premium=v1:1000/m,store:300/m;free=v1:20/m",
            {"premium": {"v1": "1000/m", "store": "300/m"}, "free": {"v1": "20/m"}},
        ),
        (" a = burst : 5/10s , other:7/2h ; ", {"a": {"burst": "5/10s", "other": "7/2h"}}),
    ],
)
def test_tiers_are_read(text: str, tiers: dict[str, dict[str, str]]) -> None:
    assert parse_tiers(text) == tiers


@pytest.mark.parametrize(
    "text",
    [
        "premium",
        "premium=",
        "=v1:1/m",
        "premium=v1",
        "premium=v1:",
        "premium=v1:fast",
        "premium=v1:0/m",
        "premium=v1:-1/m",
        "premium=v1:1/m/m",
        "premium=v1:1/0s",
        "premium=v1:1/w",
        "premium=v2:1/m",
        "standard=v1:1/m",
        "a b=v1:1/m",
        "x" * 33 + "=v1:1/m",
        "a=v1:1/m;a=v1:2/m",
    ],
)
def test_what_is_no_tier_is_refused_at_start(text: str) -> None:
    with pytest.raises(ValueError, match="RATE_LIMIT_TIERS"):
        parse_tiers(text)


@pytest.mark.parametrize("rate", ["1/s", "100/m", "20/10s", "5/2h", "1/d", "999999999/9999d"])
def test_rates_that_are_some(rate: str) -> None:
    assert check({"v1": rate}) == {"v1": rate}


@pytest.mark.parametrize("rate", ["", "100", "100/", "/m", "0/m", "01/m", "1.5/m", "100/m ", "1/1m1s", 5, None, "٣/m"])
def test_rates_that_are_none(rate: object) -> None:
    with pytest.raises(ValueError, match=r"^burst: must be <requests>/<period>"):
        check({"burst": rate})


def test_the_nearer_word_counts() -> None:
    tiers = {"free": {"v1": "3/m", "store": "3/m"}}
    tenant = {"v1": "2/m", "store": "2/m", "recall": "2/m"}
    found = resolve(DEFAULTS, tiers, tenant=tenant, tier="free", key={"v1": "4/m"})
    assert found == DEFAULTS | {"recall": "2/m", "store": "3/m", "v1": "4/m"}


def test_a_tier_that_is_gone_changes_nothing() -> None:
    assert resolve(DEFAULTS, {}, tenant={}, tier="gold", key={}) == DEFAULTS
