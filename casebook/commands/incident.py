"""`esafety incident`: drafts are reviewed, decided, followed up; what people report is entered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from casebook import beside, deciding, letters
from casebook.case import STATES, Case
from casebook.commands import leaving
from casebook.commands.opening import JSON, REASON, WHY, Session, asking, opened, viewer_of
from casebook.display import listing, onroute, showing
from casebook.illegal import ILLEGAL
from casebook.kinds import AGENCIES, GROUNDS, OUTCOMES, PARTS, PERSON_KINDS, SECONDED, Said, said
from casebook.sanctions import load_sanctions
from casebook.splitting import split as split_off
from casebook.store import case_of, history
from pipeline.errors import ConfigError
from pipeline.lists.watchtoml import ROUTES
from pipeline.output.saying import say, tell
from pipeline.rules import told_watchlists
from pipeline.schema import LEVELS

_INCIDENT = click.argument("incident")


@click.group()
def incident() -> None:
    """See, decide and follow up incidents."""


@incident.command("list")
@asking
@click.option(
    "--state", "states", multiple=True, type=click.Choice(STATES), help="Only these; without it, all that waits."
)
@click.option("--held", is_flag=True, help="Only what is under a legal hold, in whatever state.")
@JSON
def show_list(config: Path, account: str | None, states: tuple[str, ...], *, held: bool, as_json: bool) -> None:
    """List the incidents that you may see.

    That you looked goes into the history.
    """
    with opened(config, account) as session, session.book.changing() as writer:
        wanted = states or (STATES if held else listing.WAITING)
        found = listing.visible(writer.connection, session.access, session.actor, wanted)
        writer.append(said("view", what="list"), None, session.actor, session.now)
    if held:
        found = [each for each in found if each.get("held")]
    nothing = "You see nothing that is held." if held else "There is nothing that waits for you."
    tell(found, [_brief(each) for each in found] or [nothing], as_json=as_json)


def _brief(row: dict[str, Any]) -> str:
    return f"{row['id']}  {row['day']}  {row['state']:<12}  {row['level']:<7}  {row['route']}{_marks(row)}"


def _marks(row: dict[str, Any]) -> str:
    late = "  (late evidence)" if row.get("question_open") else ""
    return f"{late}  (held)" if row.get("held") else late


@incident.command()
@asking
@_INCIDENT
@JSON
def show(config: Path, account: str | None, incident: str, *, as_json: bool) -> None:
    """Show all that you may see of one.

    That you looked goes into its history.
    """
    with opened(config, account) as session:
        viewer = viewer_of(session)
        sanctions = load_sanctions(session.settings.casebook.sanctions)
        with session.book.changing() as writer:
            acted = history(writer.connection, incident)
            case = case_of(writer.connection, incident)
            shown = showing.as_data(case, acted, session.routes[case.route], viewer)
            if "parties" in shown:
                held_for = listing.held_for(writer.connection, session.access, session.actor, incident)
                shown |= {"held": held_for is not None, "held_for": held_for or []}
                shown["sanctions"] = beside.as_told(writer.connection, case, sanctions, viewer)
            writer.append(
                said("view", what="all" if "parties" in shown else "routing"), incident, session.actor, session.now
            )
    tell(shown, (*showing.as_lines(shown, viewer), *beside.as_lines(shown)), as_json=as_json)


@incident.command()
@asking
@click.option("--category", required=True, help="Such as bullying; see the watchlists for their names.")
@click.option("--level", type=click.Choice(LEVELS), default="medium", show_default=True)
@click.option("--route", type=click.Choice(ROUTES), help="Without it, that of the category.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="When it happened; without it, today.")
@click.option("--by", "reported_by", required=True, help="Who told you, such as: her mother, by telephone.")
@click.option("--summary", required=True, help="What happened, in a few sentences.")
@click.option("--person", "people", multiple=True, metavar="PERSON:PART:KIND",
              help=f"Who is part of it, account or name: {', '.join(PARTS)}; {', '.join(PERSON_KINDS)}.")  # fmt: skip
def add(config: Path, account: str | None, category: str, level: str, route: str | None, day: datetime | None,
        reported_by: str, summary: str, people: tuple[str, ...]) -> None:  # fmt: skip
    """Enter what somebody has told.

    Most bullying never shows in a log: a pupil, a parent or a member of staff tells of it.
    """
    with opened(config, account) as session:
        categories = _categories(session)
        if category not in categories:
            raise ConfigError(f"there is no category {category!r}.", remedy=f"There are {', '.join(categories)}.")
        facts: dict[str, Any] = {
            "category": category, "level": level, "route": route or categories[category],
            "day": str(day.date() if day else session.today),
        }  # fmt: skip
        if categories[category] == ILLEGAL:
            facts["illegal"] = True
        content = {"summary": summary, "reported_by": reported_by, "parties": [_person(each) for each in people]}
        at = session.now.astimezone(session.zone)
        case = deciding.report(session.book, session.access, session.actor, facts, content, at)
    say([f"{case.id} is entered, on the route {case.route!r}."])


def _categories(session: Session) -> dict[str, str]:
    """Those of the school's watchlists, with their routes."""
    return {name: each.route for name, each in told_watchlists(session.settings).categories.items()}


def _person(written: str) -> dict[str, str]:
    parts = written.rsplit(":", 2)
    if len(parts) != 3 or not parts[0]:
        raise click.BadParameter(f"{written!r} is not PERSON:PART:KIND", param_hint="--person")
    return dict(zip(("person", "part", "kind"), parts, strict=True))


def _act(config: Path, account: str | None, incident: str, what: Said) -> None:
    with opened(config, account) as session:
        # Reading the lists takes a while, and hardly any action names a category.
        categories = _categories(session) if "category" in what.facts else None
        case = deciding.act(
            session.book, session.access, session.routes, session.actor, incident, what, session.now, categories
        )  # fmt: skip
    say([_told(case)])


def _told(case: Case) -> str:
    return f"{case.id} is {case.state} now."


def _simple(name: str, sentence: str, *options: Callable[..., Any]) -> None:
    """A command that takes one action, whose options are what the action says."""

    def run(config: Path, account: str | None, incident: str, **values: Any) -> None:
        _act(config, account, incident, said(name, **values))

    run.__doc__ = sentence
    command: Callable[..., Any] = run
    for option in reversed(options):
        command = option(command)
    incident.command(name)(asking(_INCIDENT(command)))


_simple("review", "Take a draft up.", WHY)
_simple(
    "confirm",
    "It is an incident.",
    REASON,
    click.option("--category", help="If it is another than the draft said."),
    click.option("--level", type=click.Choice(LEVELS), help="If it is another than the draft said."),
)
_simple("dismiss", "It is none.", click.option("--ground", required=True, type=click.Choice(GROUNDS)), REASON)
_simple("escalate", "Hand it on.", click.option("--to", "agency", required=True, type=click.Choice(AGENCIES)), REASON)
_simple(
    "close",
    "It is over.",
    click.option("--outcome", required=True, type=click.Choice(OUTCOMES)),
    REASON,
    click.option("--debrief", required=True, help="What was talked over, and with whom."),
    click.option("--lesson", help="What was learnt and is to be shared."),
    click.option("--change", help="What changes in the filter or in a policy."),
)
_simple("reopen", "Look at it once more.", REASON)
_simple("stands", "After late evidence: the decision stands.", REASON)
_simple("note", "Write something down.", click.option("--text", required=True))
_simple(
    "step",
    "Tick a step of the route.",
    click.option("--route", required=True, type=click.Choice(ROUTES)),
    click.option("--step", required=True),
    click.option("--note"),
)
_simple(
    "reroute", "Change to another route.", click.option("--route", required=True, type=click.Choice(ROUTES)), REASON
)
_simple(
    "party",
    "Enter who is part of it.",
    click.option("--person", required=True, help="The account, or the whole name."),
    click.option("--part", required=True, type=click.Choice(PARTS)),
    click.option("--kind", "person_kind", required=True, type=click.Choice(PERSON_KINDS)),
    WHY,
)
_simple("not-party", "Somebody is no part of it.", click.option("--person", required=True), REASON)
_simple(
    "agree",
    "Agree as the second person.",
    click.option("--to", "agreed", required=True, type=click.Choice(SECONDED)),
    REASON,
)
_simple(
    "bring-in",
    "Let a senior colleague see it.",
    click.option("--colleague", required=True, help="Their account."),
    REASON,
)
_simple("hold", "Keep it past all time limits (legal hold).", REASON)
_simple("release", "End the hold.", REASON)


@incident.command()
@asking
@_INCIDENT
@click.option("--into", required=True, help="The incident that it becomes part of.")
@REASON
def merge(config: Path, account: str | None, incident: str, into: str, reason: str) -> None:
    """Let one become part of another."""
    with opened(config, account) as session:
        deciding.merge(session.book, session.access, session.routes, session.actor, incident, into, reason, session.now)
    say([f"{incident} is part of {into} now."])


@incident.command()
@asking
@_INCIDENT
@click.option(
    "--hit",
    "hits",
    multiple=True,
    required=True,
    help="The id of a hit that becomes an incident of its own, as `show` gives it.",
)
@REASON
def split(config: Path, account: str | None, incident: str, hits: tuple[str, ...], reason: str) -> None:
    """Make some hits an incident of their own."""
    with opened(config, account) as session:
        case = split_off(session.book, session.access, session.actor, incident, hits, reason, session.now)
    say([f"{case.id} was split from {incident}."])


@incident.command()
@asking
@_INCIDENT
@click.option("--question", required=True, help="The question, as `esafety incident show` names it.")
@click.option("--answer", "word", required=True, help="One of the words that the route gives for it.")
@click.option("--note", help="Why, in a sentence.")
def answer(config: Path, account: str | None, incident: str, question: str, word: str, note: str | None) -> None:
    """Answer a question of the route that it is on.

    What is next on the route follows from the answers; a later answer takes the place of an earlier one.
    """
    with opened(config, account) as session:
        case = deciding.answer(
            session.book, session.access, session.routes, session.actor, incident, question, word, note, session.now
        )
        routing_only = not session.access.sees(session.actor, case)
    ahead = onroute.next_lines(case, session.routes[case.route], routing_only=routing_only)
    say([f"{case.id}: {question} is answered: {word}.", *ahead])


@incident.command()
@asking
@_INCIDENT
@click.option("--template", required=True, help="Which letter: one that travels with the program, or your own.")
@click.option("--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
@click.option("--person", help="The account of the pupil whose parents it is for, if there are several.")
@REASON
def letter(
    config: Path, account: str | None, incident: str, template: str, output: Path, person: str | None, reason: str
) -> None:
    """Draft a letter to parents.

    The incident has to be confirmed, and its names open to you. That you wrote it, and why, goes into its history.
    """
    with opened(config, account) as session:
        categories = told_watchlists(session.settings).categories
        writing = letters.Writing(
            session.settings, {name: each.title for name, each in categories.items()}, session.actor, session.now
        )
        asked = letters.Asked(incident, template, person, reason)
        made = letters.write(session.book, session.access, session.routes, writing, asked, output)
    if made.finished:
        say(
            [f"An earlier run was stopped before it could give this letter its name (action {made.action}): it has it."]
        )
    say([f"{output} is a draft: read it, change it, and send it by whatever way the school trusts."])


@incident.command()
@asking
@_INCIDENT
@REASON
def reveal(config: Path, account: str | None, incident: str, reason: str) -> None:
    """Open its names to you for a while.

    That you did, and why, goes into its history.
    """
    with opened(config, account) as session:
        minutes = session.settings.casebook.reveal_minutes
        case = deciding.reveal(
            session.book, session.access, session.routes, session.actor, incident, reason, minutes, session.now
        )
    say(f"{each.part}: {each.person} ({each.kind})" for each in case.parties.values())
    say([f"Names of {incident} stay open to you for {minutes} minutes."])


for _each in (leaving.export, leaving.export_table, leaving.verify_pack):
    incident.add_command(_each)
