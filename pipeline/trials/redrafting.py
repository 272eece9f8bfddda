"""Which drafts would the rules of now make of days that were drafted before, and how do they differ from those of then?

In: a lake in which other hits stand in place of those of the store, the units, the rules; and for the comparison, two
tables of `schema.DRAFTS`. Out: drafts as a night makes them, what became of the hits, and one row for each draft that
appears, vanishes or changes: by id, category and level, never with a name. Writes nothing, and refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import polars as pl

from pipeline.daily.drafts import Drafted, draft
from pipeline.lake import Lake
from pipeline.rules import Rules
from pipeline.schema import conform

#: A row of the comparison. `draft_id` is the id of now, of a draft that vanishes the one of then; `other` is the draft
#: on the other side that holds some of its events, where that has another id.
CHANGES: Final = pl.Schema(
    {
        "change": pl.String, "draft_id": pl.String, "day": pl.Date, "category_before": pl.String,
        "level_before": pl.String, "category": pl.String, "level": pl.String, "other": pl.String,
    }
)  # fmt: skip
_TABLES: Final = ("drafts", "clusters", "became")
#: So many drafts of a kind are told a person one by one.
_MOST_TOLD: Final = 50
#: What is said of the draft on the other side.
_OTHER: Final = {"changes": "it was {}", "appears": "part of {} before", "vanishes": "part of {} now"}


def redrafted(place: Lake, units_of: dict[date, list[str]], rules: Rules) -> Drafted:
    """The drafts of some days, each of its units. A loop over days, so that memory does not grow with their number."""
    bounds = rules.flagging.bounds
    made = [draft(place, units, [day], rules.who, rules.drafting, bounds) for day, units in sorted(units_of.items())]
    whole = [Drafted(), *made]
    drafts, clusters, became = (pl.concat(getattr(each, name) for each in whole) for name in _TABLES)
    return Drafted(drafts, clusters, became)


def compared(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """`CHANGES`, in the order of kind, day and id.

    Where the first hit of an episode is another one now, its draft has another id: then the events tell which it was.
    """
    shared = _shared(before, after)
    same = before.join(after, on="draft_id", how="semi")["draft_id"].implode()
    free = shared.filter(~pl.col("draft_id").is_in(same) & ~pl.col("was").is_in(same))
    one_to_one = free.unique("was", keep="first", maintain_order=True).unique("draft_id", keep="first")
    pairs = pl.concat([before.select("draft_id", was="draft_id").filter(pl.col("draft_id").is_in(same)), one_to_one])
    now = after.select("draft_id", "day", "category", "level").join(pairs, on="draft_id", how="left")
    then = before.select("day", was="draft_id", category_before="category", level_before="level")
    both = now.join(then.drop("day"), on="was", how="inner").filter(
        (pl.col("level") != pl.col("level_before")) | (pl.col("category") != pl.col("category_before"))
    )
    new = now.filter(pl.col("was").is_null()).drop("was").join(_first(shared, "draft_id"), on="draft_id", how="left")
    gone = then.join(pairs, on="was", how="anti").join(_first(shared, "was"), on="was", how="left")
    sides = {
        "changes": both.with_columns(other=pl.when(pl.col("was") != pl.col("draft_id")).then("was")),
        "appears": new.rename({"was": "other"}),
        "vanishes": gone.rename({"draft_id": "other", "was": "draft_id"}),
    }
    rows = [conform(side.drop("was", strict=False).with_columns(change=pl.lit(name)), CHANGES)
            for name, side in sides.items()]  # fmt: skip
    return pl.concat(rows).sort("change", "day", "draft_id")


def _shared(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """draft_id and was: the drafts of now and of then that hold a same event, in the order of time."""
    then, now = (
        side.select("draft_id", "first_ts", event=pl.col("hits").list.eval(pl.element().struct.field("event_id")))
        .explode("event")
        .unique()
        for side in (before, after)
    )
    both = now.join(then.rename({"draft_id": "was", "first_ts": "was_first"}), on="event", how="inner")
    return both.sort("first_ts", "was_first", "draft_id", "was").select("draft_id", "was").unique(maintain_order=True)


def _first(shared: pl.DataFrame, side: str) -> pl.DataFrame:
    return shared.unique(side, keep="first", maintain_order=True)


def as_lines(changes: pl.DataFrame, drafts: int) -> Iterator[str]:
    """The comparison for a person; `drafts` are those that the rules of now make."""
    counts = dict(changes.group_by("change").len().iter_rows())
    appear, vanish, change = (counts.get(name, 0) for name in ("appears", "vanishes", "changes"))
    same = drafts - appear - change
    yield f"Drafts: {same} as before, {appear} would appear, {vanish} vanish, {change} have another level or category."
    for (name,), rows in changes.group_by("change", maintain_order=True):
        yield from (f"{name}: {_told(row)}" for row in rows.head(_MOST_TOLD).iter_rows(named=True))
        if rows.height > _MOST_TOLD:
            yield f"{name}: and {rows.height - _MOST_TOLD} more; --json has them all"


def _told(row: dict[str, Any]) -> str:
    """`draft 0a1b of 2026-11-10: gaming, medium -> high (it was draft 2c3d)`."""
    before, now = ((row[f"category{side}"], row[f"level{side}"]) for side in ("_before", ""))
    if row["change"] == "changes":
        what = _turned(before[0], now[0]) + ", " + _turned(before[1], now[1])
    else:
        what = ", ".join(now if row["change"] == "appears" else before)
    told = f"draft {row['draft_id']} of {row['day']}: {what}"
    return f"{told} ({_OTHER[row['change']].format(row['other'])})" if row["other"] else told


def _turned(before: str, now: str) -> str:
    return now if before == now else f"{before} -> {now}"


def set_aside_lines(became: pl.DataFrame) -> Iterator[str]:
    """How many hits each exclusion would set aside, for a person."""
    aside = became.drop_nulls("exclusion").group_by("exclusion", "reason", "owner").agg(pl.col("hits").sum())
    for reason, owner, hits in aside.sort("owner", "reason").select("reason", "owner", "hits").iter_rows():
        yield f"set aside: {hits} {'hit' if hits == 1 else 'hits'}, by the exclusion {reason!r} of {owner}"
