"""What every command over the casebook begins with: whose casebook, and who is asking.

In: `--config` and `--as`. Out: a `Session`. Refuses whoever does not work with the casebook, and what is no
text.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from casebook.access import Access, Actor, actor_of
from casebook.display.pseudonyms import key_of
from casebook.display.showing import Viewer
from casebook.kinds import CasebookError
from casebook.meant import Listed
from casebook.response.guidance import routes_of
from casebook.response.routes import Route
from casebook.store import Casebook, opened_casebook, url_of
from pipeline.config import Settings, load_settings
from pipeline.school.roll import PeopleColumns, load_people


@dataclass(frozen=True)
class Session:
    """An opened casebook, and who works with it now."""

    settings: Settings
    book: Casebook
    access: Access
    routes: dict[str, Route]
    actor: Actor
    #: UTC.
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        """That of the school."""
        return ZoneInfo(self.settings.school.timezone)

    @property
    def today(self) -> date:
        """The local date."""
        return self.now.astimezone(self.zone).date()


CONFIG = click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), default=Path("school.toml"), show_default=True,
    help="Settings of the school.",
)  # fmt: skip
JSON = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
REASON = click.option("--reason", required=True, help="Why, in a sentence: others will have to rely on it.")
#: Where what is done mostly says why.
WHY = click.option("--reason", help="Why, if it does not go without saying.")


def asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options `config` and `account`; it is not called with words that are no text."""

    @wraps(command)
    def checked(**values: Any) -> Any:
        for each in values.values():
            _refuse_no_text(*(each if isinstance(each, tuple) else (each,)))
        return command(**values)

    account = click.option("--as", "account", help="Your account under [[casebook.staff]]; without it, your login.")
    return CONFIG(account(checked))


def _refuse_no_text(*values: Any) -> None:
    """Raise `CasebookError` for a byte that is no UTF-8: a name with it would be nobody's, and it cannot be kept.

    Names of files are not words: they come as `Path`.
    """
    for each in values:
        if isinstance(each, str) and any("\ud800" <= letter <= "\udfff" for letter in each):
            remedy = "Let the terminal and whatever calls the program write UTF-8, and write it again."
            raise CasebookError(f"{each!r} is no text in UTF-8.", remedy=remedy)


@contextmanager
def opened(config: Path, account: str | None) -> Iterator[Session]:
    """The casebook of that school, for that person. Raises `EsafetyError`."""
    settings = load_settings(config)
    staff = settings.casebook.staff
    actor = actor_of(staff, account, getpass.getuser(), "cli")
    with opened_casebook(url_of(settings)) as book:
        yield Session(
            settings,
            book,
            Access(staff, cache(partial(_listed, settings))),
            routes_of(settings),
            actor,
            datetime.now(UTC),
        )


def _listed(settings: Settings) -> tuple[Listed, ...]:
    """Everybody of the people file. Raises `PeopleError`."""
    if settings.people is None:
        return ()
    table = load_people(settings.people.file, PeopleColumns(**settings.people.columns)).table
    return tuple(
        Listed((account,), name or "", role if role in {"pupil", "staff"} else "")
        for account, name, role in table.select("username", "display_name", "role").iter_rows()
    )


def viewer_of(session: Session) -> Viewer:
    """Who looks, with what hides names from them."""
    key = key_of(session.settings.store.folder)
    return Viewer(session.actor, session.access, key, session.zone, session.now)
