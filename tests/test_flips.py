"""Changes of the filter that show in its answers: found with their days, and never where it may be chance or others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given, settings

from pipeline import lake
from pipeline.daily import counts
from pipeline.daily.flips import FLIPS, LEAST_REQUESTS, LEAST_USERS, flips
from pipeline.schema import SITE_VERDICTS, TIMESTAMP
from pipeline.text import url_parts
from tests.effort import tries

FIRST = date(2026, 11, 2)


def users(*numbers: int) -> int:
    """The set in which these users have their bits."""
    return sum(1 << each for each in set(numbers))


def answers(
    days: range, verdict: str, events: int = 10, who: int = users(*range(9)), *, host: str = "www.example.org",
    source: str = "filter", by_adult: bool = False,
) -> pl.DataFrame:  # fmt: skip
    rows = [(FIRST + timedelta(n), source, by_adult, host, verdict, events, who) for n in days]
    return pl.DataFrame(rows, schema=SITE_VERDICTS, orient="row")


def found(*tables: pl.DataFrame) -> list[tuple[str, str, int, str, int]]:
    """Name, what was, its last day, what is, its first day; days from the first."""
    made = flips(pl.concat(tables))
    assert made.schema == FLIPS
    return [
        (row["name"], row["was"], (row["until"] - FIRST).days, row["now"], (row["since"] - FIRST).days)
        for row in made.iter_rows(named=True)
    ]


def test_a_flip_is_found_with_its_days_and_its_witnesses() -> None:
    table = pl.concat(
        [answers(range(3), "blocked", 9, users(1, 2, 3, 4)), answers(range(3, 6), "blocked", 9, users(4, 5, 6)),
         answers(range(8, 12), "allowed", 11, users(7, 8, 9, 10, 11))]
    )  # fmt: skip
    assert flips(table).to_dicts() == [
        {
            "name": "example.org", "was": "blocked", "until": FIRST + timedelta(5), "now": "allowed",
            "since": FIRST + timedelta(8), "requests_before": 54, "users_before": 6, "requests": 44, "users": 5,
        }
    ]  # fmt: skip


@pytest.mark.parametrize(("was", "now"), [("blocked", "allowed"), ("allowed", "blocked"), ("blocked", "warned")])
def test_it_is_found_whichever_way_it_goes(was: str, now: str) -> None:
    assert found(answers(range(5), was), answers(range(5, 9), now)) == [("example.org", was, 4, now, 5)]


def test_a_day_on_which_both_answers_were_given_hides_nothing() -> None:
    mixed = [answers(range(5, 6), "blocked", 3), answers(range(5, 6), "allowed", 7)]
    assert found(answers(range(5), "blocked"), *mixed, answers(range(6, 12), "allowed")) == [
        ("example.org", "blocked", 4, "allowed", 5)
    ]


@pytest.mark.parametrize(
    "after",
    [
        answers(range(5, 7), "allowed", LEAST_REQUESTS // 2 - 1),
        answers(range(5, 9), "allowed", who=users(*range(LEAST_USERS - 1))),
        pl.concat([answers(range(5, 9), "allowed", 17), answers(range(5, 9), "blocked", 3)]),
    ],
    ids=["too few requests", "too few users", "not clear enough"],
)
def test_what_may_be_chance_is_none(after: pl.DataFrame) -> None:
    assert found(answers(range(5), "blocked"), after) == []


def test_a_log_that_is_new_is_no_change_of_the_filter() -> None:
    """A log of blocks alone, then a proxy that writes all it lets through."""
    assert found(answers(range(5), "blocked", source="blocks"), answers(range(5, 9), "allowed", source="proxy")) == []


def test_a_holiday_in_which_staff_alone_are_online_is_none() -> None:
    pupils, staff = answers(range(5), "blocked"), answers(range(5, 9), "allowed", by_adult=True)
    assert found(pupils, staff) == []
    assert found(pupils, staff, answers(range(5), "allowed", 1, by_adult=True)) == []


def test_one_host_of_a_domain_that_has_not_flipped_is_named_itself() -> None:
    rest = answers(range(9), "allowed", 500, host="www.example.co.uk")
    one = [answers(range(5), "blocked", host="games.example.co.uk"),
           answers(range(5, 9), "allowed", host="games.example.co.uk")]  # fmt: skip
    assert found(rest, *one) == [("games.example.co.uk", "blocked", 4, "allowed", 5)]


def test_many_hosts_with_few_requests_each_are_a_domain() -> None:
    before = [answers(range(n, n + 1), "blocked", 9, host=f"cdn{n}.example.org") for n in range(5)]
    after = [answers(range(n, n + 1), "allowed", 9, host=f"cdn{n}.example.org") for n in range(5, 9)]
    assert found(*before, *after) == [("example.org", "blocked", 4, "allowed", 5)]


def test_an_address_and_a_bare_name_are_sites_too() -> None:
    for host in ("192.0.2.7", "intranet"):
        assert found(answers(range(5), "blocked", host=host), answers(range(5, 9), "allowed", host=host)) == [
            (host, "blocked", 4, "allowed", 5)
        ]


# ---------------------------------------------------------------- the counts that they come from

ADDRESSES = [
    "http://www.example.org/a/b?c=d", "https://WWW.Example.org:8443/", "www.example.org:443", "http://www.example.org",
    "http://jo:pw@www.example.org/", "www.example.org/go?to=http://other.example/", "http://www.example.org?x=/y//z",
    "www.example.org?to=http://other.example/", "http://www.example.org#part", "//", "/", "http:///",
    "[2001:db8::7]:443", "http://[2001:db8::7]/a", "ftp://files.example/", "http://bücher.example/",
    "https://", "www.example.org?a:", "www.example.org/a:", "www.example.org:", "http:", "www.example.org:/a",
    "www.example.org:?a", "www.example.org:?a//b", "www.example.org:/a://b", "www.example.org?a://b",
    "tunnel://www.example.org:443/", "Https://www.example.org/",
]  # fmt: skip


def counted(events: Sequence[tuple[str | None, str | None, str | None, str]], adults: list[str]) -> pl.DataFrame:
    """`SITE_VERDICTS` of events of one noon: url, host, user, verdict."""
    noon = datetime(2026, 11, 2, 12, tzinfo=UTC)
    rows = [(noon, "filter", "192.0.2.1", *each) for each in events]
    names = ("source", "client_ip", "url", "host", "user", "verdict")
    columns = {"ts": TIMESTAMP, **dict.fromkeys(names, pl.String())}
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        lake.register(connection, "events", pl.DataFrame(rows, schema=columns, orient="row"))
        lake.register(connection, "quarters", counts.quarters([FIRST], ZoneInfo("Europe/London")))
        lake.register(connection, "adults", pl.DataFrame({"user": adults}, schema={"user": pl.String}))
        found = lake.ask(connection, "site_verdicts", first=noon - timedelta(hours=1), last=noon + timedelta(hours=1))
    return counts.by_host(found)


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_host_is_the_one_that_the_rest_of_the_program_sees(address: str) -> None:
    expected = url_parts(pl.Series([address]))["host"].drop_nulls().to_list()
    assert counted([(address, None, "a.example", "allowed")], [])["host"].to_list() == expected


def test_requests_are_counted_by_host_and_answer_and_users_once_however_an_address_is_written() -> None:
    events: list[tuple[str | None, str | None, str | None, str]]
    events = [(each, None, "a.example", "allowed") for each in ADDRESSES[:4]]
    events += [(None, "www.example.org", user, "allowed") for user in ("a.example", "t.teacher", None)]
    events += [(ADDRESSES[0], None, "a.example", verdict) for verdict in ("challenge", "error", "unknown", "warned")]
    table = counted(events, ["t.teacher"]).with_columns(pl.col("users").bitwise_count_ones())
    assert sorted(table.select("host", "verdict", "by_adult", "events", "users").rows()) == [
        ("www.example.org", "allowed", False, 6, 2), ("www.example.org", "allowed", True, 1, 1),
        ("www.example.org", "warned", False, 1, 1),
    ]  # fmt: skip


row = st.tuples(
    st.integers(0, 20), st.sampled_from(["filter", "dns"]), st.booleans(),
    st.sampled_from(["www.example.org", "example.org", "a.example.net", "b.example.net"]),
    st.sampled_from(["allowed", "blocked", "warned"]), st.integers(1, 60), st.integers(0, 2**63 - 1),
)  # fmt: skip


@given(st.lists(row, max_size=60, unique_by=lambda each: each[:5]))
@settings(max_examples=tries(200), deadline=None)
def test_whatever_is_found_has_witnesses_on_both_sides(rows: list[tuple[int, str, bool, str, str, int, int]]) -> None:
    table = pl.DataFrame(
        [(FIRST + timedelta(n), *rest) for n, *rest in rows], schema=SITE_VERDICTS, orient="row"
    )  # fmt: skip
    for flip in flips(table).iter_rows(named=True):
        mine = table.filter((pl.col("host") == flip["name"]) | pl.col("host").str.ends_with(f".{flip['name']}"))
        before = mine.filter((pl.col("day") <= flip["until"]) & (pl.col("verdict") == flip["was"]))
        after = mine.filter((pl.col("day") >= flip["since"]) & (pl.col("verdict") == flip["now"]))
        assert flip["was"] != flip["now"]
        assert flip["until"] <= flip["since"]
        for side, requests, least in ((before, "requests_before", "users_before"), (after, "requests", "users")):
            assert side["events"].sum() >= flip[requests] >= LEAST_REQUESTS
            assert flip[least] >= LEAST_USERS
