"""`esafety check`: the register of filter checks, and the lines of logs that they left behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from casebook.commands.opening import JSON, Session, asking, opened
from casebook.filtering import registering
from casebook.filtering.filterchecks import FilterCheck, replayed, trace_of
from casebook.filtering.registers import as_seen
from casebook.filtering.traces import lines_of
from casebook.kinds import DEVICE_TYPES, RESULTS, CasebookError
from pipeline.lake import Lake
from pipeline.output.saying import say, tell
from pipeline.store.ledgerfile import copied_ledger
from pipeline.times.localtime import NoSuchHour, instants_of

_LOCAL = "%Y-%m-%dT%H:%M"


@click.group()
def check() -> None:
    """Note filter checks; see whether the logs know of them."""


@check.command()
@asking
@click.argument("site")
@click.option("--tried", required=True, help="What you tried: the page, or the words that you searched for.")
@click.option("--result", required=True, type=click.Choice(RESULTS), help="What you saw.")
@click.option("--device-type", required=True, type=click.Choice(DEVICE_TYPES))
@click.option("--group", required=True, help="As whom: 'year 7', 'sixth form', 'staff'.")
@click.option("--site", "school_site", help="Where; without it, the site of school.toml.")
@click.option("--at", "tried_at", type=click.DateTime([_LOCAL, f"{_LOCAL}%z"]),
              help="When, in the school's time; without it, now. With +00:00 behind it, in Greenwich's.")  # fmt: skip
@click.option("--user", help="The account that was logged in.")
@click.option("--device", help="The device as the logs name it, or its address.")
def add(config: Path, account: str | None, site: str, tried: str, result: str, device_type: str, group: str,
        school_site: str | None, tried_at: datetime | None, user: str | None, device: str | None) -> None:  # fmt: skip
    """Enter a filter check.

    You opened a test page, or searched for something, and saw what the filter did.
    """
    with opened(config, account) as session:
        moment, note = _moment(tried_at, session)
        facts = {
            "host": site, "result": result, "device_type": device_type, "group": group,
            "site": school_site or session.settings.school.site,
            "tried_at": moment,
        }  # fmt: skip
        content = {"tried": tried, "user": user, "device": device}
        made = registering.enter_check(session.book, session.actor, facts, content, session.now)
    say([f"{made.id} is entered. The next night looks for its lines in the logs.", *note])


def _moment(written: datetime | None, session: Session) -> tuple[datetime, list[str]]:
    """When it was, and what is to be said about that."""
    if written is None:
        return session.now, []
    try:
        first, *second = instants_of(written, session.zone)
    except NoSuchHour as error:
        raise CasebookError(f"--at: {error}.", remedy="Look at the clock that you read it from.") from error
    twice = "That time came twice, when the clocks went back. The first is taken; the second is"
    return first, [f"{twice} --at {each:{_LOCAL}}+00:00." for each in second]


@check.command("list")
@asking
@JSON
def show_list(config: Path, account: str | None, *, as_json: bool) -> None:
    """List all checks, and whether the logs agree."""
    with opened(config, account) as session, session.book.reading() as connection:
        registering.refuse_outsider(session.actor)
        found = [_row(each, session) for each in registering.all_checks(connection)]
    tell(found, [_brief(each) for each in found] or ["There are none."], as_json=as_json)


def _brief(row: dict[str, Any]) -> str:
    return f"{row['id']}  {row['tried_at']}  {_what(row)}; {_TRACES[row['trace']]}"


def _what(row: dict[str, Any]) -> str:
    return f"{row['site']}, {row['device_type']}, {row['group']}: {row['host']} {row['result']}"


#: What the logs say of a check, in words.
_TRACES = {
    "": "the logs of that time have not been looked at yet",
    "agrees": "the logs say so too",
    "differs": "! the logs say something else",
    "none": "! no trace in any log",
}


def _row(made: FilterCheck, session: Session) -> dict[str, Any]:
    zone = session.zone
    return {
        "id": made.id, "host": made.host, "site": made.site, "device_type": made.device_type, "group": made.group,
        "result": made.result, "tried_at": made.tried_at.astimezone(zone).strftime(_LOCAL), "trace": made.trace,
    }  # fmt: skip


@check.command()
@asking
@click.argument("check_id", metavar="CHECK")
@JSON
def show(config: Path, account: str | None, check_id: str, *, as_json: bool) -> None:
    """Show one check, with the lines that it left in the logs.

    That you looked goes into its history.
    """
    if not check_id.startswith("C-"):
        raise CasebookError(f"{check_id!r} is no filter check.", remedy="See `esafety check list`.")
    with opened(config, account) as session:
        acted = registering.look(session.book, session.actor, check_id, session.now)
        made = replayed(acted)
        reads_all = registering.decides(session.actor) or made.author == session.actor.account
        trace, seen = _trace(session, made)
        shown = {
            **_row(made, session), "author": made.author, "trace": trace, "seen": seen,
            **((acted[0].content or {"erased": True}) if reads_all else {}),
        }  # fmt: skip
    tell(shown, _lines(shown), as_json=as_json)


def _trace(session: Session, made: FilterCheck) -> tuple[str, list[Any]]:
    """What a night has noted, or what the logs say by now; that there is nothing is for the night to say."""
    if made.trace:
        return made.trace, list(made.seen)
    folder = session.settings.store.folder
    with copied_ledger(folder, session.now.date()) as ledger:
        found = lines_of(Lake(folder), ledger.units(), made)
    return (trace_of(made, found["verdict"]), as_seen(found)) if found.height else ("", [])


def _lines(shown: dict[str, Any]) -> Iterator[str]:
    yield f"{shown['id']}  {shown['tried_at']}  by {shown['author']}"
    yield f"  {_what(shown)}"
    yield from (f"  {name}: {shown[name]}" for name in ("tried", "user", "device") if name in shown)
    yield f"In the logs: {_TRACES[shown['trace']]}."
    for each in shown["seen"]:
        yield f"  {each['verdict']}, {each['source']}, line {each['line']} of {each['source_sha256'][:16]}"
    if shown["trace"] == "none":
        yield "  What that device does is not logged, or the time, the account or the device was noted wrongly."
