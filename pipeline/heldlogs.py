"""What the lake holds on one person: events under their accounts or from what is theirs, hits in these, counts, drafts.

In: the lake and its ledger, the accounts, who is who, categories that are withheld. Out: tables, and how many events
were found: those that are given and those that are held back, because what may be illegal is not copied. Refuses
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from pipeline import lake
from pipeline.addresses import holding_ranges, normalise_addresses
from pipeline.errors import InvariantError
from pipeline.events import complete
from pipeline.lake import Lake
from pipeline.ledger import Ledger
from pipeline.schema import DRAFTS, LED_TO, STATUTORY, STORED_EVENTS, USER_COUNTS
from pipeline.who import Who, with_subjects
from pipeline.withheld import tells

#: Columns in which somebody else may be named: what was typed, and addresses.
_TEXTS: Final = ("host", "path", "query", "url", "search_text", "typed_text", "title", "referrer")
_HIT: Final = ("event_id", "rule_id", "category", "field", "view", "weight")
#: Columns that may hold the address of a site.
_ADDRESSES: Final = ("host", "url", "referrer")
#: Fields that hold the words of a person, and no address.
_OWN_WORDS: Final = ("search_text", "typed_text", "title")
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


def held_on(
    place: Lake, ledger: Ledger, accounts: frozenset[str], who: Who, zone: ZoneInfo, secret: frozenset[str],
    kept_back: frozenset[str], mask: Callable[[str], str],
) -> Held:  # fmt: skip
    """All of it. `secret` are categories, `kept_back` drafts that are withheld; `mask` takes out who else is named."""
    units = [unit.unit_id for unit in ledger.units()]
    stored = lake.rows(place, units, "events", STORED_EVENTS, pl.col("user").is_in(sorted(accounts)))
    events = complete(pl.concat([stored, _tied(place, units, accounts, who, zone)])).sort("ts", "event_id")
    ids = events["event_id"].implode()
    hits = lake.rows(place, units, "hits", _HIT, pl.col("event_id").is_in(ids))
    found = hits.filter(pl.col("category").is_in(sorted(secret)) | (pl.col("view") == STATUTORY))
    # What else came from such a site would tell what it was; neither a search engine nor a redirector is one.
    is_site = ~pl.col("field").is_in(_OWN_WORDS) & pl.col("view").ne_missing(LED_TO)
    withheld, met = found["event_id"], found.filter(is_site)["event_id"]
    hosts = events.filter(pl.col("event_id").is_in(met.implode()))["host"].drop_nulls().unique()
    named = [tells(pl.col(name), hosts.str.to_lowercase().to_list()) for name in _ADDRESSES]
    is_secret = pl.any_horizontal(pl.col("event_id").is_in(withheld.implode()), *named)
    given = _masked(events.filter(~is_secret), mask)
    if given.height + events.filter(is_secret).height != events.height:
        raise InvariantError("events were lost on the way into a copy.", remedy="This is a defect in the program.")
    drafts = _of(lake.read_days(place, "drafts", DRAFTS), accounts)
    is_back = pl.col("draft_id").is_in(sorted(kept_back)) | _secret(secret)
    back, drafts = drafts.filter(is_back), drafts.filter(~is_back)
    of_back = back.select(pl.col("hits").explode()).select(pl.col("hits").struct.field("event_id"))["event_id"]
    hits = hits.filter(
        pl.col("event_id").is_in(given["event_id"].implode()) & ~pl.col("event_id").is_in(of_back.implode())
    )
    hits = hits.drop("view").sort("event_id", "rule_id", "field")
    counts = _of(lake.read_days(place, "user_counts", USER_COUNTS), accounts)
    counts = counts.filter(~pl.col("category").is_in(sorted(secret) + back["categories"].explode().to_list()))
    return Held(given, hits, counts, _told(drafts, mask), events.height, events.height - given.height)


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
