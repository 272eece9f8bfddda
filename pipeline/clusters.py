"""What much of a class did together: one category, in one lesson or within half an hour.

In: the hits of some days with level, text, subject, lesson and class; their drafts; how many pupils each class has; the
categories. Out: rows of `schema.CLUSTERS`. Refuses nothing. Pure: the same hits and drafts give the same clusters in
whatever order. No draft is changed or dropped: a cluster says only which of them may be shown together.

Never part of one: a category about a child at risk or for the police (`Category.never_lowered`), an event that met
such a category too, a draft that holds one, and what staff do. Of children at risk a cluster knows only which drafts
lie beside it; of what is for the police it knows nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import timedelta

import polars as pl

from pipeline.lists.withheld import SECRET
from pipeline.schema import CLUSTER_TEXT, CLUSTERS, LEVELS, STAFF_ROLES, conform
from pipeline.urgency.apart import with_apart
from pipeline.watchlist import Category

#: Friends are few, and never half of a class: so many pupils and half of them, or it is not the class that did it.
FEWEST_PUPILS = 5
HALF_HOUR = timedelta(minutes=30)
#: A text is the class's, and no one pupil's, if so many have it. The texts that most have are told.
_FEWEST_ALIKE, _MOST_TEXTS = 3, 6
#: One draft by itself needs nobody to put it together with anything.
_FEWEST_DRAFTS = 2
#: As surely as a pupil may be named, and counted.
_NAMED = ("authenticated", "mapped")
#: A path or a query may hold anything, also an account; a text of these is what a person wrote or a site's name.
_TOLD_FIELDS = ("search_text", "typed_text", "title", "host")
_PLACE = ("site", "day", "class", "lesson", "category", "window")
_WHOSE = ("site", "day", "subject", "category")
_IS_STAFF = pl.col("role").str.to_lowercase().is_in(STAFF_ROLES).fill_null(value=False)


def clusters(
    hits: pl.DataFrame, drafts: pl.DataFrame, class_sizes: Mapping[str, int], categories: Mapping[str, Category]
) -> pl.DataFrame:
    """The clusters in order of time. `hits` are all of these days; they have `day`, `lesson_class`, `lowered_for`."""
    acts = _acts(hits, categories)
    placed = _numbered(_windowed(_of_many(acts, class_sizes)))
    found = _of_a_class(placed)
    placed = placed.join(found.select("cluster_id"), on="cluster_id", how="semi")
    members = _members(found, placed, drafts, categories)
    apart = with_apart(members, acts, placed, _helped(hits, categories), _tellable(drafts, categories))
    told = (
        found.join(_texts(placed), on="cluster_id", how="left")
        .join(apart, on="cluster_id", how="left")
        .join(_beside(found, placed, drafts, categories), on="cluster_id", how="left")
    )
    lists = ("texts", "common", "drafts", "beside")
    table = conform(told.drop("window", "rank"), CLUSTERS).with_columns(pl.col(lists).fill_null([]))
    wanted = (pl.col("drafts").list.len() >= _FEWEST_DRAFTS) | (pl.col("lowered") > 0)
    return table.filter(wanted).sort("first_ts", "class", "category", "cluster_id")


def _closed(categories: Mapping[str, Category]) -> list[str]:
    """About a child at risk or for the police; to look for help is neither."""
    return [each.id for each in categories.values() if each.never_lowered and not each.help_seeking]


def _acts(hits: pl.DataFrame, categories: Mapping[str, Category]) -> pl.DataFrame:
    """The hits that may be something a class does."""
    closed = hits.filter(pl.col("category").is_in(_closed(categories)))
    is_open = pl.col("category").is_in([each.id for each in categories.values() if not each.never_lowered])
    rank = pl.col("level").replace_strict(LEVELS, list(range(len(LEVELS))), return_dtype=pl.Int64)
    return (
        hits.filter(is_open & ~_IS_STAFF & (pl.col("level") != "record"))
        .join(closed.select("event_id"), on="event_id", how="anti")
        .with_columns(pl.coalesce("lesson_class", "class").alias("class"))
        .drop_nulls("class")
        .select(
            *_WHOSE, "class", "lesson", "ts", "hit_id", "field", "rule_id", "text", "lowered_for", rank=rank,
            is_named=(pl.col("subject_kind") == "person") & pl.col("who").is_in(_NAMED),
            is_mapped=pl.col("who") == "mapped",
        )
        .sort("ts", "hit_id")
    )  # fmt: skip


def _helped(hits: pl.DataFrame, categories: Mapping[str, Category]) -> pl.DataFrame:
    """Who looked for help on which day."""
    helping = [each.id for each in categories.values() if each.help_seeking]
    return hits.filter(pl.col("category").is_in(helping)).select("site", "day", "subject").unique()


def _of_many(acts: pl.DataFrame, class_sizes: Mapping[str, int]) -> pl.DataFrame:
    """Only what so many of a class did on one day, in the same lesson or outside all, that they may be the class."""
    pupils = pl.col("subject").filter("is_named").n_unique().over("site", "day", "class", "lesson", "category")
    return acts.join(_sizes(class_sizes), on="class", maintain_order="left").filter(pupils >= pl.col("fewest"))


def _sizes(class_sizes: Mapping[str, int]) -> pl.DataFrame:
    """How many pupils each class has, and how many of them are the class."""
    return pl.DataFrame(
        [(of, size, max(FEWEST_PUPILS, (size + 1) // 2)) for of, size in class_sizes.items()],
        schema={"class": pl.String, "class_size": pl.Int64, "fewest": pl.Int64}, orient="row",
    )  # fmt: skip


def _windowed(acts: pl.DataFrame) -> pl.DataFrame:
    """The acts of lessons, and of those outside them what lies in a half hour in which the class did it.

    `window` is the beginning of that half hour; in a lesson there is none.
    """
    free = acts.filter(pl.col("lesson").is_null())
    windows = [pl.DataFrame(schema={**acts.schema, "window": acts.schema["ts"]})]
    # Group by group, because a half hour begins wherever most of the class are in it; few classes have so many pupils.
    for _, group in free.group_by("site", "day", "class", "category", maintain_order=True):
        windows += _half_hours(group)
    taught = acts.drop_nulls("lesson").with_columns(window=pl.lit(None, acts.schema["ts"]))
    return pl.concat([taught, *windows])


def _half_hours(group: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The busiest half hour, then that of what is left, while so many pupils are in it."""
    fewest = group["fewest"][0]
    while group.filter("is_named")["subject"].n_unique() >= fewest:
        counted = group.rolling("ts", period=HALF_HOUR, offset=timedelta(0), closed="both").agg(
            pupils=pl.col("subject").filter("is_named").n_unique()
        )
        if (most := counted["pupils"].arg_max()) is None or counted["pupils"][most] < fewest:
            return
        begins = counted["ts"][most]
        within = pl.col("ts").is_between(begins, begins + HALF_HOUR)
        yield group.filter(within).with_columns(window=pl.lit(begins, group.schema["ts"]))
        group = group.filter(~within)


def _numbered(placed: pl.DataFrame) -> pl.DataFrame:
    """The acts with the id of what may be a cluster."""
    keys = placed.select(_PLACE).unique(maintain_order=True)
    named = ["|".join("" if part is None else str(part) for part in row) for row in keys.iter_rows()]
    ids = keys.with_columns(cluster_id=pl.Series([_short_hash(each) for each in named], dtype=pl.String))
    return placed.join(ids, on=_PLACE, how="left", nulls_equal=True, maintain_order="left")


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _of_a_class(placed: pl.DataFrame) -> pl.DataFrame:
    """A row for each place where so many pupils were that it is the class: how many, how sure, how far they went."""
    each = placed.group_by("cluster_id", "subject").agg(
        pl.col("is_named").any(), pl.col("is_mapped").all(), pl.col("rank").min(),
        is_lowered=pl.col("lowered_for").is_not_null().any(),
    )  # fmt: skip
    named = pl.col("is_named")
    counts = each.group_by("cluster_id").agg(
        pupils=named.sum(), nameless=(~named).sum(),
        mapped=(named & pl.col("is_mapped")).sum(), lowered=(named & pl.col("is_lowered")).sum(),
        # What at least half of them reached.
        rank=pl.col("rank").filter("is_named").quantile(0.5, "lower").cast(pl.Int64),
    )  # fmt: skip
    return (
        placed.group_by("cluster_id", *_PLACE, "class_size", "fewest")
        .agg(
            first_ts=pl.col("ts").min(), last_ts=pl.col("ts").max(),
            fields=pl.col("field").unique().sort(), rules=pl.col("rule_id").unique().sort(),
            lowered_for=pl.col("lowered_for").drop_nulls().unique().sort(),
        )
        .join(counts, on="cluster_id")
        .filter(pl.col("pupils") >= pl.col("fewest"))
        .with_columns(level=pl.col("rank").replace_strict(list(range(len(LEVELS))), LEVELS, return_dtype=pl.String))
        .drop("fewest")
    )  # fmt: skip


def _texts(placed: pl.DataFrame) -> pl.DataFrame:
    """What the same words, in whatever letters, were to at least three of them."""
    text = pl.col("text").str.to_lowercase().str.split(" ").list.eval(pl.element().filter(pl.element() != ""))
    packed = pl.struct("text", pl.col("subjects").cast(pl.Int64)).cast(CLUSTER_TEXT)
    return (
        placed.filter(pl.col("field").is_in(_TOLD_FIELDS) & (pl.col("text") != SECRET))
        .group_by("cluster_id", text=text.list.join(" "))
        .agg(subjects=pl.col("subject").n_unique())
        .filter(pl.col("subjects") >= _FEWEST_ALIKE)
        .sort("subjects", "text", descending=[True, False])
        .group_by("cluster_id", maintain_order=True)
        .agg(texts=packed.head(_MOST_TEXTS))
    )


def _members(
    found: pl.DataFrame, placed: pl.DataFrame, drafts: pl.DataFrame, categories: Mapping[str, Category]
) -> pl.DataFrame:
    """The drafts of each cluster, each in the one in which most of it lies, with what is known of the cluster."""
    may = [each.id for each in categories.values() if not each.never_lowered or each.help_seeking]
    all_open = pl.col("categories").list.eval(pl.element().is_in(may)).list.all()
    open_drafts = drafts.filter(all_open & (pl.col("route") != "illegal"))
    of = ("cluster_id", "lesson", "pupils", "nameless", "rank", "first_ts", "last_ts")
    acted = placed.select(*_WHOSE, "cluster_id", act="ts")
    return (
        open_drafts.select(*_WHOSE, "draft_id", "level", "reasons", "hits", begins="first_ts", ends="last_ts")
        .join(acted, on=_WHOSE)
        .filter(pl.col("act").is_between("begins", "ends"))
        .group_by("draft_id", "cluster_id")
        .agg(acts=pl.len(), **{name: pl.col(name).first() for name in (*_WHOSE, "level", "reasons", "hits", "begins")})
        .join(found.select(of), on="cluster_id")
        .sort("acts", "first_ts", "cluster_id", descending=[True, False, False])
        .unique("draft_id", keep="first", maintain_order=True)
        .sort("begins", "draft_id")
    )


def _tellable(drafts: pl.DataFrame, categories: Mapping[str, Category]) -> pl.DataFrame:
    """The drafts without those that are for the police, also in part: of these nothing is said elsewhere."""
    illegal = [each.id for each in categories.values() if each.route == "illegal"]
    is_secret = pl.col("categories").list.eval(pl.element().is_in(illegal)).list.any()
    return drafts.filter(~is_secret & (pl.col("route") != "illegal"))


def _beside(
    found: pl.DataFrame, placed: pl.DataFrame, drafts: pl.DataFrame, categories: Mapping[str, Category]
) -> pl.DataFrame:
    """The drafts about a child at risk, in the same lesson, or of the class or one who did the same, at that time."""
    at_risk = [each for each in _closed(categories) if categories[each].route != "illegal"]
    holds = pl.col("categories").list.eval(pl.element().is_in(at_risk)).list.any()
    told = _tellable(drafts, categories).filter(holds & ~_IS_STAFF)
    subjects = placed.select("cluster_id", "subject").unique().with_columns(is_member=pl.lit(value=True))
    of_class = pl.col("is_member").fill_null(value=False) | (pl.col("own_class") == pl.col("class"))
    same_lesson = (pl.col("own_lesson") == pl.col("lesson")).fill_null(value=False)
    at_that_time = (pl.col("begins") <= pl.col("last_ts")) & (pl.col("ends") >= pl.col("first_ts"))
    return (
        told.select(
            "site", "day", "subject", "draft_id", own_class="class", own_lesson="lesson",
            begins="first_ts", ends="last_ts",
        )
        .join(found.select("cluster_id", "site", "day", "class", "lesson", "first_ts", "last_ts"), on=["site", "day"])
        .join(subjects, on=["cluster_id", "subject"], how="left")
        .filter(same_lesson | (of_class & at_that_time))
        .sort("begins", "draft_id")
        .group_by("cluster_id", maintain_order=True)
        .agg(beside="draft_id")
    )  # fmt: skip
