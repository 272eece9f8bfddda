"""docs/walkthrough.md is run as it stands: a case along each route, by the command line."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook.case import Case
from casebook.response.ahead import ahead
from casebook.response.routes import load_routes
from casebook.store import case_of, opened_casebook, url_of
from cli import main
from pipeline.config import load_settings
from pipeline.lists.watchtoml import ROUTES

PAGE = Path(__file__).parent.parent / "docs" / "walkthrough.md"


def blocks(language: str) -> list[str]:
    """The fenced blocks of the page that are in this language."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [body for its, body in found if its == language]


def commands() -> Iterator[str]:
    """Every command of the page, in its order; in another year than the page's, with that year in the numbers."""
    lines = [line for block in blocks("") for line in block.splitlines() if line.startswith("esafety ")]
    yield from (line.replace("-2026-", f"-{datetime.now(UTC).year}-") for line in lines)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    """What has become of every incident of the page, by the route on which it began."""
    folder = tmp_path_factory.mktemp("walk")
    [staff] = blocks("toml")
    run = CliRunner()
    with contextlib.chdir(folder):
        assert run.invoke(main, ["init"]).exit_code == 0
        with Path("school.toml").open("a", encoding="utf-8") as stream:
            stream.write("\n" + staff)
        Path("password.txt").write_text("correct horse battery staple\n", "utf-8")
        Path("password.txt").chmod(0o600)
        for line in commands():
            result = run.invoke(main, shlex.split(line)[1:])
            assert result.exit_code == 0, f"{line}\n{result.output}"
        settings = load_settings(Path("school.toml"))
    titles = re.findall(r"^## (.*)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)[: len(ROUTES)]
    year = datetime.now(UTC).year
    with opened_casebook(url_of(settings)) as book, book.reading() as connection:
        return {title: case_of(connection, f"I-{year}-{number:05}") for number, title in enumerate(titles, start=1)}


def test_every_route_is_taken_to_its_end(cases: dict[str, Case]) -> None:
    begun = {route for case in cases.values() for route, _ in case.steps}
    assert begun == set(ROUTES)
    assert {case.state for case in cases.values()} == {"closed", "dismissed"}


def test_no_step_that_is_next_is_left_out(cases: dict[str, Case]) -> None:
    """What the page does is what the route asks for: where it ends on its first route, nothing is open there."""
    routes = load_routes()
    for title, case in cases.items():
        first = (
            next(iter(sorted({route for route, _ in case.steps} - {case.route})))
            if title.startswith("Misuse")
            else case.route
        )
        done = frozenset(step for route, step in case.steps if route == first)
        answers = {question: answer for (route, question), answer in case.answers.items() if route == first}
        states = ahead(routes[first], answers, done).states
        left = [step.id for step, state in states if state in {"next", "waiting"}]
        assert left in ([], ["outcome", "debrief"]), f"{title}: {left}"


def test_what_staff_did_is_the_heads_and_what_may_be_illegal_took_two(cases: dict[str, Case]) -> None:
    assert cases["A member of staff may have done wrong"].side == "staff"
    assert cases["Illegal, or may be"].withheld
