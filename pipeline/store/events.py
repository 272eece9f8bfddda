"""Stored events become events in full: everything that a URL decides is computed here and nowhere kept.

In: rows of `schema.STORED_EVENTS`. Out: rows of `schema.EVENTS` in the same order. Refuses nothing.
"""

from __future__ import annotations

import polars as pl

from pipeline.schema import EVENTS, conform
from pipeline.text import registrable_domains, url_parts
from pipeline.urls.search_terms import search_terms

_SHORT_SHA = 16


def complete(stored: pl.DataFrame) -> pl.DataFrame:
    """Add event_id, scheme, host, domain, path, query, search_engine and search_text; settle the kind.

    Words typed into a search engine make a row `typed`; a suggestion asked for at a keystroke is `background`.
    """
    parts = url_parts(stored["url"].drop_nulls().unique())
    addresses = parts.join(search_terms(parts), on="url", how="left")
    table = stored.rename({"host": "own_host"}).join(addresses, on="url", how="left", maintain_order="left")
    table = table.with_columns(host=pl.coalesce("own_host", "host"))
    table = table.with_columns(
        domain=registrable_domains(table["host"]), event_id=event_id(), kind=_kind(),
    ).drop("own_host", "half_typed")  # fmt: skip
    return conform(table, EVENTS)


def event_id() -> pl.Expr:
    """The name of an event: its file and its line. The same line of the same file has it on every machine."""
    return pl.col("source_sha256").str.slice(0, _SHORT_SHA) + pl.lit("-") + pl.col("line").cast(pl.String)


def _kind() -> pl.Expr:
    typed = pl.col("search_text").is_not_null() | pl.col("typed_text").is_not_null()
    return (
        pl.when(pl.col("half_typed"))
        .then(pl.lit("background"))
        .when(typed & (pl.col("kind") != "host-only"))
        .then(pl.lit("typed"))
        .otherwise("kind")
    )
