"""What a draft must not say of an address on a secret list.

In: the hits of some days, and what happened around them. Out: the same without the address, its host, what else came
from that host, and the original lines: these stay in the lake, with the number of the line, and the draft has the hash
of all its lines. Refuses nothing.
"""

from __future__ import annotations

import polars as pl

from pipeline.schema import STATUTORY

#: What stands in the place of an address that nobody may see.
SECRET = "statutory list match"


def secret_hosts(hits: pl.DataFrame) -> list[str]:
    """The hosts of addresses on a secret list: what came from there before and after would tell the address."""
    met = hits.filter(pl.col("view") == STATUTORY)["host"].drop_nulls()
    return sorted(set(met.str.to_lowercase().str.strip_suffix(".")))


def tells(said: pl.Expr, hosts: list[str]) -> pl.Expr:
    """Whether a text names one of some hosts, in whatever letters and escapes of its dots."""
    if not hosts:
        return pl.lit(value=False)
    plain = said.str.to_lowercase().str.replace_all("%2e", ".", literal=True)
    return plain.str.contains_any(hosts).fill_null(value=False)


def without_secrets(hits: pl.DataFrame, hosts: list[str]) -> pl.DataFrame:
    """The hits without what would tell an address on a secret list."""
    if not hosts:
        return hits
    secret = (pl.col("view") == STATUTORY) | tells(pl.col("host"), hosts) | tells(pl.col("text"), hosts)
    told = pl.when(~secret)
    return hits.with_columns(
        *(told.then(name).alias(name) for name in ("host", "path", "query")),
        text=told.then("text").otherwise(pl.lit(SECRET)),
        start=told.then("start").otherwise(0), end=told.then("end").otherwise(0),
    )  # fmt: skip


def without_lines(hits: pl.DataFrame) -> pl.DataFrame:
    """The hits of which `without_secrets` has taken the text, without their original lines."""
    return hits.with_columns(raw=pl.when(pl.col("text").ne_missing(SECRET)).then("raw"))
