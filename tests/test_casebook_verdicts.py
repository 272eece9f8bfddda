"""What people decide judges the rules, and refuses an exclusion that would have hidden an incident."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook import deciding
from casebook.intake import take_in
from casebook.store import Casebook, opened_casebook, url_of
from casebook.verdicts import hits, kept, verdicts
from cli import main
from pipeline.config import load_settings
from pipeline.judging.judged import precision
from tests.made_casebook import ACCESS, NOW, casebook, do, routes, who
from tests.made_drafts import a_night, drafts


def decided(book: Casebook) -> dict[str, str]:
    with book.reading() as connection:
        return dict(verdicts(connection).iter_rows())


def draft_id(category: str) -> str:
    return str(next(row["draft_id"] for row in a_night().iter_rows(named=True) if row["category"] == category))


def incident_of(book: Casebook, draft: str) -> str:
    from sqlalchemy import select

    from casebook.tables import DRAFTED

    with book.reading() as connection:
        return str(connection.scalar(select(DRAFTED.c.incident).where(DRAFTED.c.draft_id == draft)))


def test_a_draft_has_the_verdict_of_its_incident(tmp_path: Path) -> None:
    with casebook(tmp_path) as book:
        take_in(book, a_night(), NOW)
        assert decided(book) == {}
        right, wrong, merged = (draft_id(each) for each in ("self-harm", "extremism", "bypass"))
        for draft in (right, wrong):
            do(book, "d.lead", incident_of(book, draft), "review")
        do(book, "d.lead", incident_of(book, right), "confirm", reason="So it is.")
        do(book, "d.lead", incident_of(book, wrong), "dismiss", ground="legitimate", reason="A lesson.")
        assert decided(book) == {right: "confirmed", wrong: "legitimate"}
        one, other = incident_of(book, merged), incident_of(book, right)
        deciding.merge(book, ACCESS, routes(), who("d.lead"), one, other, "The same.", NOW)
        assert decided(book) == {right: "confirmed", merged: "confirmed", wrong: "legitimate"}
        row = next(each for each in a_night().iter_rows(named=True) if each["draft_id"] == wrong)
        take_in(book, drafts({**row, "evidence_sha256": "a" * 64}), NOW)
        assert wrong not in decided(book), "the question is open again"
        with book.reading() as connection:
            judged = precision(verdicts(connection), hits(connection))
    found = {row["rule_id"]: (row["confirmed"], row["judged"]) for row in judged.to_dicts()}
    assert found["self-harm-methods"] == (1, 1)
    assert found["bypass-games"] == (1, 1)
    assert "extremism-channel" not in found


def test_a_school_without_a_casebook_has_no_verdicts_and_none_is_made_for_asking(tmp_path: Path) -> None:
    config = tmp_path / "school.toml"
    config.write_text('[school]\nname = "Example"\n[[source]]\nname = "filter"\nfiles = ["logs/*"]\n', encoding="utf-8")
    assert kept(load_settings(config)) is None
    assert not (tmp_path / "store" / "casebook.sqlite").exists()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, with one draft of the category `drugs` or another that may be lowered confirmed."""
    folder = tmp_path_factory.mktemp("demo") / "school"
    result = CliRunner().invoke(main, ["demo", "--into", str(folder)])
    assert result.exit_code == 0, result.output
    return folder / "school.toml"


EXCLUSION = """
[[exclusion]]
category = "{category}"
classes = ["7A", "7B", "8A", "8B", "9A", "9B", "10A", "10B", "10C", "11A", "11B"]
owner = "N. Example"
reason = "made for a test"
since = 2026-11-01
until = 2027-07-20
"""


def test_an_exclusion_that_would_have_hidden_a_confirmed_incident_is_not_used(demo: Path) -> None:
    settings = load_settings(demo)
    with opened_casebook(url_of(settings)) as book, book.reading() as connection:
        from casebook.store import incidents

        chosen = next(row for row in incidents(connection) if row["category"] == "pornography")
    run = CliRunner()
    for words in (["review"], ["confirm", "--reason", "He said so."]):
        result = run.invoke(
            main, ["incident", words[0], chosen["id"], *words[1:], "--as", "d.sample", "--config", str(demo)]
        )
        assert result.exit_code == 0, result.output
    before = demo.read_text("utf-8")
    night = ["nightly", "--config", str(demo), "--as-of", "2026-11-15T03:00", "--json"]
    demo.write_text(before + EXCLUSION.format(category="gaming"), encoding="utf-8")
    assert run.invoke(main, night).exit_code in {0, 2}
    demo.write_text(before + EXCLUSION.format(category="pornography"), encoding="utf-8")
    refused = run.invoke(main, night)
    assert refused.exit_code == 2
    line = len(before.splitlines()) + 2
    assert f"{demo}:{line}: the exclusion 'made for a test' of N. Example would have hidden" in "\n".join(
        json.loads(refused.stdout)["issues"]
    )
    demo.write_text(before, encoding="utf-8")
    told = json.loads(run.invoke(main, ["watchlist", "precision", "--config", str(demo), "--json"]).stdout)
    assert {(row["confirmed"], row["judged"]) for row in told} == {(1, 1)}
    assert "1 of 1, 100%" in run.invoke(main, ["watchlist", "precision", "--config", str(demo)]).stdout
