"""Debian's own Squid, real requests by several people, and a whole night over what it logged.

What the client asked for is what the night must have: who, from where, what, how it ended, and nothing twice.
"""

from __future__ import annotations

import gzip
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.servers.agreement import agree
from tests.servers.client import Answer, Ask, Login, sit, sit_together
from tests.servers.processes import folder, program, wait_until
from tests.servers.school import AMIRA, BEN, BLANK, CHLOE, GUEST, HANA, LOGINS, TEACHER, ZOE, School, school
from tests.servers.squid import Squid, squid
from tests.servers.web import web

pytestmark = pytest.mark.servers

_PAGES = ("/", "/maths/fractions?page=2", "/history/1066.html", "/a/b/c/?x=1&y=2", "/big", "/quiz#three", "/empty")
_PARTS = ("/picture.png", "/style.css", "/script.js")
_TROUBLES = ("/missing", "/forbidden", "/broken", "/moved")
_SEARCHES = ("long+division", "weather%20tomorrow", "how+do+volcanoes+work", "caf%C3%A9+menu", "romeo+and+juliet")
#: Longer than Squid's buffer for a line of its log, shorter than the longest address that it serves.
_TOO_LONG_FOR_THE_LOG = "http://www.google.com/search?q=how+to+kill+myself+" + "z" * 8_100


@dataclass(frozen=True)
class Night:
    """What lay in the store after one night, and all that had been asked for until then."""

    record: dict[str, Any]
    answers: list[Answer]
    events: pl.DataFrame
    rejects: pl.DataFrame


@dataclass(frozen=True)
class Days:
    """Three nights: after the first traffic; after more of it, a rotation, and more; after compression."""

    school: School
    nights: list[Night]
    #: A request whose record Squid cuts off, and the request of somebody else that goes on in the same line.
    cut_off: list[Answer]
    #: Logins under names that are made to look like something else.
    hostile: list[Answer]
    log: str


def _page(login: Login | None, path: str, verdict: str = "allowed", **more: Any) -> Ask:
    return Ask(f"http://www.example.test{path}", verdict, login=login, **more)


def _usual(login: Login, chance: random.Random) -> list[Ask]:
    """An ordinary quarter of an hour of somebody: three requests in four are allowed."""
    asks = [_page(None, "/first", "challenge")] if chance.random() < 0.5 else []
    for _ in range(10):
        site = f"http://s{chance.randrange(40)}.example.test"
        search = f"http://www.google.com/search?hl=en&q={chance.choice(_SEARCHES)}"
        asks += chance.choices(
            [
                Ask(site + chance.choice(_PAGES), "allowed", login=login),
                Ask(site + chance.choice(_PARTS), "allowed", login=login, kind="background"),
                Ask(site + chance.choice(_TROUBLES), "allowed", login=login),
                Ask(search, "allowed", login=login, kind="typed"),
                Ask(site + "/form", "allowed", "POST", login, body=b"answer=42"),
                Ask(site + "/head", "allowed", "HEAD", login),
                Ask("http://www.blocked.example.test/game", "blocked", login=login),
                Ask("http://redirected.example.test/film?id=7", "blocked", login=login),
                Ask("http://early.example.test/", "blocked", login=login, named=False),
                Ask(site + "/program.exe", "blocked", login=login),
            ],
            weights=[8, 4, 2, 3, 1, 1, 2, 1, 1, 1],
        )
    return asks


def _tunnels() -> list[Ask]:
    """Encrypted traffic: the page is never known."""
    hosts = [f"chat{number}.example.test:443" for number in range(4)]
    return [
        *[Ask(host, "allowed", "CONNECT", login, "host-only") for host in hosts for login in (AMIRA, ZOE, TEACHER)],
        Ask("[2001:db8::5]:8443", "allowed", "CONNECT", BEN, "host-only"),
        Ask("chat.example.test:443", "allowed", "CONNECT", BLANK, "host-only"),
        Ask("www.blocked.example.test:443", "blocked", "CONNECT", CHLOE, "host-only"),
        Ask("early.example.test:443", "blocked", "CONNECT", CHLOE, "host-only", named=False),
        Ask("chat.example.test:443", "challenge", "CONNECT", None, "host-only"),
        Ask("chat.example.test:443", "challenge", "CONNECT", HANA, "host-only"),
    ]


def _odd(web_port: int) -> list[Ask]:
    """What no browser sends, and what Squid 5.7 makes of it."""
    said = "http://www.example.test"
    odd: list[tuple[str | bytes, str]] = [
        (f"{said}/with blanks in it", f"{said}/withblanksinit"),
        (f"{said}/tab\there", f"{said}/tabhere"),
        (f"{said}/x HIER_DIRECT/192.0.2.9 text/html", f"{said}/xHIER_DIRECT/192.0.2.9text/html"),
        (f"{said}/%41%zz%", f"{said}/%41%zz%"),
        (f"{said}/a%0d%0ab%00c", f"{said}/a%0d%0ab%00c"),
        (
            f"{said}/quotes\"'`<script>alert(1)</script>[x]{{y}}|\\^",
            f"{said}/quotes\"'`<script>alert(1)</script>[x]{{y}}|\\^",
        ),
        (f"{said}/utf8/zoë", f"{said}/utf8/zoë"),
        (said.encode() + b"/latin/zo\xeb/\xff\xfe", f"{said}/latin/zoë/ÿþ"),
        (f"{said}/q?" + "q=abc&" * 830, f"{said}/q?" + "q=abc&" * 830),
        ("http://[2001:db8::1]/six?x=1", "http://[2001:db8::1]/six?x=1"),
        ("http://WWW.Example.TEST:80/Upper", f"{said}/Upper"),
        ("http://someone:secret@www.example.test/with-a-name", f"{said}/with-a-name"),
        ("http://www.example.test", f"{said}/"),
        ("http://www.example.test?noslash", f"{said}/?noslash"),
        ("http://www.example.test./dot", f"{said}/dot"),
        ("http://xn--bcher-kva.example.test/", "http://xn--bcher-kva.example.test/"),
        ("http://bücher.example.test/", "http://bücher.example.test/"),
        ("http://under_score.example.test/", "http://under_score.example.test/"),
        ("http://3221225991/", "http://192.0.2.7/"),
        ("ftp://files.example.test/a", "ftp://files.example.test/a"),
    ]
    return [
        *[Ask(target, "allowed", logged=logged, login=BEN) for target, logged in odd],
        Ask(f"{said}/lower", "allowed", "get", logged_method="GET", login=BEN),
        Ask(f"http://direct.example.test:{web_port}/", "allowed", login=BEN),
        # The filter let it through; that the site was down looks in the log like a site that answers with 503.
        Ask("http://dead.example.test:1/", "allowed", login=BEN),
        # A name with a blank: it cannot be told where it begins, and it is not Eve's.
        Ask(f"{said}/blank", "allowed", login=BLANK, named=False, logged=f"{said}/blank d e"),
        # What Squid refuses before it knows who asks.
        *[
            Ask(target, "error", login=BEN, named=False)
            for target in ("/relative?x=1", "www.example.test/no-scheme", "gopher://www.example.test/", "http:///nohost",
                           "http://www.example.test:99999/port", "http://a..example.test/")
        ],
        Ask(f"{said}/nul\x00here", "error", named=False, logged="error:invalid-request", kind="background", login=BEN),
    ]  # fmt: skip


def _hostile_names() -> list[Ask]:
    """Logins that fail, with a name that is made to look like something else."""
    typed = [
        "x\n1795260453.329 0 10.0.0.1 GET",
        "x HIER_NONE/- text/html",
        "tab\tbed",
        "q\"u'o%41",
        "[b]",
        " lead",
        "trail ",
        "%5C",
        "é",
    ]
    return [_page(Login(name, "wrong", name), f"/n{at}", "challenge", named=False) for at, name in enumerate(typed)]


def _concerning() -> list[Ask]:
    """Two searches that somebody must look at; the second by somebody who typed Hana's name and a wrong password."""
    search = "http://www.google.com/search?q=how+to+kill+myself"
    return [
        Ask(search, "allowed", login=AMIRA, kind="typed"),
        Ask(search, "challenge", login=HANA, kind="typed"),
    ]


def _in_the_morning(chance: random.Random, server: Squid, web_port: int) -> list[Answer]:
    """Everything that there is, at a dozen desks."""
    usual = [_usual(login, chance) for login in (*LOGINS, *LOGINS, AMIRA, ZOE) if login is not BLANK]
    alone = [*_tunnels(), *_odd(web_port), *_concerning(), _page(BEN, "/slow", "error", hangs_up=True)]
    answers = sit_together(server.port, [*usual, *[[ask] for ask in alone]])
    if server.sixth is not None:
        answers += sit(server.sixth, _usual(CHLOE, chance), "::1")
    return answers


def _more(chance: random.Random, server: Squid) -> list[Answer]:
    return sit_together(server.port, [_usual(login, chance) for login in (AMIRA, BEN, CHLOE, ZOE, TEACHER, GUEST)])


def _wait_for_lines(path: Path, lines: int) -> None:
    wait_until(lambda: path.is_file() and path.read_bytes().count(b"\n") >= lines, f"{lines} lines in {path.name}")


def _lines_of(answers: Sequence[Answer]) -> int:
    return sum(answer.ask.lines for answer in answers)


def _night(place: School, record: dict[str, Any], answers: list[Answer]) -> Night:
    """What lies in the store now, after the night of this record."""
    return Night(record, list(answers), place.events(), place.rejects())


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """Three nights over the log of a Squid that went on being used between them."""
    program("squid")
    chance = random.Random(20261121)
    with folder() as place, web() as web_port, squid(web_port, LOGINS, place) as server:
        home = school(tmp_path_factory.mktemp("school"), server.log.parent)
        answers = _in_the_morning(chance, server, web_port)
        _wait_for_lines(server.log, _lines_of(answers))
        # The first as a process of its own: that it is one makes no difference to what the others read.
        nights = [_night(home, home.night_as_process(), answers)]
        # The file grows, is turned over, and another one grows.
        grown = _more(chance, server)
        _wait_for_lines(server.log, _lines_of(answers + grown))
        rotated = server.log.with_name("access.log.0")
        server.rotate()
        wait_until(lambda: rotated.is_file() and server.log.is_file(), "the rotation")
        after = _more(chance, server)
        hostile = sit_together(server.port, [[ask] for ask in _hostile_names()])
        cut_off = sit(server.port, [Ask(_TOO_LONG_FOR_THE_LOG, "allowed", login=BEN)])
        cut_off += sit(server.port, [_page(ZOE, "/quite-ordinary")])
        _wait_for_lines(server.log, _lines_of(after + hostile) + 1)
        answers += [*grown, *after]
        nights.append(_night(home, home.night(), answers))
        log = (rotated.read_bytes() + server.log.read_bytes()).decode("cp1252")
        rotated.with_name("access.log.0.gz").write_bytes(gzip.compress(rotated.read_bytes()))
        rotated.unlink()
        nights.append(_night(home, home.night(), answers))
        yield Days(home, nights, cut_off, hostile, log)


@pytest.mark.parametrize("night", [0, 1, 2])
def test_every_request_is_one_event_and_says_what_happened(days: Days, night: int) -> None:
    others = {answer.client for answer in [*days.cut_off, *days.hostile]}
    events = days.nights[night].events
    agree(events.filter(~pl.col("client_ip").is_in(others)), days.nights[night].answers, _sent)


def _sent(answer: Answer) -> int:
    """Squid counts what it sends, heads included."""
    return answer.wire_bytes


def test_every_line_is_an_event_or_a_refusal(days: Days) -> None:
    read = 0
    for night, new in zip(days.nights, (True, True, False), strict=True):
        totals = night.record["totals"]
        assert (totals["records"] > 0) == new
        read += totals["records"]
        assert read == night.events.height + night.rejects.height
        assert totals["records"] == totals["events"] + totals["rejects"] + totals["skips"]
    assert read == days.log.count("\n")
    assert days.nights[0].rejects.is_empty()


def test_a_growing_rotated_and_compressed_log_is_read_once(days: Days) -> None:
    _, second, third = days.nights
    assert {Path(file["path"]).name: file["status"] for file in second.record["files"]} == {
        "access.log": "read", "access.log.0": "read",
    }  # fmt: skip
    assert {Path(file["path"]).name: file["status"] for file in third.record["files"]} == {
        "access.log": "unchanged", "access.log.0.gz": "unchanged",
    }  # fmt: skip
    assert third.events.equals(second.events)
    assert second.events["event_id"].is_unique().all()
    assert days.nights[0].events["event_id"].is_in(second.events["event_id"].implode()).all()


def test_nothing_left_the_machine(days: Days) -> None:
    peers = Counter(re.findall(r" (?:HIER_\w+|FIRSTUP_PARENT)/(\S+) ", days.log))
    assert set(peers) == {"127.0.0.1", "-"}
    assert peers["127.0.0.1"] > 100


def test_facts_count_every_request_by_what_the_filter_did(days: Days) -> None:
    answers = [*days.nights[-1].answers, *days.hostile]
    facts = days.school.facts().filter(pl.col("category") == "")
    counted = dict(facts.group_by("verdict").agg(pl.col("events").sum()).iter_rows())
    assert counted == Counter(answer.ask.verdict for answer in answers)
    pupils = facts.filter((pl.col("verdict") == "blocked") & (pl.col("year_group") == "7"))["events"].sum()
    year_seven = {AMIRA.person, BEN.person}
    assert pupils == sum(
        answer.ask.verdict == "blocked" and answer.ask.named and answer.ask.login is not None
        and answer.ask.login.person in year_seven for answer in answers
    )  # fmt: skip


def test_a_concerning_search_is_drafted_in_the_name_of_the_pupil(days: Days) -> None:
    drafts = days.school.drafts().filter(pl.col("subject") == f"person:{AMIRA.person}").to_dicts()
    assert [(draft["subject_name"], draft["who"], draft["class"]) for draft in drafts] == [
        ("Amira Example", "authenticated", "7A")
    ]
    hit = drafts[0]["hits"][0]
    assert (hit["field"], hit["text"], hit["verdict"], hit["kind"]) == (
        "search_text", "how to kill myself", "allowed", "typed",
    )  # fmt: skip
    assert hit["raw"].decode() in days.log
    assert "Amira Example" in days.school.digest()


def test_who_is_named_by_a_wrong_password_alone_is_on_no_draft(days: Days) -> None:
    assert days.nights[0].events.filter(pl.col("user") == HANA.person)["verdict"].unique().to_list() == ["challenge"]
    [searched] = [
        answer for answer in days.nights[0].answers if answer.ask.login is HANA and answer.ask.kind == "typed"
    ]
    drafts = days.school.drafts()
    theirs = drafts.filter(pl.col("subject") == f"address:{searched.client}")
    assert theirs.select("who", "subject_kind").rows() == [("contradicted", "address")]
    named = drafts.select("subject", "subject_name", "class").to_dicts()
    assert not [row for row in named if HANA.person in row["subject"] or "Hana" in row["subject_name"]]
    assert "Hana Example" not in days.school.digest()


def test_names_made_to_look_like_something_else_are_nobody(days: Days) -> None:
    events = days.nights[1].events.filter(pl.col("client_ip").is_in([answer.client for answer in days.hostile]))
    assert events["client_ip"].sort().to_list() == sorted(answer.client for answer in days.hostile)
    assert set(events["verdict"]) == {"challenge"}
    people = {login.person for login in (*LOGINS, HANA)} | {"e"}
    assert not people & set(events["user"].to_list())


def test_a_request_behind_a_record_that_squid_cut_off_is_refused_and_not_misread(days: Days) -> None:
    assert [answer.status for answer in days.cut_off] == [200, 200]
    [refused] = days.nights[1].rejects.to_dicts()
    assert refused["reason"] == "too-long"
    assert all(answer.client.encode() in refused["raw"] for answer in days.cut_off)
    clients = [answer.client for answer in days.cut_off]
    assert days.nights[1].events.filter(pl.col("client_ip").is_in(clients)).is_empty()
    assert days.school.drafts().filter(pl.col("subject_name") == "Zoë Example").is_empty()
