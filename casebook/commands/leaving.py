"""`esafety incident export`, `export-table`, `verify-pack`: what leaves the house, and whether it is whole."""

from __future__ import annotations

import platform
import sys
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from casebook import interchange
from casebook.commands.opening import JSON, REASON, asking, opened, viewer_of
from casebook.kinds import CasebookError
from casebook.outgoing import Export
from casebook.packs import checking, exporting, passwords
from casebook.packs.places import kept
from pipeline.output.saying import NEEDS_ATTENTION, say, tell
from pipeline.version import VERSION

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@asking
@click.argument("incident")
@click.option(
    "--output", type=_FILE, help="The zip file to make; without it, named after the incident, in this folder."
)
@click.option("--password-file", type=_FILE, help="Its first line is the password; without it, you are asked.")
@click.option("--generate", is_flag=True, help="Let the program make the password. It is printed once, to stderr.")
@click.option("--without-lines", is_flag=True, help="References instead of the original lines, which name accounts.")
@REASON
def export(config: Path, account: str | None, incident: str, output: Path | None, password_file: Path | None,
           reason: str, *, generate: bool, without_lines: bool) -> None:  # fmt: skip
    """Make an evidence pack of one: an encrypted zip.

    That it left, when, why and with which SHA-256 goes into the history.
    """
    target = output or Path(f"{incident}.zip")
    password = _new_password(password_file, generate=generate)
    with opened(config, account) as session:
        today = session.today
        request = exporting.Request(
            incident, target, reason, password, f"esafety {VERSION}", platform.node(), session.settings.school.name,
            with_lines=not without_lines,
        )  # fmt: skip
        kept_of = partial(kept, session.settings.store.folder, today)
        made = exporting.export(session.book, session.routes, viewer_of(session), request, kept_of)
    say(_told(made))


def _new_password(file: Path | None, *, generate: bool) -> bytes:
    if generate and file is not None:
        raise click.UsageError("--generate and --password-file exclude each other.")
    if file is not None:
        return passwords.read_from(file, new=True)
    if not generate:
        return passwords.asked(twice=True)
    made = passwords.generated()
    say(["The password, which is shown this once and kept nowhere; do not send it the same way as the pack:", made],
        err=True)  # fmt: skip
    return made.encode()


def _told(made: Export) -> list[str]:
    if made.finished:
        what = "was made by an earlier run that was stopped, under the password of that run. Nothing new was made."
        return [f"{made.path} {what}", f"Action {made.action}, SHA-256 {made.sha256}"]
    return [f"{made.path} is made. Action {made.action}, SHA-256 {made.sha256}"]


@click.command("export-table")
@asking
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day of incidents; without it, from the first.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day; without it, to the last.")
@click.option("--output", type=_FILE, required=True, help="The file to make. It is not encrypted.")
@REASON
def export_table(config: Path, account: str | None, form: interchange.Form, since: datetime | None,
                 until: datetime | None, output: Path, reason: str) -> None:  # fmt: skip
    """Write the incidents that are yours to decide as a table.

    For the school's own safeguarding system. That it left goes into the history.
    """
    days = (since.date() if since else None, until.date() if until else None)
    with opened(config, account) as session:
        request = interchange.Request(form, output, reason, *days)
        made = interchange.export(session.book, session.routes, viewer_of(session), request)
    if made.export.finished:
        say(_told(made.export))
        return
    how_many = f"incidents: {made.incidents}, of which as a reference only: {made.references}"
    say([f"{output} is made; {how_many}. It is not encrypted: delete it when it has been read in.",
         f"Action {made.export.action}, SHA-256 {made.export.sha256}"])  # fmt: skip


@click.command("verify-pack")
@click.argument("file", type=_FILE)
@click.option("--password-file", type=_FILE, help="Its first line is the password; without it, you are asked.")
@click.option("--sha256", help="What the school's casebook holds for the file, if you know it.")
@JSON
def verify_pack(file: Path, password_file: Path | None, sha256: str | None, *, as_json: bool) -> None:
    """Check an evidence pack, on any machine.

    Neither a casebook nor a school.toml is needed. Exit code 2 if anything is wrong.
    """
    if not file.exists():
        raise CasebookError(f"{file} is not there.", remedy="Name the zip file as it was sent.")
    password = passwords.asked(twice=False) if password_file is None else passwords.read_from(password_file, new=False)
    verdict = checking.verify(file, password, sha256)
    tell(checking.as_data(verdict), checking.as_lines(verdict), as_json=as_json)
    sys.exit(NEEDS_ATTENTION if verdict.wrong else 0)
