"""`esafety change`: the register of filter-change requests, and changes of the filter that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from casebook.case import Acted
from casebook.commands.opening import JSON, REASON, Session, asking, opened
from casebook.filtering import registering
from casebook.filtering.filterchanges import STANDINGS, FilterChange, replayed
from casebook.filtering.flipped import noticed
from casebook.filtering.traces import Effect, effect_days, effect_of, settled_on, site_counts
from casebook.filtering.unexplained import Finding
from casebook.kinds import DECISIONS, WANTED
from pipeline.lake import Lake
from pipeline.output.saying import say, tell
from pipeline.rules import told_watchlists
from pipeline.store.ledgerfile import copied_ledger

_REQUEST = click.argument("request_id", metavar="REQUEST")


@click.group()
def change() -> None:
    """Changes of the filter: ask, decide, see what came of it."""


@change.command()
@asking
@click.argument("site")
@click.option("--to", "wanted", required=True, type=click.Choice(WANTED), help="What the filter is to do.")
@click.option("--exact", is_flag=True, help="Only this host, and nothing below it.")
@click.option("--for", "asked_by", help="Who asked, if it was not you.")
@REASON
def add(config: Path, account: str | None, site: str, wanted: str, asked_by: str | None, reason: str,
        *, exact: bool) -> None:  # fmt: skip
    """Enter a request: a site is to be allowed, or blocked."""
    with opened(config, account) as session:
        made = registering.ask(
            session.book, session.actor, site, wanted, reason, session.now, exact=exact, asked_by=asked_by
        )
    say([f"{made.id}: {made.wanted} {_site(made)}. It waits for a decision."])


@change.command("list")
@asking
@click.option("--standing", "standings", multiple=True, type=click.Choice(STANDINGS), help="Only these.")
@JSON
def show_list(config: Path, account: str | None, standings: tuple[str, ...], *, as_json: bool) -> None:
    """List all requests, and how each stands."""
    with opened(config, account) as session, session.book.reading() as connection:
        registering.refuse_outsider(session.actor)
        found = [_row(each, session) for each in registering.all_changes(connection)]
    wanted = [each for each in found if not standings or each["standing"] in standings]
    tell(wanted, [_brief(each) for each in wanted] or ["There are none."], as_json=as_json)


def _brief(row: dict[str, Any]) -> str:
    what = f"{row['decision'] or row['wanted']} {row['site']}"
    return f"{row['id']}  {row['asked_on']}  {row['standing']:<10} {what}{_until(row)}"


def _until(row: dict[str, Any]) -> str:
    if row["standing"] == "expired":
        return f"  (until {row['until']}: see that the filter is as it was)"
    return f"  (until {row['until']})" if row["until"] else ""


def _row(made: FilterChange, session: Session) -> dict[str, Any]:
    """What everybody who works with the casebook may know of a request."""
    return {
        "id": made.id, "site": _site(made), "wanted": made.wanted, "decision": made.decision,
        "standing": made.standing(session.today),
        "asked_on": made.asked_at.astimezone(session.zone).date().isoformat(),
        "decided_by": made.decided_by, "agreed_by": made.agreed_by,
        "until": made.until.isoformat() if made.until else "", "effect": made.effect,
    }  # fmt: skip


def _site(made: FilterChange) -> str:
    return f"{made.host} and all below it" if made.below else made.host


@change.command()
@asking
@_REQUEST
@JSON
def show(config: Path, account: str | None, request_id: str, *, as_json: bool) -> None:
    """Show one request, and what the logs say came of it.

    That you looked goes into its history.
    """
    with opened(config, account) as session:
        acted = registering.look(session.book, session.actor, request_id, session.now)
        made = replayed(acted)
        effect = _effect(session, made)
        reads_all = registering.decides(session.actor) or acted[0].author == session.actor.account
        shown = {
            **_row(made, session),
            "effect": effect.effect if effect else "", "before": effect.before if effect else {},
            "after": effect.after if effect else {},
            "history": [_told(each, reads_all=reads_all) for each in acted if each.kind != "view"],
        }  # fmt: skip
    tell(shown, _lines(shown, effect, session.zone), as_json=as_json)


def _effect(session: Session, made: FilterChange) -> Effect | None:
    """What was noted, or what the logs say by now; None where nothing was settled."""
    zone = session.zone
    day = settled_on(made, zone)
    if day is None:
        return None
    if made.effect:
        return Effect(made.effect, day, made.before, made.after)
    folder = session.settings.store.folder
    with copied_ledger(folder, session.today) as ledger:
        units = ledger.units()
    counts = site_counts(Lake(folder), units, effect_days(day), zone, made.host, below=made.below)
    return effect_of(counts, day, made.decision)


def _told(acted: Acted, *, reads_all: bool) -> dict[str, Any]:
    facts = {name: value for name, value in acted.facts.items() if name not in {"before", "after", "day", "below"}}
    told: dict[str, Any] = {"erased": True} if acted.content is None else dict(acted.content) if reads_all else {}
    return {"at": acted.at.isoformat(), "author": acted.author, "kind": acted.kind, **facts, **told}


#: What came of a decision, in words.
_EFFECTS = {
    "seen": "the filter does what was decided",
    "partly": "the filter does it for a part of the requests: for one user group or device type, or not everywhere yet",
    "not-seen": "the filter does not do what was decided",
    "already": "the filter does it, and did so before",
    "no-traffic": "no traffic since",
}


def _lines(shown: dict[str, Any], effect: Effect | None, zone: ZoneInfo) -> Iterator[str]:
    yield f"{shown['id']}  {shown['standing']}  {shown['decision'] or shown['wanted']} {shown['site']}{_until(shown)}"
    if shown["standing"] == "decided":
        yield "  ! It waits for a second person: neither who asked nor who decided."
    if effect:
        yield f"In the logs: {_EFFECTS[effect.effect]}."
        yield f"  the seven days before {effect.day}: {_counts(effect.before)}"
        yield f"  the seven days after it: {_counts(effect.after)}"
    yield "History:"
    for each in shown["history"]:
        words = "; ".join(f"{name} {each[name]}" for name in each if name not in {"at", "author", "kind"})
        at = datetime.fromisoformat(each["at"]).astimezone(zone).strftime("%a %d %b %Y %H:%M")
        yield f"  {at}  {each['author']}  {each['kind'].removeprefix('change-')}  {words}"


def _counts(counts: Any) -> str:
    return ", ".join(f"{number} {verdict}" for verdict, number in counts.items()) or "no traffic"


@change.command()
@asking
@_REQUEST
@click.option("--to", "decision", required=True, type=click.Choice(DECISIONS))
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day on which it holds.")
@REASON
def decide(config: Path, account: str | None, request_id: str, decision: str, until: datetime | None,
           reason: str) -> None:  # fmt: skip
    """Decide a request; a second person has to agree."""
    with opened(config, account) as session:
        made = registering.decide(
            session.book, session.actor, request_id, decision, reason, session.now, today=session.today,
            until=until.date() if until else None,
        )  # fmt: skip
    say([f"{made.id} is refused." if made.state == "refused" else f"{made.id} waits for a second person to agree."])


@change.command()
@asking
@_REQUEST
@REASON
def agree(config: Path, account: str | None, request_id: str, reason: str) -> None:
    """Agree as the second: neither who asked nor who decided."""
    with opened(config, account) as session:
        made = registering.agree(
            session.book, session.actor, request_id, reason, session.now, today=session.today
        )  # fmt: skip
    say([f"{made.id} is in force: {made.decision} {_site(made)}. The logs will show whether the filter does it."])


@change.command()
@asking
@_REQUEST
@REASON
def withdraw(config: Path, account: str | None, request_id: str, reason: str) -> None:
    """Take a request back, or end what was decided."""
    with opened(config, account) as session:
        made = registering.withdraw(session.book, session.actor, request_id, reason, session.now)
    say([f"{made.id} is withdrawn.{' See that the filter is as it was before.' if made.decision else ''}"])


@change.command()
@asking
@click.option("--all", "with_settled", is_flag=True, help="Those with a settled request, too.")
@JSON
def unexplained(config: Path, account: str | None, *, with_settled: bool, as_json: bool) -> None:
    """Which sites are treated otherwise than was settled?

    Those that were blocked and are allowed, or the other way round, with no settled request; and decisions that have
    ended and that the filter goes on with. Of the last three weeks.
    """
    with opened(config, account) as session:
        registering.refuse_outsider(session.actor)
        found = [each for each in _findings(session) if with_settled or not each.is_explained]
    lines = [each.sentence() for each in found] or ["No site is treated otherwise than before, or than was settled."]
    tell([each.as_data() for each in found], lines, as_json=as_json)


def _findings(session: Session) -> list[Finding]:
    settings, today = session.settings, session.today
    categories = told_watchlists(settings).categories
    with session.book.reading() as connection:
        changes = registering.all_changes(connection)
    with copied_ledger(settings.store.folder, today) as ledger:
        return noticed(Lake(settings.store.folder), ledger, categories, changes, today)
