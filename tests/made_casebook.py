"""A made-up casebook for the tests: invented people who work with it, drafts of a made-up night."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from casebook.access import Access, Actor, actor_of
from casebook.case import Case
from casebook.deciding import act
from casebook.kinds import said
from casebook.response.routes import Route, load_routes
from casebook.store import Casebook, opened_casebook
from pipeline.settings.caseworkers import Caseworker

NOW = datetime(2026, 10, 14, 7, 30, tzinfo=UTC)
STAFF = (
    Caseworker(account="d.lead", name="Dana Lead", roles=("dsl",), logins=("dana",)),
    Caseworker(account="p.deputy", name="Pat Deputy", roles=("deputy-dsl",)),
    Caseworker(account="h.head", name="Hari Head", roles=("head",), also=("hhead-admin",)),
    Caseworker(account="c.chair", name="Chris Chair", roles=("chair-of-governors",)),
    Caseworker(account="s.senior", name="Sol Senior", roles=("senior-leader",)),
    Caseworker(account="n.network", name="Nour Network", roles=("network-manager",)),
    Caseworker(account="g.governor", name="Gil Governor", roles=("governor",)),
    Caseworker(account="a.auditor", name="Ali Auditor", roles=("auditor",)),
)
ACCESS = Access(STAFF)
#: Some categories, with their routes.
CATEGORIES = {"bullying": "pupil-victim", "illegal-content": "illegal", "our-own": "illegal"}


@cache
def routes() -> dict[str, Route]:
    return load_routes()


def who(account: str) -> Actor:
    return actor_of(STAFF, account, "tests", "cli")


@cache
def _empty() -> bytes:
    """The file of an empty casebook: making its tables takes longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "casebook.sqlite"
        with opened_casebook(f"sqlite:///{file}"):
            pass
        return file.read_bytes()


@contextmanager
def casebook(folder: Path) -> Iterator[Casebook]:
    file = folder / "casebook.sqlite"
    if not file.exists():
        file.write_bytes(_empty())
    with opened_casebook(f"sqlite:///{folder / 'casebook.sqlite'}") as book:
        yield book


def do(book: Casebook, account: str, incident: str, kind: str, minutes: float = 0, **values: Any) -> Case:
    """One action of somebody, so many minutes after `NOW`."""
    moment = NOW + timedelta(minutes=minutes)
    return act(book, ACCESS, routes(), who(account), incident, said(kind, **values), moment, CATEGORIES)
