"""Everything that is held on one person, as it may be handed out: of the lake, the casebook and the school's lists.

In: the store, the casebook, who asks about whom, who is who, the watchlists. Out: `Gathered`: tables in which others
are masked, and how much was found and how much is kept back. Refuses nothing: who may ask,
`casebook.dataprotection.held` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from casebook.access import Access, Actor
from casebook.dataprotection import held, heldregisters
from casebook.store import Casebook
from pipeline.dataprotection import heldclusters, heldlines, heldlogs
from pipeline.dataprotection.heldback import Withheld, withheld_in
from pipeline.dataprotection.heldlines import Lines
from pipeline.lake import Lake
from pipeline.store.ledgerfile import copied_ledger
from pipeline.watchlist import Watchlists
from pipeline.who import Who
from reports.subject.masking import masks, through_escapes
from reports.subject.naming import Naming, naming

_ILLEGAL: Final = "illegal"
_NAMED: Final = ("username", "display_name", "role")

_Listed = list[tuple[str, str]]


@dataclass(frozen=True)
class Asked:
    """Who asks about which accounts, which incidents are left out, and what the school knows of everybody."""

    access: Access
    actor: Actor
    accounts: frozenset[str]
    without: frozenset[str]
    who: Who
    lists: Watchlists
    zone: ZoneInfo
    now: datetime

    def own(self, table: pl.DataFrame) -> pl.DataFrame:
        """The rows of a list of the school that are theirs."""
        return table.filter(pl.col("username").is_in(sorted(self.accounts)))


@dataclass(frozen=True)
class Gathered:
    """All that is held. `people` and `devices` are the rows of the school's lists."""

    people: pl.DataFrame
    devices: pl.DataFrame
    cases: held.Held
    logs: heldlogs.Held
    lines: Lines
    unread: Lines
    together: pl.DataFrame
    registers: Lines


def gathered(folder: Lake, book: Casebook, asked: Asked) -> Gathered:
    """All of it. Raises `CasebookError` for an incident that is left out and is not among it, `StoreError`."""
    people, accounts, lists = asked.who.people.table.select(_NAMED), asked.accounts, asked.lists
    with copied_ledger(folder.root, asked.now.date()) as ledger:
        units = [unit.unit_id for unit in ledger.units()]
    logins, staff = heldlines.accounts_in(folder, units), _staff(asked.access)
    named = _naming([*people.select(_NAMED[:2]).rows(), *staff], logins, accounts)
    # In a case they may stand under their name, if they were entered before the people file had them.
    known = accounts | named.names
    with book.reading() as connection:
        others = [*((account, "") for account in held.others(connection, known)), *staff]
        hiding = masks(people, others, accounts)
        cases = held.held_on(connection, asked.access, asked.actor, known, asked.without, hiding.written)
        person = heldregisters.person_of(asked.access, accounts, named.names)
        entered = heldregisters.registers_on(connection, person, asked.zone, asked.now)
    secret = frozenset(name for name, each in lists.categories.items() if each.route == _ILLEGAL)
    logs = heldlogs.held_on(folder, units, accounts, asked.who, asked.zone, secret, cases.kept_back, hiding.typed)
    withheld = withheld_in(folder, units, lists, secret)
    # Of a line that nobody could read it is not known which word is an account.
    strict = masks(people, [*others, *((account, "") for account in logins)], accounts).written
    return Gathered(
        asked.own(asked.who.people.table), asked.own(asked.who.devices.table), cases, logs,
        heldlines.of_events(folder, units, logs, through_escapes(hiding.typed)),
        heldlines.unread(folder, units, named, withheld.tells, through_escapes(strict)),
        heldclusters.together(folder, logs.drafts["draft_id"], logs.untold, hiding.written),
        _registers(entered, withheld, hiding.written),
    )  # fmt: skip


def _staff(access: Access) -> _Listed:
    """Account and name of everybody who works with the casebook, by each of their accounts."""
    return [(each, person.name) for person in access.staff for each in sorted(person.accounts)]


def _naming(listed: _Listed, logins: Iterable[str], accounts: frozenset[str]) -> Naming:
    """How the person is named. `listed`: account and name of everybody; `logins`: accounts that the logs know."""
    own = {name for account, name in listed if account in accounts and name}
    others = {name for account, name in listed if account not in accounts and name}
    return naming(accounts, own, others, {*logins, *(account for account, _ in listed)} - accounts)


def _registers(rows: list[dict[str, str]], withheld: Withheld, mask: Callable[[str], str]) -> Lines:
    """Without the requests and checks for sites that are withheld, or that speak of them."""
    table = pl.DataFrame(rows, schema=dict.fromkeys(heldregisters.COLUMNS, pl.String))
    told = withheld.tells(table.select(pl.concat_str(heldregisters.SAID, separator=" ")).to_series())
    masked = (pl.Series(name, [mask(text) for text in table[name]], dtype=pl.String) for name in heldregisters.SAID)
    return Lines(table.with_columns(masked).filter(~told), table.height, table.filter(told).height)
