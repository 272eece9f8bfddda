"""dnsmasq's log: whose a block is, however questions interleave; and its years, in a night and tried by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from cli import main
from pipeline.formats import LINES, Declared, Parsed, registry
from tests.effort import tries
from tests.made_night import School

_FORM = registry()["dnsmasq"]
_DECLARED = Declared(last_change=datetime(2026, 3, 15, 12, tzinfo=UTC))
_HEAD = "Mar 15 09:00:00 dnsmasq[812]: "
_quick = settings(max_examples=tries(40), deadline=None)


def _parsed(texts: list[str], carry: str = "") -> Parsed:
    lines = pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)
    return _FORM.parse(lines, _DECLARED, carry)


def _rows(*texts: str) -> list[tuple[str | None, str | None, str]]:
    events = _parsed([f"{_HEAD}{text}" for text in texts]).events
    return events.select("client_ip", "host", "verdict").rows()


@pytest.mark.parametrize(
    "between",
    [
        "forwarded a.test to 192.0.2.53", "query[A] b.test from 10.0.0.2", "query[A] a.test from 10.0.0.2",
        "cached b.test is <CNAME>", "read /etc/hosts - 3 names",
    ],
)  # fmt: skip
def test_a_block_that_does_not_follow_its_question_at_once_is_not_given_to_the_one_before(between: str) -> None:
    rows = _rows("query[A] a.test from 10.0.0.1", between, "gravity blocked a.test is 0.0.0.0")
    assert rows[-1] == ("10.0.0.2" if between == "query[A] a.test from 10.0.0.2" else None, "a.test", "blocked")


@pytest.mark.parametrize(
    "block",
    [
        "gravity blocked b.test is 0.0.0.0", "reply a.test is blocked during CNAME inspection",
        "7 10.0.0.9/53 gravity blocked a.test is 0.0.0.0",
    ],
)  # fmt: skip
def test_a_block_of_another_name_or_question_is_not_given_to_the_one_before(block: str) -> None:
    client = _rows("query[A] a.test from 10.0.0.1", block)[-1][0]
    assert client == ("10.0.0.9" if "10.0.0.9" in block else None)


def test_another_process_or_machine_is_another_question() -> None:
    for other in ("Mar 15 09:00:00 dnsmasq[813]: ", "Mar 15 09:00:00 other dnsmasq[812]: "):
        events = _parsed([f"{_HEAD}query[A] a.test from 10.0.0.1", f"{other}config a.test is 0.0.0.0"]).events
        assert events["client_ip"].to_list() == ["10.0.0.1", None]


@pytest.mark.parametrize(
    "said",
    [
        "gravity blocked a.test is NXDOMAIN", "exactly blacklisted a.test is ::", "/etc/my.hosts a.test is ::",
        "regex blacklisted a.test is NODATA-IPv6", "regex denied (CNAME) a.test is 0.0.0.0",
        "config a.test is 0.0.0.0 (EDE: blocked)",
        "blocked upstream with NULL address a.test is 0.0.0.0", "special domain a.test is NXDOMAIN",
        "blocked upstream with EDE15 a.test is 0.0.0.0", "/etc/pihole/black.list a.test is 10.0.0.53",
        "reply a.test is blocked due to upstream response (answer)",
    ],
)  # fmt: skip
def test_what_is_a_block(said: str) -> None:
    assert _rows(said) == [(None, "a.test", "blocked")]


@pytest.mark.parametrize(
    "said",
    [
        "config a.test is NXDOMAIN", "config a.test is 192.0.2.5", "reply a.test is 0.0.0.0",
        "cached a.test is 0.0.0.0",
        "reply a.test is NXDOMAIN", "/etc/hosts a.test is 127.0.0.1", "Rate-limiting a.test is REFUSED (EDE: blocked)",
        "reply a.test is gravity blocked b is 0.0.0.0", "using only locally-known addresses for a.test",
        "Pi-hole hostname pi.hole is 0.0.0.0",
    ],
)  # fmt: skip
def test_what_is_no_block(said: str) -> None:
    assert _rows(said) == []


_CLIENTS = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3"])
#: One go of dnsmasq: a question and what is decided at once, or an answer that comes late.
_GOES = st.tuples(_CLIENTS, st.sampled_from(["a.test", "b.test"]), st.sampled_from(["block", "asked", "waits", "late"]))
_WRITTEN = {
    "block": ["query[A] {name} from {client}", "gravity blocked {name} is 0.0.0.0", "gravity blocked {name} is ::"],
    "asked": ["query[A] {name} from {client}", "forwarded {name} to 192.0.2.53"],
    "waits": ["query[A] {name} from {client}"],
    "late": ["reply {name} is blocked during CNAME inspection"],
}


@_quick
@given(goes=st.lists(_GOES, max_size=12), cut=st.integers(0, 40))
def test_nobody_is_given_the_block_of_another(goes: list[tuple[str, str, str]], cut: int) -> None:
    written = [text.format(client=client, name=name) for client, name, what in goes for text in _WRITTEN[what]]
    found = _rows(*written)
    wanted = [
        (None if what == "late" else client, name, verdict)
        for client, name, what in goes
        for verdict in {"block": ["unknown", "blocked"], "late": ["blocked"]}.get(what, ["unknown"])
    ]
    assert found == wanted
    texts = [f"{_HEAD}{text}" for text in written]
    first = _parsed(texts[:cut])
    second = _parsed(texts[cut:], first.carry)
    both = pl.concat([first.events, second.events]).drop("line")
    assert both.equals(_parsed(texts).events.drop("line"))


def _log(*days: str) -> str:
    return "".join(f"{day} 10:00:00 dnsmasq[812]: query[A] www.lobsters.example from 10.0.0.7\n" for day in days)


def test_a_log_that_grows_over_new_year_keeps_its_years(tmp_path: Path) -> None:
    school = School(tmp_path, '[[source]]\nname = "names"\nfiles = ["logs/*"]\n').made()
    school.log("dnsmasq.log", _log("Dec 30", "Dec 31"), datetime(2026, 12, 31, 22, tzinfo=UTC))
    school.read(datetime(2027, 1, 1, 3, tzinfo=UTC))
    grown = _log("Dec 30", "Dec 31", "Jan  1", "Feb  2")
    school.log("dnsmasq.log", grown, datetime(2028, 9, 1, tzinfo=UTC))
    record = school.read(datetime(2028, 9, 2, 3, tzinfo=UTC))
    assert record.files[0].events == 2
    dates = sorted(f"{ts:%Y-%m-%d}" for ts in school.table("events")["ts"])
    assert dates == ["2026-12-30", "2026-12-31", "2027-01-01", "2027-02-02"]
    # What is known is not read again only because the time of the file is another.
    school.log("dnsmasq.log", grown, datetime(2029, 9, 1, tzinfo=UTC))
    assert school.read(datetime(2029, 9, 2, 3, tzinfo=UTC)).files[0].events == 0
    assert set(school.table("hit_events")["ts_quality"]) == {"guessed-year"}


def _tried(path: str, folder: Path, text: str | None = None) -> list[str]:
    output = folder / "events.jsonl"
    done = CliRunner().invoke(main, ["parse", path, "--timezone", "UTC", "--output", str(output)], input=text)
    assert done.exit_code == 0, done.output
    return [json.loads(line)["ts"] for line in output.read_text("utf-8").splitlines()]


def test_a_file_that_is_tried_has_the_year_of_its_last_change(tmp_path: Path) -> None:
    log = School(tmp_path).made().log("d.log", _log("Dec 31", "Jan  1"), datetime(2011, 1, 1, 22, tzinfo=UTC))
    assert _tried(str(log), tmp_path) == ["2010-12-31T10:00:00+00:00", "2011-01-01T10:00:00+00:00"]


def test_what_comes_from_stdin_was_written_just_now(tmp_path: Path) -> None:
    today = datetime.now(UTC)
    assert _tried("-", tmp_path, _log(f"{today:%b %e}")) == [f"{today:%Y-%m-%d}T10:00:00+00:00"]
