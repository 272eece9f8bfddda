"""Letters to parents: drafts about confirmed incidents, with names that were opened, first of all in the history."""

from __future__ import annotations

import hashlib
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from casebook import letters, outgoing
from casebook.deciding import answer, report, reveal
from casebook.intake import take_in
from casebook.kinds import CasebookError, Refused
from casebook.letters import Asked, Writing
from casebook.store import Casebook, Writer, case_of, history
from casebook.verifying import verify
from pipeline.config import Settings
from pipeline.errors import ConfigError
from tests.made_casebook import ACCESS, NOW, casebook, do, routes, who
from tests.made_drafts import draft, drafts, hit
from tests.shipped import shipped_lists


@pytest.fixture
def book(tmp_path: Path) -> Any:
    with casebook(tmp_path) as opened:
        yield opened


def of_log(book: Casebook, name: str = "Jo Illustration", **values: Any) -> str:
    """An incident of a pupil that a log shows, confirmed, with its names open to the DSL."""
    row = draft(name, [hit("free games", "games", category="gaming")], route="pupil-inappropriate", **values)
    take_in(book, drafts(row), NOW)
    incident = f"I-{NOW.year}-00001"
    do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "confirm", reason="He said so.")
    return incident


def told_of(
    book: Casebook, *parties: tuple[str, str, str], route: str = "pupil-inappropriate", by: str = "d.lead"
) -> str:
    facts = {"category": "bullying", "level": "medium", "route": route, "day": "2026-10-12"}
    people = [dict(zip(("person", "part", "kind"), each, strict=True)) for each in parties]
    content = {"summary": "Mocked in a chat.", "reported_by": "a friend", "parties": people}
    incident = report(book, ACCESS, who(by), facts, content, NOW).id
    if route == "illegal":
        do(book, "p.deputy", incident, "agree", agreed="open", reason="Together.")
    do(book, by, incident, "review")
    do(book, by, incident, "confirm", reason="Two saw it.")
    return incident


def opened(book: Casebook, incident: str, account: str = "d.lead") -> None:
    reveal(book, ACCESS, routes(), who(account), incident, "To write home.", 30, NOW)


def write(
    book: Casebook, incident: str, output: Path, template: str = "information", account: str = "d.lead",
    person: str | None = None, folder: Path | None = None,
) -> str:  # fmt: skip
    settings = Settings.model_validate(
        {
            "school": {"name": "Example <School>"}, "source": [{"name": "a", "files": ["logs"]}],
            "casebook": {"letters": folder} if folder else {},
        }
    )  # fmt: skip
    titles = {name: each.title for name, each in shipped_lists().categories.items()}
    asked = Asked(incident, template, person, "To ask them in.")
    letters.write(book, ACCESS, routes(), Writing(settings, titles, who(account), NOW), asked, output)
    return output.read_text(encoding="utf-8")


def kinds(book: Casebook, incident: str) -> list[str]:
    with book.reading() as connection:
        return [each.kind for each in history(connection, incident)]


DOER = ("b.example", "instigator", "pupil")
HURT = ("a.example", "victim", "pupil")


def test_the_facts_are_filled_in_and_the_history_knows_it(book: Casebook, tmp_path: Path) -> None:
    incident = of_log(book)
    opened(book, incident)
    text = write(book, incident, tmp_path / "letter.html")
    for fact in ("Jo Illustration", "Gaming in lessons", incident, "14 October 2026", "Dana Lead"):
        assert fact in text
    assert "Example &lt;School&gt;" in text
    assert stat.S_IMODE((tmp_path / "letter.html").stat().st_mode) == 0o600
    with book.reading() as connection:
        last = history(connection, incident)[-1]
    digest = hashlib.sha256((tmp_path / "letter.html").read_bytes()).hexdigest()
    assert (last.kind, dict(last.facts)) == ("export", {"what": "letter:information", "sha256": digest})
    assert not verify(book).faults


def test_no_text_of_the_log_is_in_a_letter(book: Casebook, tmp_path: Path) -> None:
    incident = of_log(book)
    opened(book, incident)
    for name in letters.names(None):
        assert "free games" not in write(book, incident, tmp_path / f"{name}.html", name)


def test_names_that_are_not_open_are_not_written(book: Casebook, tmp_path: Path) -> None:
    incident = of_log(book)
    opened(book, incident, "p.deputy")
    with pytest.raises(CasebookError, match=f"not open to you.*esafety incident reveal {incident}"):
        write(book, incident, tmp_path / "letter.html")
    assert not (tmp_path / "letter.html").exists()
    assert "export" not in kinds(book, incident)


def test_only_what_is_confirmed_has_letters(book: Casebook, tmp_path: Path) -> None:
    incident = of_log(book)
    opened(book, incident)
    do(book, "d.lead", incident, "close", outcome="parents", reason="Done.", debrief="With the tutor.")
    assert write(book, incident, tmp_path / "a.html")
    do(book, "d.lead", incident, "reopen", reason="There is more.")
    with pytest.raises(CasebookError, match="is under-review"):
        write(book, incident, tmp_path / "b.html")


def test_where_it_would_add_to_the_risk_nobody_writes_home(book: Casebook, tmp_path: Path) -> None:
    incident = told_of(book, HURT, route="pupil-victim")
    opened(book, incident)

    def say(word: str) -> None:
        answer(book, ACCESS, routes(), who("d.lead"), incident, "home-risk", word, None, NOW)

    for word in (None, "unsure", "yes"):
        if word is not None:
            say(word)
        with pytest.raises(CasebookError, match="nobody has said that parents may know"):
            write(book, incident, tmp_path / "letter.html")
    do(book, "d.lead", incident, "reroute", route="pupil-inappropriate", reason="Both.")
    with pytest.raises(CasebookError, match="nobody has said that parents may know"):
        write(book, incident, tmp_path / "letter.html")
    do(book, "d.lead", incident, "reroute", route="pupil-victim", reason="Back.")
    say("no")
    assert "a.example" in write(book, incident, tmp_path / "letter.html")


def test_a_letter_is_about_one_pupil_and_names_no_other(book: Casebook, tmp_path: Path) -> None:
    incident = told_of(book, HURT, DOER)
    opened(book, incident)
    with pytest.raises(CasebookError, match=r"none or several\. Say whose with --person"):
        write(book, incident, tmp_path / "letter.html")
    with pytest.raises(CasebookError, match=r"'z\.example' is no pupil"):
        write(book, incident, tmp_path / "letter.html", person="z.example")
    text = write(book, incident, tmp_path / "letter.html", person="b.example")
    assert ("b.example" in text, "a.example" in text) == (True, False)
    to_all = write(book, incident, tmp_path / "all.html", "other-parents")
    assert not {"a.example", "b.example"} & set(to_all.replace("<", " ").split())


def test_a_case_about_staff_needs_a_second_person_for_each_letter(book: Casebook, tmp_path: Path) -> None:
    incident = told_of(book, ("t.example", "victim", "staff"), DOER, route="staff-victim", by="h.head")
    opened(book, incident, "h.head")
    with pytest.raises(CasebookError, match=f"agree {incident} --to export"):
        write(book, incident, tmp_path / "a.html", "other-parents", "h.head")
    do(book, "h.head", incident, "agree", agreed="export", reason="I agree with myself.")
    with pytest.raises(CasebookError, match="one person alone"):
        write(book, incident, tmp_path / "a.html", "other-parents", "h.head")
    do(book, "h.head", incident, "bring-in", colleague="s.senior", reason="As the second.")
    do(book, "s.senior", incident, "agree", agreed="export", reason="Read together.")
    assert "t.example" not in write(book, incident, tmp_path / "a.html", "other-parents", "h.head")
    with pytest.raises(CasebookError, match="one person alone"):
        write(book, incident, tmp_path / "b.html", "other-parents", "h.head")


def test_what_may_be_illegal_needs_a_second_person(book: Casebook, tmp_path: Path) -> None:
    incident = told_of(book, DOER, route="illegal")
    opened(book, incident)
    with pytest.raises(CasebookError, match=f"agree {incident} --to export"):
        write(book, incident, tmp_path / "letter.html")
    do(book, "p.deputy", incident, "agree", agreed="export", reason="The police agree.")
    assert write(book, incident, tmp_path / "letter.html")


def test_who_may_not_see_the_incident_is_told_that_there_is_none(book: Casebook, tmp_path: Path) -> None:
    incident = told_of(book, ("t.example", "instigator", "staff"), route="staff-instigator", by="h.head")
    for account, name in (("d.lead", incident), ("n.network", incident), ("d.lead", "I-2026-99999")):
        with pytest.raises(Refused, match=f"there is no incident {name} that you may see"):
            write(book, name, tmp_path / "letter.html", account=account)


def test_nothing_is_written_over_and_nothing_is_left_where_the_history_refuses(book: Casebook, tmp_path: Path) -> None:
    incident = of_log(book)
    opened(book, incident)
    (tmp_path / "mine.html").write_text("mine", encoding="utf-8")
    with pytest.raises(CasebookError, match="is there already"):
        write(book, incident, tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_text() == "mine"
    with pytest.raises(ConfigError, match="there is no such folder"):
        write(book, incident, tmp_path / "none" / "letter.html")
    assert "export" not in kinds(book, incident)


def test_a_letter_whose_entry_fails_is_not_there(
    book: Casebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = of_log(book)
    opened(book, incident)

    def refuses(*_: object) -> None:
        raise CasebookError("somebody has merged it meanwhile.")

    before = set(tmp_path.iterdir())
    with monkeypatch.context() as broken:
        broken.setattr(Writer, "keep", refuses)
        with pytest.raises(CasebookError, match="meanwhile"):
            write(book, incident, tmp_path / "letter.html")
    assert "export" not in kinds(book, incident)
    # The whole file may lie hidden: nobody can tell whether the action was kept, but the next run.
    assert not (tmp_path / "letter.html").exists()
    assert write(book, incident, tmp_path / "letter.html")
    assert set(tmp_path.iterdir()) - before == {tmp_path / "letter.html"}
    assert kinds(book, incident).count("export") == 1


def test_a_letter_that_was_stopped_before_it_had_its_name_gets_it(
    book: Casebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident, other = of_log(book), told_of(book, DOER)
    opened(book, incident)
    opened(book, other)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(outgoing, "put", stopped)
        with pytest.raises(KeyboardInterrupt):
            write(book, incident, tmp_path / "letter.html")
    assert not (tmp_path / "letter.html").exists()
    with pytest.raises(CasebookError, match="made something else that is to be"):
        write(book, other, tmp_path / "letter.html")
    text = write(book, incident, tmp_path / "letter.html")
    assert "Jo Illustration" in text
    with book.reading() as connection:
        (told,) = [each for each in history(connection, incident) if each.kind == "export"]
    assert told.facts["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert stat.S_IMODE((tmp_path / "letter.html").stat().st_mode) == 0o600
    assert "export" not in kinds(book, other)
    assert [each for each in tmp_path.iterdir() if each.name.endswith(".unfinished")] == []


def test_what_was_agreed_to_is_for_one_letter_also_if_two_are_written_at_once(book: Casebook, tmp_path: Path) -> None:
    incident = told_of(book, ("t.example", "victim", "staff"), DOER, route="staff-victim", by="h.head")
    opened(book, incident, "h.head")
    do(book, "h.head", incident, "bring-in", colleague="s.senior", reason="As the second.")
    do(book, "s.senior", incident, "agree", agreed="export", reason="Read together.")

    def written(name: str) -> bool:
        try:
            return bool(write(book, incident, tmp_path / name, "other-parents", "h.head"))
        except CasebookError:
            return False

    names = [f"{number}.html" for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(written, names)) == [False, False, False, True]
    assert len([name for name in names if (tmp_path / name).exists()]) == 1
    assert kinds(book, incident).count("export") == 1


def test_the_schools_own_letter_takes_the_place_of_ours_and_others_are_known_by_no_name(
    book: Casebook, tmp_path: Path
) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "information.html").write_text("<p>Our own, to {{ person }}.</p>", encoding="utf-8")
    (folder / "jo.html").write_text('{% extends "page.html" %}{% block subject %}Us{% endblock %}', encoding="utf-8")
    incident = of_log(book)
    opened(book, incident)
    assert write(book, incident, tmp_path / "a.html", folder=folder) == "<p>Our own, to Jo Illustration.</p>"
    assert "Our reference" in write(book, incident, tmp_path / "b.html", "jo", folder=folder)
    with book.reading() as connection:
        assert history(connection, incident)[-1].facts["what"] == "letter:own"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<p>{{ persn }}</p>", "'persn' is undefined.*may ask for school, today"),
        ("a\n{% if %}", r"broken\.html:2: "),
        ("{% include 'none.html' %}", "no template 'none.html'"),
        ("{{ 1 / 0 }}", "cannot be filled in: division by zero"),
        ("{{ today.__class__.__mro__ }}", "cannot be filled in"),
        ("{{ school.__init__.__globals__ }}", "cannot be filled in"),
    ],
)
def test_a_broken_letter_is_refused_before_anything_is_written(
    text: str, said: str, book: Casebook, tmp_path: Path
) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "broken.html").write_text(text, encoding="utf-8")
    incident = of_log(book)
    opened(book, incident)
    with pytest.raises(ConfigError, match=said):
        write(book, incident, tmp_path / "letter.html", "broken", folder=folder)
    assert not (tmp_path / "letter.html").exists()
    assert "export" not in kinds(book, incident)


@pytest.mark.parametrize("name", ["../information", "information.html", "page", "", "nothing"])
def test_a_letter_that_there_is_not_is_refused_with_those_there_are(name: str, book: Casebook, tmp_path: Path) -> None:
    incident = of_log(book)
    opened(book, incident)
    with pytest.raises(CasebookError, match="There are information, meeting, other-parents"):
        write(book, incident, tmp_path / "letter.html", name)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "jo\u202etxt.exe", "{{ 7 * 7 }}", 'jo" onload="x'])
def test_a_hostile_name_is_text_and_nothing_else(name: str, book: Casebook, tmp_path: Path) -> None:
    incident = told_of(book, (name, "instigator", "pupil"))
    opened(book, incident)
    text = write(book, incident, tmp_path / "letter.html")
    assert "<script" not in text
    assert "\u202e" not in text
    assert 'onload="' not in text
    assert "49" not in text


def test_the_case_stays_as_it_was(book: Casebook, tmp_path: Path) -> None:
    incident = of_log(book)
    opened(book, incident)
    write(book, incident, tmp_path / "letter.html")
    with book.reading() as connection:
        assert case_of(connection, incident).state == "confirmed"
