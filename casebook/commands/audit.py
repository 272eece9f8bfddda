"""`esafety audit`: has anybody changed the history, who looked at what, and is an earlier copy to go on being used."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from casebook import noted, verifying
from casebook.commands.opening import CONFIG, JSON, REASON, asking, opened
from casebook.display.looks import looks
from casebook.kinds import said
from casebook.store import opened_casebook, url_of
from pipeline.config import load_settings
from pipeline.output.saying import NEEDS_ATTENTION, say, tell
from pipeline.store.ledgerfile import copied_ledger


@click.group()
def audit() -> None:
    """Ask the history of the casebook."""


@audit.command()
@CONFIG
@click.option("--head", "heads", multiple=True, metavar="ACTIONS:HASH",
              help="A head that was written down elsewhere: so many actions, and the hash of the last.")  # fmt: skip
@JSON
def verify(config: Path, heads: tuple[str, ...], *, as_json: bool) -> None:
    """Has anybody changed the history?

    Every row is looked at: was any changed, taken away, put in or moved? Exit code 2 if so.
    """
    settings = load_settings(config)
    with copied_ledger(settings.store.folder, datetime.now(UTC).date()) as ledger:
        heads_of_nights = [(each.actions, each.head) for each in ledger.noted_heads()]
    with opened_casebook(url_of(settings)) as book:
        verdict = verifying.verify(book, [*heads_of_nights, *(_head(each) for each in heads)])
    tell(verifying.as_data(verdict), verifying.as_lines(verdict), as_json=as_json)
    sys.exit(NEEDS_ATTENTION if verdict.faults else 0)


def _head(written: str) -> tuple[int, str]:
    number, _, head = written.partition(":")
    if not number.isdecimal() or not head:
        raise click.BadParameter("write the number of actions, a colon and the hash", param_hint="--head")
    return int(number), head


@audit.command("accept-copy")
@asking
@REASON
def accept_copy(config: Path, account: str | None, reason: str) -> None:
    """Go on with a casebook that is an earlier copy.

    Its latest backup is gone for good; what was held since has to be held anew first. Until two people have accepted
    it, each by themselves and one of them the head teacher, nothing is deleted. Nothing is deleted by this command.
    """
    with opened(config, account) as session:
        with copied_ledger(session.settings.store.folder, session.today) as ledger:
            heads = ledger.noted_heads()
        with session.book.changing() as writer:
            left = noted.accept(writer, session.access, session.actor, reason, heads, session.now)
    done = "Two people have accepted this casebook: the next night deletes again what has had its time."
    say([f"Your word is noted. {noted.TWO}. Until then nothing is deleted." if left else done])


@audit.command("looks")
@asking
@click.option("--incident", help="Only at this incident.")
@JSON
def show_looks(config: Path, account: str | None, incident: str | None, *, as_json: bool) -> None:
    """Who looked at what, and what left the house.

    For auditors, the head teacher and the DSL. That you asked is written down as well.
    """
    with opened(config, account) as session:
        with session.book.changing() as writer:
            found = looks(writer.connection, session.access, session.actor, incident)
            writer.append(said("view", what="looks"), None, session.actor, session.now)
        zone = session.zone
    tell(found, (_look(each, zone) for each in found), as_json=as_json)


def _look(row: dict[str, Any], zone: ZoneInfo) -> str:
    at = datetime.fromisoformat(row["at"]).astimezone(zone).strftime("%a %d %b %Y %H:%M")
    return "  ".join([at, *(str(value or "-") for name, value in row.items() if name != "at")])
