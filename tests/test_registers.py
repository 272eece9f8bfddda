"""The registers: filter-change requests that two people settle, what the logs say of them, and filter checks."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given, settings
from sqlalchemy import select

from casebook.access import NIGHT
from casebook.filtering import registering
from casebook.filtering.filterchanges import FilterChange
from casebook.filtering.filterchecks import FilterCheck, trace_of
from casebook.filtering.sitenames import covers, site_named
from casebook.filtering.traces import COUNTS, effect_days, effect_of
from casebook.filtering.unexplained import WITHHELD, Finding, findings, flips_of, outlived
from casebook.kinds import RESULTS, CasebookError, Refused, said
from casebook.store import Casebook, history
from casebook.tables import ACTION
from casebook.verifying import verify
from pipeline.daily.flips import FLIPS
from pipeline.schema import SITE_VERDICTS, VERDICTS
from tests.effort import tries
from tests.made_casebook import NOW, STAFF, casebook, who

TODAY = NOW.date()
PEOPLE = [each.account for each in STAFF]
MAY_DECIDE = {"d.lead", "p.deputy", "h.head", "n.network"}


@pytest.fixture
def book(tmp_path: Path) -> Any:
    with casebook(tmp_path) as opened:
        yield opened


def ask(book: Casebook, account: str = "s.senior", site: str = "games.example.org", wanted: str = "allow",
        **more: Any) -> str:  # fmt: skip
    return registering.ask(book, who(account), site, wanted, "For a lesson.", NOW, **more).id


def decide(book: Casebook, account: str, request: str, decision: str = "allow", **more: Any) -> FilterChange:
    return registering.decide(book, who(account), request, decision, "It is a maths site.", NOW, today=TODAY, **more)


def agree(book: Casebook, account: str, request: str, days: int = 0) -> FilterChange:
    at = NOW + timedelta(days=days)
    return registering.agree(book, who(account), request, "I looked at it as well.", at, today=at.date())


def kinds(book: Casebook, about: str) -> list[str]:
    with book.reading() as connection:
        return [each.kind for each in history(connection, about)]


# ---------------------------------------------------------------- who asks, who decides, who agrees


def test_a_request_goes_all_the_way_and_stands_until_its_end(book: Casebook) -> None:
    request = ask(book, site="https://Games.Example.org/level/7?name=jo")
    assert request == "F-2026-00001"
    decided = decide(book, "n.network", request, until=TODAY + timedelta(days=7))
    assert (decided.host, decided.standing(TODAY)) == ("games.example.org", "decided")
    made = agree(book, "d.lead", request)
    standings = [made.standing(TODAY + timedelta(days=n)) for n in (0, 7, 8)]
    assert standings == ["in-force", "in-force", "expired"]
    ended = registering.withdraw(book, who("s.senior"), request, "The lesson is over.", NOW)
    assert ended.standing(TODAY) == "withdrawn"
    assert kinds(book, request) == ["change-asked", "change-decided", "change-agreed", "change-withdrawn"]
    assert not verify(book).faults


@pytest.mark.parametrize("account", PEOPLE)
def test_who_may_ask_and_who_may_decide(book: Casebook, account: str) -> None:
    if account == "g.governor":
        with pytest.raises(Refused, match="governors"):
            ask(book, account)
    else:
        assert ask(book, account).startswith("F-")
    request = ask(book, "d.lead")
    if account in MAY_DECIDE:
        assert decide(book, account, request).decided_by == account
    else:
        with pytest.raises(Refused):
            decide(book, account, request)
        assert kinds(book, request) == ["change-asked"]


@pytest.mark.parametrize(("asker", "decider", "second"), [
    ("n.network", "n.network", "n.network"), ("n.network", "d.lead", "n.network"), ("s.senior", "d.lead", "d.lead"),
])  # fmt: skip
def test_the_second_person_neither_asked_nor_decided(book: Casebook, asker: str, decider: str, second: str) -> None:
    request = ask(book, asker)
    decide(book, decider, request)
    with pytest.raises(CasebookError, match="one person alone"):
        agree(book, second, request)
    assert agree(book, "p.deputy", request).standing(TODAY) == "in-force"


def test_whoever_a_request_was_entered_for_is_no_second_person_under_any_account(book: Casebook) -> None:
    request = ask(book, "n.network", asked_by="EXAMPLE\\HHead-Admin")
    decide(book, "d.lead", request)
    with pytest.raises(CasebookError, match="one person alone"):
        agree(book, "h.head", request)


def test_whoever_was_named_in_full_is_no_second_person(book: Casebook) -> None:
    request = ask(book, "n.network", asked_by="Hari Head")
    decide(book, "d.lead", request)
    with pytest.raises(CasebookError, match="one person alone"):
        agree(book, "h.head", request)


def test_what_was_noted_of_the_word_of_one_is_not_what_came_of_that_of_two(book: Casebook) -> None:
    request = ask(book)
    decide(book, "d.lead", request)
    what = said("change-effect", effect="seen", day="2026-10-14", before={}, after={"allowed": 3})
    with book.changing() as writer:
        writer.append(what, request, NIGHT, NOW)
        assert registering.change_of(writer.connection, request).effect == "seen"
    assert agree(book, "h.head", request).effect == ""


def test_what_is_refused_or_over_takes_nothing_more(book: Casebook) -> None:
    request = ask(book)
    assert decide(book, "d.lead", request, "refuse").standing(TODAY) == "refused"
    with pytest.raises(CasebookError, match="is refused"):
        agree(book, "h.head", request)
    with pytest.raises(CasebookError, match="is refused"):
        decide(book, "h.head", request)
    with pytest.raises(CasebookError, match="is asked"):
        agree(book, "h.head", ask(book))
    with pytest.raises(CasebookError, match="is over"):
        decide(book, "d.lead", ask(book), until=TODAY - timedelta(days=1))
    with pytest.raises(CasebookError, match="no F-2026-99999"):
        decide(book, "d.lead", "F-2026-99999")


def test_what_was_decided_until_a_day_is_settled_by_nobody_after_it(book: Casebook) -> None:
    request, other = ask(book), ask(book)
    for each in (request, other):
        decide(book, "d.lead", each, until=TODAY + timedelta(days=7))
    with pytest.raises(CasebookError, match=f"was decided until {TODAY + timedelta(days=7)}, and that is over"):
        agree(book, "h.head", request, 8)
    assert kinds(book, request) == ["change-asked", "change-decided"]
    assert agree(book, "h.head", other, 7).standing(TODAY + timedelta(days=7)) == "in-force"


def test_what_had_ended_has_not_ended_later_because_somebody_withdrew_it(book: Casebook) -> None:
    request, until = ask(book), TODAY + timedelta(days=7)
    decide(book, "d.lead", request, until=until)
    agree(book, "h.head", request)
    assert registering.withdraw(book, who("d.lead"), request, "Tidied.", NOW + timedelta(days=40)).ends == until
    early = ask(book)
    decide(book, "d.lead", early, until=until)
    assert registering.withdraw(book, who("d.lead"), early, "Enough.", NOW).ends == TODAY


@pytest.mark.parametrize(("written", "place"), [(" Year  7 ", "year 7"), ("St. Mary's (upper)", "st. mary's (upper)")])
def test_a_place_is_a_few_words(written: str, place: str) -> None:
    assert registering.place_named(written) == place


@pytest.mark.parametrize("written", ["", " ", "jo@example.org", "<b>", "x" * 41, "two\u202elines", "a;b"])
def test_what_may_be_a_person_or_a_trick_is_no_place(written: str) -> None:
    with pytest.raises(CasebookError, match="no user group"):
        registering.place_named(written)


def test_nothing_about_a_person_is_in_what_stays_for_good(book: Casebook) -> None:
    request = ask(book, "n.network", asked_by="jo.pupil")
    facts = {"host": "example.org", "device_type": "tablet", "site": "main", "group": "year 7", "result": "blocked",
             "tried_at": NOW}  # fmt: skip
    content = {"tried": "jo's page", "user": "EXAMPLE\\Jo.Pupil", "device": "lib-07"}
    check = registering.enter_check(book, who("n.network"), facts, content, NOW)
    with book.reading() as connection:
        kept = " ".join(connection.scalars(select(ACTION.c.facts)))
        assert registering.check_of(connection, check.id).user == "jo.pupil"
        assert registering.change_of(connection, request).askers == {"n.network", "jo.pupil"}
    assert not any(word in kept for word in ("jo", "lib-07", "lesson"))


def test_that_somebody_looked_is_in_the_history(book: Casebook) -> None:
    request = ask(book)
    for account in ("d.lead", "a.auditor"):
        registering.look(book, who(account), request, NOW)
    with book.reading() as connection:
        looks = [(each.author, each.facts["what"]) for each in history(connection, request) if each.kind == "view"]
    assert looks == [("d.lead", "all"), ("a.auditor", "facts")]
    with pytest.raises(Refused):
        registering.look(book, who("g.governor"), request, NOW)


@given(st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(["decide", "refuse", "agree", "withdraw", "wait"])),
                max_size=8))  # fmt: skip
@settings(max_examples=tries(60), deadline=None)
def test_whatever_is_in_force_was_settled_by_two_who_may(steps: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder, casebook(Path(folder)) as book:
        request = ask(book)
        taken: list[tuple[str, str]] = []
        days = 0
        for account, step in steps:
            days += 5 * (step == "wait")
            before = kinds(book, request)
            try:
                if step == "wait":
                    continue
                if step == "agree":
                    made = agree(book, account, request, days)
                    assert days <= 7
                elif step == "withdraw":
                    made = registering.withdraw(book, who(account), request, "Enough.", NOW)
                else:
                    until = TODAY + timedelta(days=7) if step == "decide" else None
                    made = decide(book, account, request, "allow" if step == "decide" else "refuse", until=until)
            except CasebookError:
                assert kinds(book, request) == before
                continue
            taken.append((account, step))
            if made.standing(TODAY) == "in-force":
                (decider, first), (second, then) = taken
                assert (first, then) == ("decide", "agree")
                assert decider != second
                assert {decider, second} <= MAY_DECIDE
        assert not verify(book).faults


# ---------------------------------------------------------------- sites


@pytest.mark.parametrize(("written", "host"), [
    ("Example.ORG", "example.org"), ("https://jo:secret@www.example.org:8443/a?b#c", "www.example.org"),
    ("*.example.org", "example.org"), (".example.org.", "example.org"), ("bücher.example", "xn--bcher-kva.example"),
    ("192.0.2.7", "192.0.2.7"), ("http://[2001:db8::7]/", "2001:db8::7"), ("intranet", "intranet"),
])  # fmt: skip
def test_a_site_is_written_as_the_logs_name_it(written: str, host: str) -> None:
    assert site_named(written) == host


@pytest.mark.parametrize(
    "written", ["", "   ", "https://", "two words", "a..b", "-x.example", "<b>.example", "e" * 300]
)
def test_what_is_no_site_is_refused(written: str) -> None:
    with pytest.raises(CasebookError, match="no site"):
        site_named(written)


@given(st.text(max_size=60))
@settings(max_examples=tries(300), deadline=None)
def test_any_text_is_a_site_or_refused_and_naming_it_again_changes_nothing(written: str) -> None:
    try:
        host = site_named(written)
    except CasebookError:
        return
    assert site_named(host if ":" not in host else f"[{host}]") == host
    assert host.isascii()


@pytest.mark.parametrize("suffix", ["com", "co.uk", "sch.uk"])
def test_nobody_asks_for_half_the_internet(book: Casebook, suffix: str) -> None:
    with pytest.raises(CasebookError, match="not one site"):
        ask(book, site=suffix)
    assert ask(book, site=suffix, exact=True)


def test_what_lies_below_is_meant_only_if_it_was_said() -> None:
    assert covers("example.org", "a.b.example.org", below=True)
    assert not covers("example.org", "notexample.org", below=True)
    assert not covers("example.org", "www.example.org", below=False)


# ---------------------------------------------------------------- what the logs say


def counts(*rows: tuple[int, str, int]) -> pl.DataFrame:
    return pl.DataFrame([(TODAY + timedelta(n), *rest) for n, *rest in rows], schema=COUNTS, orient="row")


@pytest.mark.parametrize(("rows", "word"), [
    ([(-2, "blocked", 9), (3, "allowed", 30)], "seen"), ([(3, "allowed", 30)], "seen"),
    ([(-2, "allowed", 9), (3, "allowed", 30)], "already"), ([(-2, "blocked", 9), (3, "blocked", 30)], "not-seen"),
    ([(-2, "blocked", 9), (3, "blocked", 30), (4, "allowed", 9)], "partly"),
    ([(-2, "blocked", 9), (0, "allowed", 30)], "no-traffic"), ([], "no-traffic"),
    ([(3, "error", 30), (3, "challenge", 2)], "no-traffic"), ([(3, "warned", 30)], "not-seen"),
])  # fmt: skip
def test_what_came_of_a_decision(rows: list[tuple[int, str, int]], word: str) -> None:
    assert effect_of(counts(*rows), TODAY, "allow").effect == word


def test_the_day_of_the_decision_is_neither_before_nor_after() -> None:
    days = effect_days(TODAY)
    assert (days[0], days[-1], len(days)) == (TODAY - timedelta(7), TODAY + timedelta(7), 15)
    found = effect_of(counts((-1, "blocked", 4), (0, "blocked", 100), (1, "allowed", 5)), TODAY, "allow")
    assert (found.before, found.after) == ({"blocked": 4}, {"allowed": 5})


@pytest.mark.parametrize("result", RESULTS)
def test_a_check_and_a_log_agree_differ_or_there_is_none(result: str) -> None:
    check = FilterCheck("C-2026-00001", "example.org", "tablet", "main", "year 7", result, NOW, NOW, "n.network")
    assert trace_of(check, []) == "none"
    by_verdict = {verdict: trace_of(check, [verdict]) for verdict in VERDICTS}
    assert set(by_verdict.values()) == {"agrees", "differs"}
    assert result == "not-reachable" or by_verdict[result] == "agrees"
    # A name server has let through what the proxy then blocked.
    assert trace_of(check, VERDICTS) == "agrees"


# ---------------------------------------------------------------- flips with and without a request

FLIP_UNTIL, FLIP_SINCE = date(2026, 11, 3), date(2026, 11, 4)


def flip(name: str = "example.org", was: str = "blocked", now: str = "allowed") -> pl.DataFrame:
    return pl.DataFrame([(name, was, FLIP_UNTIL, now, FLIP_SINCE, 50, 9, 41, 12)], schema=FLIPS, orient="row")


def change(**more: Any) -> FilterChange:
    made: dict[str, Any] = {"host": "example.org", "below": True, "wanted": "allow"} | more
    return FilterChange("F-2026-00001", asked_at=NOW, askers=frozenset({"s.senior"}), **made)


SETTLED: dict[str, Any] = {
    "state": "agreed",
    "decision": "allow",
    "decided_at": NOW,
    "decided_by": "n.network",
    "agreed_at": NOW,
}


@pytest.mark.parametrize(("changes", "on_record"), [
    ([], "none"),
    ([change(**SETTLED)], "settled"),
    ([change(**SETTLED | {"host": "www.example.org"})], "settled"),
    ([change(**SETTLED | {"host": "other.example"})], "none"),
    ([change(**SETTLED | {"decision": "block", "wanted": "block"})], "none"),
    ([change(**SETTLED | {"until": FLIP_SINCE})], "settled"),
    ([change(**SETTLED | {"until": FLIP_UNTIL - timedelta(days=30)})], "none"),
    ([change(**SETTLED | {"state": "decided", "agreed_at": None})], "alone"),
    ([change()], "asked"),
    ([change(wanted="block")], "none"),
    ([change(state="refused", decision="refuse")], "refused"),
    ([change(state="refused", decision="refuse"), change(**SETTLED)], "settled"),
    ([change(state="withdrawn", ended_at=NOW)], "none"),
])  # fmt: skip
def test_what_is_on_record_for_a_site_that_is_allowed_now(changes: list[FilterChange], on_record: str) -> None:
    (finding,) = findings(flip(), changes)
    assert (finding.on_record, finding.is_explained) == (on_record, on_record == "settled")


@pytest.mark.parametrize(
    "ended", [{"until": FLIP_UNTIL}, {"state": "withdrawn", "ended_at": datetime(2026, 11, 2, tzinfo=UTC)}]
)
def test_a_decision_that_has_ended_explains_that_it_is_as_before(ended: dict[str, Any]) -> None:
    (finding,) = findings(flip(was="allowed", now="blocked"), [change(**SETTLED | ended)])
    assert finding.is_explained


def test_the_finding_in_words_and_a_site_that_nobody_may_see() -> None:
    (finding,) = findings(flip(), [])
    assert finding.sentence() == (
        "example.org: blocked until 3 November, allowed since 4 November (41 requests, at least 12 users), "
        "no request on record"
    )
    (secret,) = findings(flip(), [], {"example.org"})
    assert secret == Finding(WITHHELD, "blocked", FLIP_UNTIL, "allowed", FLIP_SINCE, 41, 12, "none", "")
    assert "example" not in secret.sentence() + json.dumps(secret.as_data())


# ---------------------------------------------------------------- decisions that are over

ENDED = date(2026, 11, 4)


def after_the_end(
    verdict: str, *, events: int = 10, users: int = 0b11111, host: str = "www.example.org"
) -> pl.DataFrame:
    rows = [(ENDED + timedelta(n), "filter", False, host, verdict, events, users) for n in range(-3, 4)]
    return pl.DataFrame(rows, schema=SITE_VERDICTS, orient="row")


@pytest.mark.parametrize(
    "over", [{"until": ENDED}, {"state": "withdrawn", "ended_at": datetime(2026, 11, 4, tzinfo=UTC)}]
)
def test_a_decision_that_the_filter_goes_on_with_after_its_end_is_told(over: dict[str, Any]) -> None:
    (finding,) = outlived(after_the_end("allowed"), [change(**SETTLED | over)])
    assert not finding.is_explained
    assert finding.sentence() == (
        "example.org: allowed by F-2026-00001 until 4 November, and still allowed (30 requests, at least 5 users)"
    )
    (secret,) = outlived(after_the_end("allowed"), [change(**SETTLED | over)], {"example.org"})
    assert secret.name == WITHHELD


@pytest.mark.parametrize(("sites", "changes"), [
    (after_the_end("blocked"), [change(**SETTLED | {"until": ENDED})]),
    (after_the_end("allowed", host="other.example"), [change(**SETTLED | {"until": ENDED})]),
    (after_the_end("allowed", events=6), [change(**SETTLED | {"until": ENDED})]),
    (after_the_end("allowed", users=0b1111), [change(**SETTLED | {"until": ENDED})]),
    (after_the_end("allowed"), [change(**SETTLED)]),
    (after_the_end("allowed"), [change(**SETTLED | {"until": ENDED, "effect": "already"})]),
    (after_the_end("allowed"), [change(**SETTLED | {"until": ENDED + timedelta(days=3)})]),
    (after_the_end("allowed"), [change(**SETTLED | {"until": ENDED}), replace(change(**SETTLED), id="F-2026-00002")]),
    (after_the_end("allowed"), [change(state="refused", decision="refuse", until=ENDED)]),
])  # fmt: skip
def test_what_has_not_ended_or_is_not_gone_on_with_is_not_told(
    sites: pl.DataFrame, changes: list[FilterChange]
) -> None:
    assert outlived(sites, changes) == []


def test_what_has_outlived_its_end_is_no_flip_for_the_report() -> None:
    (finding,) = outlived(after_the_end("allowed"), [change(**SETTLED | {"until": ENDED})])
    assert flips_of([finding.as_data()]).is_empty()
