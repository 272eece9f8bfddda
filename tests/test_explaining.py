"""Why a text is flagged, in words that add up; and what is doubtful in the lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main
from pipeline.matching import watchfolders
from pipeline.trials import explaining, flagging
from tests.made_night import School

RULES = """
[[rule]]
id = "lobsters-more"
weight = 80
terms = ["red lobster", "blue lobster", "*rustac*"]
unless = ["soup"]
lowers = ["homework"]
raises = ["steal"]
match = ["red lobster", "crustacean"]
no_match = ["red lobster soup"]

[[rule]]
id = "lobsters-beside"
weight = 40
terms = ["claw", "soup claw", "blue lobster"]
needs = ["sea"]
unless = ["soup"]
match = ["a claw in the sea"]
no_match = ["a claw"]
"""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> School:
    made = School(tmp_path_factory.mktemp("school")).made()
    lists = made.folder / "lists" / "lobsters.toml"
    lists.write_text(lists.read_text("utf-8") + RULES, "utf-8")
    return made


def explained(school: School, text: str, kind: str = "search_text") -> list[str]:
    matcher, bounds, _ = flagging.rules_of(school.config)
    return explaining.explained(kind, text, matcher, bounds)


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("a red lobster", "search_text",
         "'red lobster' in search_text: weight 80 = 80, high"),
        ("homework: red lobster", "search_text",
         "'red lobster' in search_text: weight 80, lowered by 'homework' x 0.4 = 32, low"),
        ("steal a r3d lobst3r", "search_text",
         "'r3d lobst3r' in search_text: weight 80, raised by 'steal' x 1.3, hidden (digits) x 0.9 = 90, urgent"),
        ("red lobster", "title", "'red lobster' in title: weight 80, in title x 0.85 = 68, high"),
        ("red lobster soup", "search_text",
         "'red lobster' in search_text: silent, because 'soup' stands beside it"),
        ("a claw", "search_text",
         "'claw' in search_text: silent, because none of the words that it needs stands beside it"),
        ("http://www.lobsters.example/?q=claw", "url", "lobsters.example is a listed site; weight 90"),
        ("http://www.lobsters.example/?q=claw", "url",
         "'claw' in query: silent, because it does not look into query"),
        ("nothing of the kind", "search_text", "Nothing is found."),
        ("\x1b[1m red lobster", "search_text",
         "'red lobster' in search_text: weight 80 = 80, high"),
    ],
)  # fmt: skip
def test_the_lines_say_how_a_level_came_about(school: School, text: str, kind: str, line: str) -> None:
    assert line in [each.partition(": ")[2] or each for each in explained(school, text, kind)]


def test_what_is_doubtful_is_named_with_its_line(school: School) -> None:
    lists = watchfolders.load([school.folder / "lists"])
    told = explaining.doubtful(lists, ["crustacean", "rustic", "Crustacé"])
    path = school.folder / "lists" / "lobsters.toml"
    lines = path.read_text("utf-8").splitlines()
    more, beside = (
        next(number for number, line in enumerate(lines, 1) if f'id = "{name}"' in line) - 1
        for name in ("lobsters-more", "lobsters-beside")
    )
    assert told == [
        f"{path}:{more}: rule 'lobsters-more': 'blue lobster' stands in 'lobsters-words' as well",
        f"{path}:{beside}: rule 'lobsters-beside': 'soup claw' is never found: its own words hold 'soup' of 'unless'",
        f"{path}:{more}: rule 'lobsters-more': the stem 'rustac' is found in ordinary words: crustace, crustacean",
    ]


def test_the_commands_say_it_and_tell_by_their_exit_code(school: School, tmp_path: Path) -> None:
    run = CliRunner().invoke
    asked = ["watchlist", "explain", "a red lobster", "--config", str(school.config)]
    assert run(main, asked).output == "lobsters-more (lobsters): 'red lobster' in search_text: weight 80 = 80, high\n"
    checked = run(main, ["watchlist", "check", "--config", str(school.config)])
    assert (checked.exit_code, checked.output.count("\n")) == (2, 2)
    clean = School(tmp_path).made()
    checked = run(main, ["watchlist", "check", "--config", str(clean.config)])
    assert (checked.exit_code, checked.output) == (0, "Every rule finds its examples, and nothing is doubtful.\n")
