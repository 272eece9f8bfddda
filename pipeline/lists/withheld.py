"""What a draft must not say of an address on a secret list, nor beside it of what may be illegal.

In: the hits of some days, and what happened around them. Out: the same without the address, its host, what else came
from that host, and the original lines: these stay in the lake, with the number of the line, and the draft has the hash
of all its lines. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from pipeline.schema import LED_TO, STATUTORY

#: What stands in the place of an address that nobody may see.
SECRET = "statutory list match"
#: And beside another draft in that of a page of a site that may be illegal.
MAY_BE_ILLEGAL = "(withheld: it may be illegal)"
#: Fields that hold the words of a person: the host is then that of a search engine.
_OWN_WORDS = ("search_text", "typed_text", "title")


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


def tells_illegal(said: pl.Expr, hits: pl.DataFrame, categories: Collection[str]) -> pl.Expr:
    """Whether a text names a site, or is what was typed, in which hits of these categories are: it may be illegal."""
    found = hits.filter(pl.col("category").is_in(list(categories)))
    is_typed, is_site = pl.col("field").is_in(_OWN_WORDS), pl.col("view").ne_missing(LED_TO)
    hosts = found.filter(~is_typed & is_site)["host"].drop_nulls().str.to_lowercase().str.strip_suffix(".")
    typed = found.filter(is_typed)["text"].drop_nulls()
    return tells(said, sorted(set(hosts) - {""})) | said.is_in(typed.unique().to_list()).fill_null(value=False)


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
