"""`esafety subject-access`: a copy of everything that is held on one person."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from casebook.commands.opening import JSON, asking, opened
from pipeline.dataprotection import subjectaccess
from pipeline.dataprotection.subjectaccess import Counted, Request
from pipeline.output.saying import tell

#: Said to whoever made the copy, who may be the DSL or the head.
_WITHHELD: Final = (
    " It may be illegal, and is copied once a second senior person has agreed (esafety incident agree ID --to export);"
    " or it is not yours to see, and another of DSL, head teacher and auditor has to make the copy."
)


@click.command("subject-access")
@asking
@click.argument("person")
@click.option("--also", multiple=True, metavar="ACCOUNT", help="Another account of the same person.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="A new folder.")
@click.option("--reason", required=True, help="Who asked, and when: it goes into the history.")
@click.option("--without", multiple=True, metavar="INCIDENT",
              help="Leave it out: telling of it may endanger a child. The DSL or the head decides.")  # fmt: skip
@JSON
def subject_access(config: Path, account: str | None, person: str, also: tuple[str, ...], output: Path, reason: str,
                   without: tuple[str, ...], *, as_json: bool) -> None:  # fmt: skip
    """Copy what is held on one person.

    PERSON is an account, as the logs or the people file write it. Other people are taken out where they are named;
    somebody has to read the copy before it is handed over.
    """
    request = Request((person, *also), reason, output, frozenset(without))
    with opened(config, account) as session:
        made = subjectaccess.copy(
            session.settings, session.book, session.access, session.actor, request, session.now
        )  # fmt: skip
    where = f"Read it before you hand it over: {made.folder / 'index.html'}"
    if made.finished:
        what = "An earlier run had made this copy, and was stopped before the folder had its name. It has it now."
        tell({"folder": str(made.folder), "finished": True}, [what, where], as_json=as_json)
        return
    counted = {
        "Events": Counted(made.found, made.written, made.kept_back), "Original lines of these": made.lines,
        "Lines that could not be read": made.unread, "Entries of the registers": made.registers,
    }  # fmt: skip
    lines = [
        *(
            f"{what}: {each.found:,} found = {each.written:,} written + {each.kept_back:,} withheld."
            for what, each in counted.items()
        ),
        f"Incidents: {made.incidents} in the copy; {made.withheld} withheld.{_WITHHELD if made.withheld else ''}",
        where,
    ]
    tell({**asdict(made), "folder": str(made.folder)}, lines, as_json=as_json)
