"""`esafety purge`: what has had its time goes now, not in the coming night."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from casebook.commands.opening import JSON, asking, opened
from pipeline.dataprotection import purging
from pipeline.output.record import deleted_lines, held_line
from pipeline.output.saying import tell


@click.command()
@asking
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@JSON
def purge(config: Path, account: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Delete what is kept no longer, with a receipt.

    Events, pages with names, incidents that are over. The night does so by itself. A receipt says what went, by which
    rule; it stands beside the pages of today and in the history of the casebook. What belongs to an incident under a
    legal hold stays.
    """
    with opened(config, account) as session:
        purged = purging.by_hand(session.settings, session.book, session.actor, session.now, dry_run=dry_run)
    receipts = [asdict(each) for each in purged.receipts]
    lines = list(deleted_lines(receipts)) or ["Nothing has had its time."]
    if any(purged.held.values()):
        lines.append(held_line(purged.held))
    if dry_run:
        lines.append("Nothing was deleted: this is what would be.")
    tell({"dry_run": dry_run, "receipts": receipts, "kept_by_holds": purged.held}, lines, as_json=as_json)
