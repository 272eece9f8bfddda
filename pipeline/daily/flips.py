"""Sites with which the filter does something else than before: a change of the filter, asked for or not.

In: `schema.SITE_VERDICTS` of some weeks. Out: `FLIPS`, one row for each site. It refuses what may be chance, or other
people at the keyboard: on both sides of the day there are `LEAST_REQUESTS` requests of `LEAST_USERS` different users,
nine in ten of them had the same answer, and only sources and kinds of people that are there on both sides count. So a
log that is new makes no flip, nor does a holiday in which staff alone are online.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from pipeline.text import registrable_domains

#: With a filter that answers by chance, twenty requests before and twenty after look like a flip once in ten million.
LEAST_REQUESTS: Final = 20
#: One user's machine that asks again and again is one witness.
LEAST_USERS: Final = 5
#: So many of the requests have the same answer.
SHARE: Final = 0.9
#: So many days are looked at: a fortnight before a change of the last week.
WINDOW_DAYS: Final = 21

FLIPS: Final = pl.Schema(
    {
        "name": pl.String(),
        # What the filter did, the last day it did, what it does now, the first day it did.
        "was": pl.String(),
        "until": pl.Date(),
        "now": pl.String(),
        "since": pl.Date(),
        "requests_before": pl.Int64(),
        "users_before": pl.Int64(),
        "requests": pl.Int64(),
        "users": pl.Int64(),
    }
)
#: Which sources and people can be compared with themselves.
_LIKE: Final = ("name", "source", "by_adult")


def flips(sites: pl.DataFrame) -> pl.DataFrame:
    """What has flipped, by domain, or by host where the rest of the domain has not; those with most requests first."""
    likely = _likely(sites)
    by_domain = _flipped(likely.drop_nulls("domain").with_columns(name="domain"))
    by_host = _flipped(likely.with_columns(name="host"))
    domains = likely.select("domain", name="host").unique()
    alone = by_host.join(domains, on="name").join(by_domain.select(domain="name"), on="domain", how="anti")
    return pl.concat([by_domain, alone.select(list(FLIPS))]).sort("requests", "name", descending=[True, False])


def _likely(sites: pl.DataFrame) -> pl.DataFrame:
    """The rows of the few hosts of which any may have flipped, with their domain.

    A host has one answer, nearly always; the last two labels stand in for the domain, which takes longer to find.
    """
    asked = sites.group_by("host", "verdict").agg(pl.col("events").sum())
    named = asked.with_columns(name=pl.coalesce(pl.col("host").str.extract(r"([^.]+\.[^.]+)$"), "host"))
    hosts = _answered_in_two_ways(named)["host"].unique()
    domains = pl.DataFrame({"host": hosts, "domain": registrable_domains(hosts)})
    return sites.join(domains, on="host")


def _answered_in_two_ways(sites: pl.DataFrame) -> pl.DataFrame:
    """The rows of the names that had two answers, both often enough: nearly all sites have one."""
    answers = sites.group_by("name", "verdict").agg(pl.col("events").sum())
    often = answers.filter(pl.col("events") >= LEAST_REQUESTS)
    two = often.group_by("name").len().filter(pl.col("len") > 1)
    return sites.join(two, on="name", how="semi")


def _flipped(sites: pl.DataFrame) -> pl.DataFrame:
    rows = _answered_in_two_ways(sites)
    days: list[date] = sorted(rows["day"].unique())
    # Day by day: there are three weeks of them, and each is a query over the few sites that are left.
    parted = [pl.DataFrame(schema=FLIPS | {"share": pl.Float64()}), *(_parted(rows, day) for day in days[1:])]
    best = pl.concat(parted).sort("name", "share", "since", descending=[False, True, False])
    return best.unique("name", keep="first", maintain_order=True).select(list(FLIPS))


def _parted(rows: pl.DataFrame, since: date) -> pl.DataFrame:
    """What flipped if it was on this day, and how clearly: the lesser share of the two sides."""
    sided = rows.with_columns(after=pl.col("day") >= since)
    both = sided.filter(pl.col("after").n_unique().over(_LIKE) > 1)
    answers = both.group_by("name", "after", "verdict").agg(
        pl.col("events").sum(), pl.col("users").bitwise_or().bitwise_count_ones(),
        first=pl.col("day").min(), last=pl.col("day").max(),
    )  # fmt: skip
    clear = answers.with_columns(share=pl.col("events") / pl.col("events").sum().over("name", "after")).filter(
        (pl.col("share") >= SHARE) & (pl.col("events") >= LEAST_REQUESTS) & (pl.col("users") >= LEAST_USERS)
    )
    before = clear.filter(~pl.col("after")).select(
        "name", was="verdict", until="last", requests_before="events", users_before="users", share_before="share"
    )
    after = clear.filter("after").select(
        "name", now="verdict", since="first", requests="events", users="users", share_after="share"
    )
    found = before.join(after, on="name").filter(pl.col("was") != pl.col("now"))
    shared = found.with_columns(share=pl.min_horizontal("share_before", "share_after"))
    return shared.select(*FLIPS, "share").cast(FLIPS)
