"""`esafety watchlist`: ask the lists, try them, judge them, add to them."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from pipeline.output.saying import NEEDS_ATTENTION, say, tell

_WITH_CONFIG = click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="Use the watchlists of this school.toml."
)


@click.group()
def watchlist() -> None:
    """Ask the watchlists, or add to them."""


@watchlist.command()
@click.argument("text")
@click.option("--kind", type=click.Choice(["search", "typed", "title", "url"]), default="search", show_default=True)
@_WITH_CONFIG
def explain(text: str, kind: str, config: Path | None) -> None:
    """Say why TEXT is flagged, or why not: each rule, the characters that it found, and how its weight came about."""
    from pipeline.trials import explaining, flagging

    matcher, bounds, _ = flagging.rules_of(config)
    lines = explaining.explained(flagging.FIELDS.get(kind, kind), text, matcher, bounds)
    say(lines)


@watchlist.command()
@click.option("--dictionary", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="Ordinary words, one a line: say which of them a stem would find.")  # fmt: skip
@_WITH_CONFIG
def check(dictionary: Path | None, config: Path | None) -> None:
    """Try every rule on its examples, and name what is doubtful. Exit code 2 if anything is."""
    from pipeline.trials import explaining, flagging

    lists = flagging.lists_of(config)
    words = dictionary.read_text("utf-8").split() if dictionary else []
    lines = explaining.doubtful(lists, words)
    say(lines or ["Every rule finds its examples, and nothing is doubtful."])
    sys.exit(NEEDS_ATTENTION if lines else 0)


@watchlist.command()
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), default=Path("school.toml"),
              show_default=True, help="Settings of the school.")  # fmt: skip
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day; without it, four weeks before the last.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day; without it, today.")
@click.option("--show", type=click.IntRange(0, 1000), default=0, show_default=True,
              help="So many texts of hits that appear, and vanish: what pupils typed. It is written down.")  # fmt: skip
@click.option("--as", "asking", help="For --show: your account under [[casebook.staff]]; without it, your login.")
@click.option("--watchlists", "folders", type=click.Path(path_type=Path, file_okay=False, exists=True), multiple=True,
              help="Try this folder of rules in place of the school's own; may be given again.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the account as JSON.")
@click.pass_obj
def replay(now: datetime, *, config: Path, since: datetime | None, until: datetime | None, show: int,
           asking: str | None, folders: tuple[Path, ...], as_json: bool) -> None:  # fmt: skip
    """Flag and draft what was read already with the rules of now, and say what would appear and vanish.

    Changes nothing. With --show it prints what pupils typed: for the DSL, a deputy or the head teacher, and that they
    read it goes into the history.
    """
    from casebook import verdicts
    from casebook.commands.opening import opened
    from casebook.display import looks
    from pipeline.config import load_settings
    from pipeline.trials import replaying

    last = (until or now.astimezone()).date()
    first = since.date() if since else last - timedelta(days=28)
    settings = replaying.with_lists(load_settings(config), folders)
    if show:
        with opened(config, asking) as session:
            looks.refuse_texts(session.actor)
    account = replaying.replay(settings, first, last, show, verdicts.kept(settings))
    if show:
        # Not before, because the casebook is not kept waiting; and nothing is printed of which nothing is written down.
        with opened(config, asking) as session:
            looks.note_texts(session.book, session.actor, "replay", session.now)
    tell(replaying.as_data(account, first, last), list(replaying.as_lines(account, first, last)), as_json=as_json)


@watchlist.command()
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), default=Path("school.toml"),
              show_default=True, help="Settings of the school.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def precision(config: Path, *, as_json: bool) -> None:
    """Say how often each rule was right, by what people decided about its drafts."""
    from casebook import verdicts
    from pipeline.config import load_settings

    judged = verdicts.rules_judged(load_settings(config))
    tell(judged.to_dicts(), verdicts.as_lines(judged), as_json=as_json)


@watchlist.command("import")
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.option("--as", "category", required=True, help="Category that it is to belong to, such as gambling.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), default=Path("our-watchlists"),
              show_default=True, help="Folder of your own watchlists.")  # fmt: skip
@click.option("--name", default="", help="Name of the new list; an earlier import of that name is replaced.")
@click.option("--format", "form", default="auto", show_default=True, help="Syntax of the list.")
@click.option("--weight", type=click.FloatRange(0, 100), help="Weight of all of it, 0 to 100.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
              help="Every line that was not taken, as JSON lines.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the account as JSON.")
def import_list(*, report: Path | None, as_json: bool, **asked: Any) -> None:
    """Take over a block list: squidGuard, e2guardian, hosts, Adblock, RPZ, dnsmasq, Unbound, MISP or plain."""
    from pipeline.blocklists import importing, importreport
    from pipeline.blocklists.importwriting import Request

    imported = importing.import_list(Request(**asked))
    if report is not None:
        importreport.write_report(imported, report)
    tell(importreport.as_data(imported), importreport.as_lines(imported), as_json=as_json)
    sys.exit(NEEDS_ATTENTION if imported.needs_attention else 0)
