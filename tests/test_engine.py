"""Unit by unit into the lake: the size of a unit makes no difference, and whatever breaks leaves nothing half."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline import engine, lake
from pipeline.errors import InvariantError, StoreError, WatchlistError
from pipeline.schema import EVENTS, HITS, STORED_EVENTS, conform
from pipeline.store import ledger
from pipeline.store.events import complete, event_id
from reports import publish
from tests.made_night import School, derived_bytes, digest, lake_bytes, later, made_log, search, squid

LOG = made_log(600) + "".join(squid(700 + n, search("blue lobster and paper crane"), "x.example") for n in range(5))


@pytest.fixture
def school(tmp_path: Path) -> School:
    made = School(tmp_path).made()
    made.log("access.log", LOG)
    return made


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> School:
    """What an undisturbed night leaves behind."""
    made = School(tmp_path_factory.mktemp("undisturbed")).made()
    made.log("access.log", LOG)
    made.night()
    return made


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("records", [100, 2_000_000])
def test_a_watchlist_that_is_wrong_stops_the_night_before_anything_is_kept(
    school: School, undisturbed: School, monkeypatch: pytest.MonkeyPatch, records: int, dry_run: bool
) -> None:
    monkeypatch.setattr(engine, "UNIT_RECORDS", records)
    wrong = school.folder / "lists" / "lobsters.toml"
    right = wrong.read_text("utf-8")
    wrong.write_text(right.replace('match = ["blue lobster"]', 'match = ["red lobster"]', 1), "utf-8")
    with pytest.raises(WatchlistError, match=r"lobsters\.toml:\d+: rule 'lobsters-words' misses its own example"):
        school.night(dry_run=dry_run)
    assert not list(school.store.glob("*/*"))
    wrong.write_text(right, "utf-8")
    monkeypatch.undo()
    school.derived()
    assert derived_bytes(school) == derived_bytes(undisturbed)


@pytest.mark.parametrize(("records", "chunk"), [(1, 20_000), (100, 5_000), (2_000_000, 3_000)])
def test_the_size_of_units_and_blocks_makes_no_difference(
    school: School, undisturbed: School, monkeypatch: pytest.MonkeyPatch, records: int, chunk: int
) -> None:
    monkeypatch.setattr(engine, "UNIT_RECORDS", records)
    monkeypatch.setattr("pipeline.decode.decoded.__defaults__", (chunk,))
    school.night()
    units = len(list((school.store / "lake").iterdir()))
    assert (units > 2) == (records < 1000)
    for name in ("events", "rejects", "hits", "hit_events"):
        one, other = (sorted(each.table(name).rows(), key=repr) for each in (school, undisturbed))
        assert one == other
    # Which lines around a hit are kept is told unit by unit; the lines of the hits are the same.
    lines, all_lines = (each.table("evidence").filter(because="hit") for each in (school, undisturbed))
    assert sorted(lines.rows()) == sorted(all_lines.rows())
    assert derived_bytes(school) == derived_bytes(undisturbed)
    assert digest(school) == digest(undisturbed)


def test_a_unit_ends_early_when_it_holds_much_that_is_no_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = School(tmp_path).made()
    made.log("access.log", LOG + "no event\n" * 3000)
    monkeypatch.setattr(engine, "MOST_REJECTED", 50_000)
    monkeypatch.setattr("pipeline.decode.decoded.__defaults__", (5_000,))
    record = made.read()
    assert len(list((made.store / "lake").iterdir())) == 3
    assert [each.rejects for each in record.files] == [3001]
    assert made.table("rejects")["raw"].to_list().count(b"no event") == 3000


def test_hits_events_and_lines_belong_together(school: School) -> None:
    school.read()
    hits, hit_events, evidence = (school.table(name) for name in ("hits", "hit_events", "evidence"))
    assert conform(hits, HITS).height > 20
    assert hits["hit_id"].n_unique() == hits.height
    assert set(hits["event_id"]) == set(hit_events["event_id"])
    assert hit_events.schema == EVENTS
    stored = conform(school.table("events"), STORED_EVENTS)
    again = complete(stored).filter(pl.col("event_id").is_in(hit_events["event_id"].implode()))
    assert again.sort("line").rows() == hit_events.sort("line").rows()
    raws = dict(evidence.select("line", "raw").iter_rows())
    lines = LOG.encode().split(b"\n")
    assert all(raws[line] == lines[line - 1] for line in hit_events["line"])
    assert all(lines[line - 1] == raw for line, raw in raws.items())
    assert evidence["line"].is_sorted()


def test_an_event_is_named_by_its_file_and_line() -> None:
    rows = pl.DataFrame({"source_sha256": ["0123456789abcdef0123", "ff" * 32], "line": [7, 1]})
    assert rows.select(event_id())["source_sha256"].to_list() == ["0123456789abcdef-7", "ffffffffffffffff-1"]


def test_one_address_may_belong_to_several_rules(tmp_path: Path) -> None:
    made = School(tmp_path).made()
    made.log("access.log", squid(0, "http://www.cranes.example/blue/lobster/paper/crane"))
    made.read()
    found = sorted(made.table("hits").select("rule_id", "field").rows())
    assert found == [
        ("cranes-sites", "host"), ("cranes-words", "path"), ("lobsters-words", "path"),
    ]  # fmt: skip


# ---------------------------------------------------------------- whatever breaks


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


def _breaking(error: BaseException, after: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function that works for some calls and then breaks."""
    left = [after]

    def wrap(really: Callable[..., Any]) -> Callable[..., Any]:
        def broken(*arguments: Any, **more: Any) -> Any:
            if not left[0]:
                raise error
            left[0] -= 1
            return really(*arguments, **more)

        return broken

    return wrap


#: Every step at which something is kept.
STEPS: dict[str, tuple[object, str]] = {
    "write events": (lake.EventsWriter, "write"),
    "finish events": (lake.EventsWriter, "close"),
    "write a table": (lake, "write_table"),
    "settle": (lake, "settle"),
    "flush": (lake, "flush"),
    "flush a folder": (lake, "flush_folder"),
    "enter a unit": (ledger.Ledger, "commit"),
    "remember a file": (ledger.Ledger, "remember"),
    "write a day": (lake, "replace_day"),
    "enter a day": (ledger.Ledger, "day_made"),
    "write pages": (publish, "write"),
    "enter the run": (ledger.Ledger, "add_run"),
}
#: Where a night passes often, it is killed in the midst of it.
AGAIN = {"write a table": 2, "flush": 7, "flush a folder": 3, "write a day": 3, "enter a day": 1, "write pages": 2}
each_step = pytest.mark.parametrize("step", sorted(STEPS))


@each_step
def test_broken_at_any_step_the_next_run_makes_it_good(
    school: School, undisturbed: School, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    place, name = STEPS[step]
    full: Exception = OSError(28, "No space left on device")
    if place is ledger.Ledger:
        full = StoreError("the ledger cannot be written (database or disk is full).")
    with monkeypatch.context() as patch:
        patch.setattr(place, name, _breaking(full, 0)(getattr(place, name)))
        said = what_is_said_of(school)
    assert "No space left on device" in said or "disk is full" in said
    assert list((school.store / "staging").iterdir()) == []
    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(place, name, _breaking(Killed(), AGAIN.get(step, 0))(getattr(place, name)))
        school.night()
    school.night()
    assert lake_bytes(school) == lake_bytes(undisturbed)
    assert digest(school) == digest(undisturbed)


def what_is_said_of(school: School) -> str:
    """The issues of a night that something has stopped, or the sentence of its failure."""
    try:
        record = school.night()
    except StoreError as error:
        return str(error)
    assert record.exit_code == 2
    return " ".join(record.all_issues)


@pytest.mark.parametrize(("step", "after"), [("enter a day", 1), ("write pages", 1), ("enter the run", 0)])
def test_what_a_killed_night_has_drafted_is_shown_by_the_next(
    school: School, undisturbed: School, monkeypatch: pytest.MonkeyPatch, step: str, after: int
) -> None:
    place, name = STEPS[step]
    monkeypatch.setattr(place, name, _breaking(Killed(), after)(getattr(place, name)))
    with suppress(Killed):
        school.night()
    monkeypatch.undo()
    ids = re.compile(r"Draft [0-9a-f]{16}|[0-9a-f]{16}")
    school.night(later(1))
    assert set(ids.findall(digest(undisturbed))) <= set(ids.findall(digest(school, later(1))))
    assert school.night(later(2)).drafts == {}


def test_with_no_room_for_one_file_the_others_are_read(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    school.log("second.log", made_log(30, seed=2))
    monkeypatch.setattr(lake, "settle", _breaking_once(OSError(28, "No space left on device"), lake.settle))
    record = school.night()
    assert sorted(each.status for each in record.files) == ["not read", "read"]
    assert "No space left on device" in record.all_issues[0]
    assert "run again: nothing is lost" in record.all_issues[0]


def _breaking_once(error: Exception, really: Callable[..., Any]) -> Callable[..., Any]:
    done: list[bool] = []

    def broken(*arguments: Any) -> Any:
        if not done:
            done.append(True)
            raise error
        return really(*arguments)

    return broken


def test_a_defect_is_no_issue_of_a_file(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    def lossy(*_: Any) -> None:
        raise InvariantError("the counts are wrong.")

    monkeypatch.setattr(engine, "_unit_of", lossy)
    with pytest.raises(InvariantError):
        school.night()
    assert list((school.store / "staging").iterdir()) == []
    assert school.lines() == []
