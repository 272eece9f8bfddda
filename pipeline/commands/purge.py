"""`esafety purge`: what has had its time goes now, not in the coming night."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from casebook.commands.opening import asking, opened, say
from pipeline import purging
from pipeline.record import deleted_lines


@click.command()
@asking
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the receipts as JSON.")
def purge(config: Path, account: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Delete what is kept no longer, with a receipt.

    Events, pages with names, incidents that are over. The night does so by itself. A receipt says what went, by which
    rule; it stands beside the pages of today and in the history of the casebook.
    """
    with opened(config, account) as session:
        given = purging.by_hand(session.settings, session.book, session.actor, session.now, dry_run=dry_run)
    receipts = [asdict(each) for each in given]
    if as_json:
        click.echo(json.dumps({"dry_run": dry_run, "receipts": receipts}, indent=2, ensure_ascii=True))
        return
    say(deleted_lines(receipts) if receipts else ["Nothing has had its time."])
    if dry_run:
        say(["Nothing was deleted: this is what would be."])
