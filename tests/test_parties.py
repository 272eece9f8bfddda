"""Who is part of a case, however they were entered, and what follows from it for whoever asks."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text

from casebook import deciding, interchange
from casebook.access import NIGHT, Access
from casebook.case import STATES, Case
from casebook.dataprotection import held, retention
from casebook.dataprotection.retention import RULES, Period
from casebook.deciding import act
from casebook.display import listing
from casebook.display.looks import looks
from casebook.intake import take_in
from casebook.kinds import CasebookError, Refused, said
from casebook.meant import Listed
from casebook.packs.parts import parts_of
from casebook.splitting import split
from casebook.store import Casebook, case_of, history
from casebook.tables import PARTY
from casebook.verifying import verify
from tests.made_casebook import ACCESS, NOW, STAFF, casebook, do, routes, who
from tests.made_drafts import a_night, draft, drafts, hit
from tests.made_packs import viewer


@pytest.fixture
def book(tmp_path: Path) -> Any:
    with casebook(tmp_path) as opened:
        take_in(opened, a_night(), NOW, STAFF)
        yield opened


def the_case(book: Casebook, incident: str) -> Case:
    with book.reading() as connection:
        return case_of(connection, incident)


def seeing(book: Casebook, incident: str) -> set[str]:
    """Whoever sees it, by its history and by the list alike."""
    case = the_case(book, incident)
    by_case = {each.account for each in STAFF if ACCESS.sees(who(each.account), case)}
    with book.reading() as connection:
        by_list = {
            each.account
            for each in STAFF
            for row in listing.visible(connection, ACCESS, who(each.account), STATES)
            if row["id"] == incident and "category" in row
        }
    assert by_case == by_list
    return by_case


def by_category(book: Casebook, category: str) -> str:
    with book.reading() as connection:
        rows = connection.execute(text("SELECT id FROM incident WHERE category = :it"), {"it": category})
        return str(rows.scalar_one())


def of_account(book: Casebook, account: str, **changes: Any) -> str:
    """The incident of a draft that is filed under an account which the people file lacks."""
    found = hit(f"loser loser {account}", "loser", category="bullying")
    unlisted = {"subject": f"account:{account}", "subject_kind": "account", "who": "unknown-account", "role": None}
    row = draft(f"Account {account}", [found], **(unlisted | changes))
    take_in(book, drafts(row), NOW, STAFF)
    with book.reading() as connection:
        rows = connection.execute(text("SELECT incident FROM drafted WHERE draft_id = :it"), {"it": row["draft_id"]})
        return str(rows.scalar_one())


# ---------------------------------------------------------------- an account that the people file lacks


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ("h.head", {"c.chair"}),
        ("hhead-admin", {"c.chair"}),
        ("d.lead", {"h.head"}),
        ("n.network", {"h.head"}),
        ("z.unlisted", {"d.lead", "p.deputy", "h.head"}),
    ],
)
def test_whoever_an_account_belongs_to_is_part_of_its_draft(book: Casebook, account: str, expected: set[str]) -> None:
    incident = of_account(book, account)
    assert seeing(book, incident) == expected
    for each in {"h.head", "d.lead", "n.network"} - expected:
        with pytest.raises(Refused):
            do(book, each, incident, "review")
    assert the_case(book, incident).side == ("pupil" if account == "z.unlisted" else "staff")
    assert verify(book).faults == []


def test_a_caseworker_is_staff_even_where_the_people_file_has_them_as_a_pupil(book: Casebook) -> None:
    person = {"subject": "person:p.deputy", "subject_kind": "person", "role": "pupil"}
    assert seeing(book, of_account(book, "p.deputy", **person)) == {"h.head"}


def test_what_is_held_on_an_unlisted_account_is_found(book: Casebook) -> None:
    incident = of_account(book, "z.unlisted")
    do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "confirm", reason="She said so.")
    do(book, "d.lead", incident, "note", text="Her tutor knows.")
    with book.reading() as connection:
        found = held.held_on(connection, ACCESS, who("d.lead"), frozenset({"z.unlisted"}), frozenset(), str)
        left_out = held.held_on(
            connection, ACCESS, who("d.lead"), frozenset({"z.unlisted"}), frozenset({incident}), str
        )
    assert [each["id"] for each in found.cases] == [incident]
    assert (left_out.cases, left_out.withheld) == ((), 0)


def test_a_casebook_of_before_gets_its_tables_made_anew(tmp_path: Path) -> None:
    with casebook(tmp_path) as opened:
        incident = of_account(opened, "h.head")
        broken = of_account(opened, "z.unlisted")
        with opened.changing() as writer:
            writer.connection.execute(delete(PARTY))
            writer.connection.execute(text("UPDATE action SET kind = 'no-such-kind' WHERE about = :it"), {"it": broken})
            writer.connection.execute(text("DROP INDEX ix_action_kind"))
            writer.connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with casebook(tmp_path) as opened:
        assert seeing(opened, incident) == {"c.chair"}
        faults = {each.what for each in verify(opened).faults}
    assert any("hash does not fit" in each for each in faults), "what cannot be read is still there to be named"


# ---------------------------------------------------------------- whoever is entered by a name

SCHOOL = (
    Listed(("c.example03",), "Chloe Example", "pupil"),
    Listed(("j.example04",), "Jo Example", "pupil"),
    Listed(("j.example05",), "Jo Example", "pupil"),
    Listed(("f.example",), "Ms Fern Example", "staff"),
    Listed(("h.head",), "Mr Hari Head", "staff"),
    Listed(("v.guest",), "Val Guest", ""),
    Listed(("g.governor",), "Gilbert Governor", ""),
)
KNOWING = Access(STAFF, lambda: SCHOOL)
REPORT = {"category": "bullying", "level": "high", "route": "pupil-victim", "day": "2026-10-13"}


def told(book: Casebook, person: str, part: str, kind: str, access: Access = KNOWING, route: str = "") -> str:
    content = {
        "summary": "Told.", "reported_by": "a friend", "parties": [{"person": person, "part": part, "kind": kind}],
    }  # fmt: skip
    facts = REPORT | ({"route": route} if route else {})
    return deciding.report(book, access, who("p.deputy"), facts, content, NOW).id


@pytest.mark.parametrize("written", ["Hari Head", "Mr Hari  Head", "head, hari", "HARI HEAD", "H.Head", "hhead-admin"])
def test_a_caseworker_who_is_entered_by_name_is_part_of_the_case(book: Casebook, written: str) -> None:
    incident = told(book, written, "instigator", "staff", route="staff-instigator")
    assert seeing(book, incident) == {"c.chair"}
    other = told(book, "Dana Lead", "witness", "staff")
    assert seeing(book, other) == {"p.deputy", "h.head"}
    do(book, "p.deputy", other, "party", person=written, part="witness", person_kind="staff")
    assert seeing(book, other) == {"c.chair"}
    assert verify(book).faults == []


def test_a_name_that_is_kept_as_a_name_still_is_that_of_the_caseworker(book: Casebook) -> None:
    """They may have begun to work with the casebook after they were entered."""
    incident = told(book, "Hari  Head", "instigator", "staff", Access(()))
    assert list(the_case(book, incident).parties) == ["hari head"]
    assert seeing(book, incident) == {"c.chair"}


def test_a_pupil_is_one_person_under_account_and_name(book: Casebook) -> None:
    incidents = [told(book, each, "instigator", "pupil") for each in ("Chloe Example", "C.Example03", "example, chloe")]
    assert {person for each in incidents for person in the_case(book, each).parties} == {"c.example03"}
    with book.reading() as connection:
        found = held.held_on(connection, ACCESS, who("d.lead"), frozenset({"c.example03"}), frozenset(), str)
    assert [each["id"] for each in found.cases] == incidents
    act(book, KNOWING, routes(), who("d.lead"), incidents[0],
        said("not-party", person="Chloe Example", reason="Another."), NOW)  # fmt: skip
    assert not the_case(book, incidents[0]).parties


def test_whoever_was_entered_by_a_name_that_nobody_had_is_taken_out_by_it(book: Casebook) -> None:
    incident = told(book, "Chloe  Example", "witness", "pupil", ACCESS)
    act(book, KNOWING, routes(), who("d.lead"), incident,
        said("not-party", person="Chloe Example", reason="No."), NOW)  # fmt: skip
    assert not the_case(book, incident).parties


@pytest.mark.parametrize(
    ("written", "kind", "candidates"),
    [
        ("Jo Example", "pupil", "j.example04 \\(pupil\\), j.example05"),
        ("Hari", "staff", "h.head"),
        ("hari.head@school.example", "unknown", "h.head"),
        ("Dana Mary Lead", "unknown", "d.lead"),
    ],
)
def test_a_name_that_may_be_several_or_a_caseworker_is_refused_with_their_accounts(
    book: Casebook, written: str, kind: str, candidates: str
) -> None:
    with pytest.raises(CasebookError, match=candidates):
        told(book, written, "witness", kind)
    with pytest.raises(CasebookError, match=candidates):
        act(book, KNOWING, routes(), who("d.lead"), told(book, "c.example03", "victim", "pupil"),
            said("party", person=written, part="witness", person_kind=kind), NOW)  # fmt: skip


def test_a_child_who_shares_a_first_name_with_the_head_is_entered_without_more_ado(book: Casebook) -> None:
    assert list(the_case(book, told(book, "Hari", "victim", "pupil")).parties) == ["hari"]


# ---------------------------------------------------------------- where it went


def merge(book: Casebook, account: str, one: str, other: str) -> None:
    deciding.merge(book, ACCESS, routes(), who(account), one, other, "d.lead saw it: a detail.", NOW)


def test_what_was_merged_is_seen_by_nobody_who_is_part_of_where_it_went(book: Casebook) -> None:
    one, other = by_category(book, "extremism"), by_category(book, "bypass")
    merge(book, "h.head", one, other)
    do(book, "h.head", other, "party", person="d.lead", part="witness", person_kind="staff")
    assert seeing(book, one) == seeing(book, other) == {"p.deputy", "h.head"}
    do(book, "h.head", other, "party", person="hhead-admin", part="witness", person_kind="staff")
    assert seeing(book, one) == seeing(book, other) == {"c.chair"}
    with book.reading() as connection, pytest.raises(Refused):
        ACCESS.refuse_unseen(who("h.head"), case_of(connection, one))
    assert verify(book).faults == []


def test_what_was_merged_into_a_case_about_staff_is_apart_too(book: Casebook) -> None:
    one, other = by_category(book, "extremism"), by_category(book, "bypass")
    merge(book, "d.lead", one, other)
    do(book, "d.lead", other, "party", person="n.network", part="instigator", person_kind="staff")
    assert seeing(book, one) == seeing(book, other) == {"h.head"}


def test_whoever_is_part_of_what_was_split_off_does_not_read_it_where_it_came_from(book: Casebook) -> None:
    """The old one keeps its evidence, wherever it goes after that."""
    incident = by_category(book, "self-harm")
    hits = [each["hit_id"] for each in a_night().filter(category="self-harm")["hits"][0]]
    made = split(book, ACCESS, who("d.lead"), incident, hits[:1], "Another matter.", NOW).id
    do(book, "p.deputy", made, "party", person="d.lead", part="witness", person_kind="staff")
    assert seeing(book, incident) == seeing(book, made) == {"p.deputy", "h.head"}
    into = by_category(book, "bypass")
    do(book, "h.head", incident, "agree", agreed="dismiss", reason="Both of us.")
    merge(book, "p.deputy", incident, into)
    assert seeing(book, into) == {"p.deputy", "h.head"}
    do(book, "h.head", into, "party", person="x.pupil", part="witness", person_kind="pupil")
    assert seeing(book, made) == {"p.deputy", "h.head"}
    # There and back again.
    do(book, "h.head", made, "agree", agreed="dismiss", reason="Both of us.")
    merge(book, "p.deputy", made, into)
    assert seeing(book, made) == seeing(book, incident) == seeing(book, into) == {"p.deputy", "h.head"}
    assert verify(book).faults == []


def test_a_table_that_leaves_has_nothing_of_what_went_into_a_case_of_the_asker(book: Casebook, tmp_path: Path) -> None:
    one, other = by_category(book, "extremism"), by_category(book, "bypass")
    merge(book, "h.head", one, other)
    do(book, "h.head", other, "party", person="d.lead", part="witness", person_kind="staff")
    request = interchange.Request("json", tmp_path / "table.json", "For the safeguarding system.")
    interchange.export(book, routes(), viewer("d.lead", 15), request)
    assert not {one, other} & {each["id"] for each in json.loads((tmp_path / "table.json").read_text("utf-8"))}
    with book.reading() as connection, pytest.raises(Refused):
        parts_of(connection, one, viewer("d.lead", 15))


# ---------------------------------------------------------------- once it is erased

LATER = NOW + timedelta(days=5_000)
KEPT = {rule: Period(rule, 100, "the program") for rule in RULES}


def dismissed(book: Casebook, incident: str, by: str) -> None:
    do(book, by, incident, "review")
    do(book, by, incident, "dismiss", ground="false-alarm", reason="A line of a play.")


@pytest.mark.parametrize(
    ("person", "part", "by", "expected"),
    [
        ("d.lead", "instigator", "h.head", {"c.chair"}),
        ("hhead-admin", "witness", "c.chair", {"c.chair"}),
        ("c.chair", "witness", "h.head", set()),
        ("a.auditor", "victim", "h.head", {"c.chair"}),
        ("x.pupil", "instigator", "d.lead", {"d.lead", "p.deputy", "h.head"}),
    ],
)
def test_erasing_opens_a_case_to_nobody_who_was_part_of_it(
    book: Casebook, person: str, part: str, by: str, expected: set[str]
) -> None:
    incident = by_category(book, "extremism")
    do(book, "p.deputy", incident, "bring-in", colleague="s.senior", reason="As the second.")
    do(book, "p.deputy", incident, "party", person=person, part=part, person_kind="unknown")
    dismissed(book, incident, by)
    retention.purge(book, KEPT, NIGHT, LATER, STAFF)
    assert not the_case(book, incident).parties
    assert seeing(book, incident) - {"s.senior"} == expected
    for each in {"d.lead", "h.head", "s.senior"} - expected - ({"s.senior"} if person == "x.pupil" else set()):
        with pytest.raises(Refused):
            do(book, each, incident, "reopen", reason="Once more.")
    assert ACCESS.sees_routing(who("n.network"), the_case(book, incident)) == (person == "x.pupil")
    with book.reading() as connection:
        facts = history(connection, incident)[-1].facts
    assert person not in str(facts)
    assert verify(book).faults == []


def test_what_is_erased_twice_stays_closed_to_whoever_was_part_of_it_the_first_time(book: Casebook) -> None:
    incident = by_category(book, "extremism")
    do(book, "p.deputy", incident, "party", person="d.lead", part="witness", person_kind="staff")
    dismissed(book, incident, "h.head")
    retention.purge(book, KEPT, NIGHT, LATER, STAFF)
    do(book, "c.chair", incident, "reopen", reason="A letter came.")
    do(book, "c.chair", incident, "party", person="x.pupil", part="witness", person_kind="pupil")
    do(book, "c.chair", incident, "dismiss", ground="false-alarm", reason="Nothing in it.")
    retention.purge(book, KEPT, NIGHT, LATER, STAFF)
    assert seeing(book, incident) == {"c.chair"}


def test_what_was_merged_is_erased_with_who_was_part_of_where_it_went(book: Casebook) -> None:
    one, other = by_category(book, "extremism"), by_category(book, "bypass")
    merge(book, "h.head", one, other)
    do(book, "h.head", other, "party", person="d.lead", part="witness", person_kind="staff")
    dismissed(book, other, "h.head")
    retention.purge(book, KEPT, NIGHT, LATER, STAFF)
    assert seeing(book, one) == seeing(book, other) == {"c.chair"}


# ---------------------------------------------------------------- who looked at it


def looked_at(book: Casebook, account: str, incident: str | None = None) -> list[tuple[str, Any]]:
    with book.reading() as connection:
        return [(each["kind"], each["about"]) for each in looks(connection, ACCESS, who(account), incident)]


def test_who_looked_at_a_case_is_told_to_nobody_who_is_part_of_it(book: Casebook) -> None:
    of_head = told(book, "h.head", "instigator", "staff", route="staff-instigator")
    of_auditor = told(book, "a.auditor", "witness", "staff")
    of_staff, of_pupil = told(book, "f.example", "instigator", "staff"), by_category(book, "bypass")
    for account, incident in (("c.chair", of_head), ("h.head", of_staff), ("h.head", of_auditor), ("d.lead", of_pupil)):
        do(book, account, incident, "view", what="all")
        do(book, account, incident, "reveal", until=NOW.isoformat(), reason="To know who it is.")
    may_know = {
        "h.head": {of_staff, of_auditor, of_pupil}, "d.lead": {of_auditor, of_pupil},
        "a.auditor": {of_head, of_staff, of_pupil},
    }  # fmt: skip
    for account, expected in may_know.items():
        assert {about for _, about in looked_at(book, account)} == expected
        for incident in (of_head, of_auditor, of_staff, of_pupil):
            assert len(looked_at(book, account, incident)) == (2 if incident in expected else 0)
    assert looked_at(book, "h.head", of_head) == looked_at(book, "h.head", "I-2026-99999") == []


def test_a_table_that_left_is_told_of_without_the_incidents_that_are_not_to_be_known(
    book: Casebook, tmp_path: Path
) -> None:
    of_head = told(book, "h.head", "instigator", "staff", route="staff-instigator")
    of_staff = told(book, "f.example", "instigator", "staff")
    for account in ("c.chair", "h.head"):
        request = interchange.Request("json", tmp_path / account, "For the safeguarding system.")
        interchange.export(book, routes(), viewer(account, 15), request)
    with book.changing() as writer:
        copy = said("export", what="subject-access", sha256="0" * 64, reason="So.", person="x", without=[of_staff])
        writer.append(copy, None, who("h.head"), NOW)
    with book.reading() as connection:
        to_head, to_dsl, to_auditor = (
            looks(connection, ACCESS, who(each)) for each in ("h.head", "d.lead", "a.auditor")
        )
        of_it = looks(connection, ACCESS, who("d.lead"), of_staff)
    assert [each["author"] for each in to_head] == ["h.head", "h.head"], "the chair's table had the head's case alone"
    assert of_staff in to_head[0]["incidents"]
    assert of_head not in str(to_head)
    assert of_staff not in str(to_dsl)
    assert len(to_dsl[0]["incidents"]) == len(to_head[0]["incidents"]) - 2, "one is of the night"
    assert (to_dsl[1]["without"], of_it) == ([], [])
    assert [each["author"] for each in to_auditor] == ["c.chair", "h.head", "h.head"]


def test_a_copy_of_what_the_chair_did_says_nothing_of_the_case_about_the_head(book: Casebook) -> None:
    of_head, of_pupil = told(book, "h.head", "instigator", "staff"), by_category(book, "bypass")
    do(book, "c.chair", of_head, "view", what="all")
    with book.changing() as writer:
        writer.append(said("view", what="list"), None, who("c.chair"), NOW)
    do(book, "p.deputy", of_pupil, "note", text="So.")
    for account, person, expected in (
        ("h.head", "c.chair", [""]), ("a.auditor", "c.chair", [of_head, ""]), ("d.lead", "p.deputy", [of_pupil]),
    ):  # fmt: skip
        with book.reading() as connection:
            found = held.held_on(connection, ACCESS, who(account), frozenset({person}), frozenset(), str)
        assert [each["about"] for each in found.acted if each["kind"] != "reported"] == expected


# ---------------------------------------------------------------- of which kind they are


@pytest.mark.parametrize("person", ["f.example", "Fern Example", "n.network", "Nour Network", "Gilbert Governor"])
def test_staff_are_staff_whatever_was_typed(book: Casebook, person: str) -> None:
    assert seeing(book, told(book, person, "instigator", "unknown")) == {"h.head"}
    for kind in ("pupil", "parent"):
        with pytest.raises(CasebookError, match="is staff on the school's lists"):
            told(book, person, "instigator", kind)


def test_whoever_was_a_pupil_and_is_staff_now_is_staff(book: Casebook) -> None:
    access = Access(STAFF, lambda: (Listed(("t.then",), "Tam Then", "pupil"), Listed(("t.then",), "Tam Then", "staff")))
    assert seeing(book, told(book, "Tam Then", "instigator", "unknown", access)) == {"h.head"}
    with pytest.raises(CasebookError, match="is staff"):
        told(book, "t.then", "instigator", "pupil", access)


def test_a_pupil_is_no_member_of_staff_and_of_a_guest_the_lists_say_nothing(book: Casebook) -> None:
    with pytest.raises(CasebookError, match="is pupil"):
        told(book, "c.example03", "instigator", "staff")
    for kind in ("parent", "staff", "unknown"):
        assert the_case(book, told(book, "v.guest", "witness", kind)).parties["v.guest"].kind == kind


# ---------------------------------------------------------------- the second person


@pytest.mark.parametrize("person", ["p.deputy", "Pat Deputy"])
def test_an_agreement_is_none_once_its_giver_is_part_of_the_case(book: Casebook, person: str) -> None:
    incident = by_category(book, "illegal-content")
    do(book, "p.deputy", incident, "agree", agreed="open", reason="We look at the reference together.")
    do(book, "d.lead", incident, "party", person=person, part="witness", person_kind="staff")
    with pytest.raises(CasebookError, match="one person alone"):
        do(book, "d.lead", incident, "review")
    do(book, "h.head", incident, "agree", agreed="open", reason="I look at it with her.")
    assert do(book, "d.lead", incident, "review").state == "under-review"


def test_an_agreement_under_another_account_is_none_either(book: Casebook) -> None:
    incident = by_category(book, "illegal-content")
    do(book, "h.head", incident, "agree", agreed="open", reason="We look at the reference together.")
    do(book, "d.lead", incident, "party", person="hhead-admin", part="witness", person_kind="staff")
    with pytest.raises(CasebookError, match="one person alone"):
        do(book, "c.chair", incident, "review")


@pytest.mark.parametrize(("incident_of", "colleague"), [("bypass", "s.senior"), ("bullying", "d.lead")])
def test_whoever_was_brought_in_is_a_second_person_and_decides_nothing(
    book: Casebook, incident_of: str, colleague: str
) -> None:
    """A senior leader in a pupil's case, the DSL in one about staff."""
    with book.reading() as connection:
        rows = connection.execute(
            text("SELECT id FROM incident WHERE category = :it ORDER BY side DESC"), {"it": incident_of}
        )
        incident = str(rows.scalars().first())
    do(book, "h.head", incident, "hold", reason="The police have asked.")
    do(book, "h.head", incident, "bring-in", colleague=colleague, reason="As the second.")
    allowed: dict[str, dict[str, Any]] = {
        "note": {"text": "I have read it."}, "agree": {"agreed": "close", "reason": "So do I."},
        "reveal": {"until": NOW.isoformat(), "reason": "To know who it is."},
    }  # fmt: skip
    for kind, values in allowed.items():
        do(book, colleague, incident, kind, **values)
    route = the_case(book, incident).route
    refused: dict[str, dict[str, Any]] = {
        "release": {"reason": "No more."}, "review": {}, "party": {"person": "x", "part": "witness",
        "person_kind": "pupil"}, "bring-in": {"colleague": "p.deputy", "reason": "Three of us."},
        "reroute": {"route": "accidental", "reason": "So."}, "step": {"route": route, "step": "record"},
        "export": {"what": "pack", "sha256": "0" * 64, "reason": "So."},
    }  # fmt: skip
    for kind, values in refused.items():
        with pytest.raises(Refused, match="second person"):
            do(book, colleague, incident, kind, **values)
    do(book, "h.head", incident, "review")
    with pytest.raises(Refused, match="second person"):
        do(book, colleague, incident, "dismiss", ground="false-alarm", reason="Nothing in it.")
    with pytest.raises(Refused, match="second person"):
        split(book, ACCESS, who(colleague), incident, ["0" * 16], "Another matter.", NOW)
