"""What the lake holds on one person: events under their accounts or from what is theirs, hits in these, counts, drafts.

In: the lake and its units, the accounts, who is who, categories that are withheld. Out: tables, and how many events
were found: those that are given and those that are held back, because what may be illegal is not copied; and what
`heldlines` and `heldclusters` go by. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from pipeline import lake
from pipeline.dataprotection.heldback import OWN_WORDS, sites_met
from pipeline.errors import InvariantError
from pipeline.lake import Lake
from pipeline.lists.withheld import tells
from pipeline.schema import DRAFTS, STATUTORY, STORED_EVENTS, USER_COUNTS
from pipeline.school.addresses import holding_ranges, normalise_addresses
from pipeline.store.events import complete
from pipeline.text import as_text
from pipeline.who import Who, with_subjects

#: Columns in which somebody else may be named: what was typed, and addresses.
_TEXTS: Final = ("host", "path", "query", "url", "search_text", "typed_text", "title", "referrer")
_HIT: Final = ("event_id", "rule_id", "category", "field", "view", "weight")
#: Columns that may hold the address of a site.
_ADDRESSES: Final = ("host", "url", "referrer")
#: Of a hit of a draft: its original line.
_LINE: Final = ("event_id", "source_sha256", "line", "raw")
_OF_ONE: Final = ("person", "account")


@dataclass(frozen=True)
class Held:
    """What was found. `found` = rows of `events` + `kept_back`."""

    events: pl.DataFrame
    hits: pl.DataFrame
    counts: pl.DataFrame
    drafts: pl.DataFrame
    found: int
    kept_back: int
    #: The ids of the events that are held back, and the hosts that tell what they were.
    withheld: pl.Series
    hosts: list[str]
    #: The days of drafts that are held back.
    untold: frozenset[date]
    #: The original lines of hits that drafts show: event_id, source_sha256, line, because, raw.
    draft_lines: pl.DataFrame


def held_on(
    place: Lake, units: list[str], accounts: frozenset[str], who: Who, zone: ZoneInfo, secret: frozenset[str],
    kept_back: frozenset[str], mask: Callable[[str], str],
) -> Held:  # fmt: skip
    """All of it. `secret` are categories, `kept_back` drafts that are withheld; `mask` takes out who else is named."""
    stored = lake.rows(place, units, "events", STORED_EVENTS, pl.col("user").is_in(sorted(accounts)))
    events = complete(pl.concat([stored, _tied(place, units, accounts, who, zone)])).sort("ts", "event_id")
    hits = lake.rows(place, units, "hits", _HIT, pl.col("event_id").is_in(events["event_id"].implode()))
    drafts = _of(lake.read_days(place, "drafts", DRAFTS), accounts)
    is_secret, hosts = _withheld(events, hits, secret)
    # Of a draft that is withheld all is, also what is of no such category by itself.
    is_secret |= events["event_id"].is_in(_hits(drafts.filter(_secret(secret)))["event_id"].implode())
    given, withheld = _masked(events.filter(~is_secret), mask), events.filter(is_secret)["event_id"]
    if given.height + len(withheld) != events.height:
        raise InvariantError("events were lost on the way into a copy.", remedy="This is a defect in the program.")
    is_back = pl.col("draft_id").is_in(sorted(kept_back)) | _secret(secret)
    back, drafts = drafts.filter(is_back), drafts.filter(~is_back)
    is_told = pl.col("event_id").is_in(given["event_id"].implode())
    hits = hits.filter(is_told & ~pl.col("event_id").is_in(_hits(back)["event_id"].implode())).drop("view")
    counts = _of(lake.read_days(place, "user_counts", USER_COUNTS), accounts)
    counts = counts.filter(~pl.col("category").is_in(sorted(secret) + back["categories"].explode().to_list()))
    return Held(
        given, hits.sort("event_id", "rule_id", "field"), counts, _told(drafts, mask), events.height, len(withheld),
        withheld, hosts, frozenset(back["day"]), _draft_lines(drafts, back, withheld, secret),
    )  # fmt: skip


def _withheld(events: pl.DataFrame, hits: pl.DataFrame, secret: frozenset[str]) -> tuple[pl.Series, list[str]]:
    """Of each event whether it is withheld; and the hosts that tell it: what else came from there would, too."""
    found = hits.filter(pl.col("category").is_in(sorted(secret)) | (pl.col("view") == STATUTORY))
    met = events.filter(pl.col("event_id").is_in(sites_met(found).implode()))["host"].drop_nulls()
    hosts = sorted(set(met.str.to_lowercase()))
    named = [tells(pl.col(name), hosts) for name in _ADDRESSES]
    is_found = pl.col("event_id").is_in(found["event_id"].implode())
    return events.select(pl.any_horizontal(is_found, *named)).to_series(), hosts


def _tied(place: Lake, units: list[str], accounts: frozenset[str], who: Who, zone: ZoneInfo) -> pl.DataFrame:
    """Stored events that name nobody and come from a device or an address that is tied to the person on that day."""
    ties = who.devices.table.filter(pl.col("username").is_in(sorted(accounts)))
    if ties.is_empty():
        return pl.DataFrame(schema=STORED_EVENTS)
    with lake.connected(place, units, ("events",)) as connection:
        clients = lake.ask(connection, "nameless_clients")
    clients = clients.with_columns(address=normalise_addresses(clients["client_ip"]))
    held = holding_ranges(clients["address"], ties["address"])["address"]
    addresses = clients.filter(pl.col("address").is_in(held.implode()))["client_ip"]
    device = pl.col("device").str.strip_chars().str.to_lowercase()
    theirs = device.is_in(ties["device"].drop_nulls().implode()) | pl.col("client_ip").is_in(addresses.implode())
    stored = lake.rows(place, units, "events", STORED_EVENTS, pl.col("user").is_null() & theirs)
    rows = stored.with_columns(day=pl.col("ts").dt.convert_time_zone(zone.key).dt.date())
    mine = _of(with_subjects(rows, who, rows.clear()), accounts)
    return stored.join(mine, on=("source_sha256", "line"), how="semi")


def _of(table: pl.DataFrame, accounts: frozenset[str]) -> pl.DataFrame:
    subjects = [f"{kind}:{account}" for kind in _OF_ONE for account in sorted(accounts)]
    return table.filter(pl.col("subject").is_in(subjects))


def _draft_lines(drafts: pl.DataFrame, back: pl.DataFrame, withheld: pl.Series, secret: frozenset[str]) -> pl.DataFrame:
    """The original lines that the drafts show. Drafts outlive their events: what must not be told of these, the drafts
    that are held back know as well."""
    unsaid = _hits(back)
    met = unsaid.filter(pl.col("category").is_in(sorted(secret)) & ~pl.col("field").is_in(OWN_WORDS))["host"]
    lines = _hits(drafts).drop_nulls("raw")
    text = pl.Series([as_text(raw) for raw in lines["raw"]], dtype=pl.String)
    told = ~lines.select(tells(pl.lit(text), sorted(set(met.drop_nulls().str.to_lowercase())))).to_series()
    ids = pl.concat([unsaid["event_id"], withheld])
    return lines.filter(told & ~lines["event_id"].is_in(ids.implode())).select(*_LINE, because=pl.lit("hit"))


def _hits(drafts: pl.DataFrame) -> pl.DataFrame:
    return drafts.select(pl.col("hits").explode().drop_nulls()).unnest("hits")


def _secret(secret: frozenset[str]) -> pl.Expr:
    """Whether a draft has anything of a category that is withheld."""
    return pl.col("categories").list.eval(pl.element().is_in(sorted(secret))).list.any()


def _masked(table: pl.DataFrame, mask: Callable[[str], str]) -> pl.DataFrame:
    """Every text once: the same page is opened many times."""
    columns = []
    for name in _TEXTS:
        texts = table[name].drop_nulls().unique()
        instead = {text: hidden for text in texts if (hidden := mask(text)) != text}
        columns.append(pl.col(name).replace(instead) if instead else pl.col(name))
    return table.with_columns(columns)


def _told(drafts: pl.DataFrame, mask: Callable[[str], str]) -> pl.DataFrame:
    """A draft as a row of plain text; its hits are in the other tables."""
    plain = ("draft_id", "day", "who", "what", "class", "first_ts", "last_ts", "level", "category")
    sentences = (
        pl.col(name).list.join("; ").map_elements(mask, return_dtype=pl.String) for name in ("reasons", "facts")
    )
    return drafts.select(*plain, *sentences).sort("day", "draft_id")
