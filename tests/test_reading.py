"""What happens to the files of a night: they grow, are renamed, packed, copied, cut short; nothing is read twice."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline import engine, ingest, reading
from pipeline.errors import InvariantError
from pipeline.output.record import FileRecord, RunRecord
from pipeline.sources import Known
from tests.made_night import (
    NIGHT,
    NINE,
    School,
    derived_bytes,
    digest,
    lake_bytes,
    later,
    made_log,
    search,
    squid,
)

EXPORTS = """
[[source]]
name = "exports"
files = ["logs/*"]
format = "csv"
date_order = "dmy"
overlapping = true
[source.columns]
ts = "Date/Time"
user_raw = "Username"
typed_text = "Phrase"
"""
HEADER = "Date/Time,Username,Phrase\n"


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path).made()


def by_name(record: RunRecord) -> dict[str, FileRecord]:
    return {Path(each.path).name: each for each in record.files}


def counts(record: RunRecord) -> dict[str, tuple[str, int, int, int]]:
    """Status, records, events and rejects of each file."""
    return {name: (each.status, each.records, each.events, each.rejects) for name, each in by_name(record).items()}


def test_a_second_run_reads_nothing_twice(school: School) -> None:
    school.log("access.log", made_log(300))
    first = school.night()
    before = lake_bytes(school)
    page = digest(school)
    assert counts(first)["access.log"][:2] == ("read", 300)
    second = school.night()
    assert counts(second) == {"access.log": ("unchanged", 0, 0, 0)}
    assert lake_bytes(school) == before
    assert digest(school) == page
    third = school.night(later(1))
    assert counts(third) == {"access.log": ("unchanged", 0, 0, 0)}
    assert third.drafts == {}


def test_touched_but_unchanged_is_unchanged(school: School) -> None:
    log = school.log("access.log", made_log(50))
    school.read()
    os.utime(log, (NINE.timestamp(), NINE.timestamp()))
    assert counts(school.read()) == {"access.log": ("unchanged", 0, 0, 0)}


def test_growth_goes_on_where_it_stopped(school: School, tmp_path: Path) -> None:
    lines = made_log(400).splitlines(keepends=True)
    for number, end in enumerate((1, 150, 151, 400)):
        school.log("access.log", "".join(lines[:end]))
        school.derived(later(number))
    whole = School(tmp_path / "whole").made()
    whole.log("access.log", "".join(lines))
    whole.derived()
    assert school.lines() == whole.lines()
    assert derived_bytes(school) == derived_bytes(whole)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_rotation_and_compression_are_recognised(school: School, pack: object) -> None:
    assert callable(pack)
    log = school.log("access.log", made_log(200))
    school.read()
    log.rename(log.with_name("access.log.1"))
    school.log("access.log", made_log(20, seed=2, start=1000))
    record = school.read(later(1))
    assert counts(record) == {
        "access.log": ("read", 20, by_name(record)["access.log"].events, by_name(record)["access.log"].rejects),
        "access.log.1": ("unchanged", 0, 0, 0),
    }
    old = school.folder / "logs" / "access.log.1"
    # Some lines came between the last night and the rotation.
    school.log("access.log.2.gz", pack(old.read_bytes() + squid(900).encode()))
    old.unlink()
    assert counts(school.read(later(2)))["access.log.2.gz"] == ("read", 1, 1, 0)
    assert counts(school.read(later(3)))["access.log.2.gz"][0] == "unchanged"
    assert len(school.lines()) == len(set(school.lines())) == 221


def test_names_and_order_make_no_difference(tmp_path: Path) -> None:
    logs = [made_log(80, seed) for seed in (1, 2, 3)]
    results = []
    for number, order in enumerate([(0, 1, 2), (2, 0, 1), (2, 1, 0)]):
        school = School(tmp_path / str(number)).made()
        for name, which in zip(("a.log", "m.log", "z.log"), order, strict=True):
            school.log(name, logs[which], written=later(-1) + timedelta(minutes=which + number))
        school.night()
        results.append((lake_bytes(school), digest(school)))
    assert all(each == results[0] for each in results)


def test_copies_are_one_file(school: School) -> None:
    log = school.log("access.log", made_log(60))
    shutil.copy(log, log.with_name("access.log.bak"))
    school.log("access.log.gz", gzip.compress(log.read_bytes()))
    record = school.read()
    assert sorted(each.status for each in record.files) == ["read", "unchanged", "unchanged"]
    assert not record.all_issues
    assert len(school.lines()) == 60


def test_a_dry_run_counts_copies_once_too(school: School) -> None:
    log = school.log("access.log", made_log(60))
    shutil.copy(log, log.with_name("access.log.bak"))
    record = school.night(dry_run=True)
    assert sorted((each.status, each.records) for each in record.files) == [("read", 60), ("unchanged", 0)]
    assert not school.store.exists()


@pytest.mark.parametrize("cut", [0, 17])
def test_a_copy_that_was_cut_short(school: School, cut: int) -> None:
    """Read before the whole file: the rest is read of that. After it, it cannot be told apart: a person is asked."""
    log = made_log(60)
    short = log[: log.index("\n", 2000) + 1 - cut]
    school.log("copy", short, written=NIGHT)
    school.log("whole", log, written=NIGHT)
    school.read()
    assert len(school.lines()) == len(set(school.lines())) == 60
    school.log("again", short[:1500])
    record = school.read(later(1))
    assert by_name(record)["again"].status == "not read"
    assert "begins like a file that was read before, but ends earlier" in by_name(record)["again"].issues[0]
    assert len(school.lines()) == 60


def test_files_that_begin_alike_and_go_on_differently(school: School) -> None:
    start = squid(0) + squid(1)
    school.log("one", start + squid(2, user="one"))
    school.log("two", start + squid(2, user="two") + squid(3))
    school.read()
    assert sorted(school.table("events")["user"].to_list()) == [
        "a.example", "a.example", "a.example", "a.example", "a.example", "one", "two",
    ]  # fmt: skip
    assert len(set(school.lines())) == 7
    # Both are known from now on, under any name, and each grows on its own.
    for name in ("one", "two"):
        (school.folder / "logs" / name).rename(school.folder / "logs" / f"{name}.1")
    assert {each.status for each in school.read(later(1)).files} == {"unchanged"}
    two = (school.folder / "logs" / "two.1").read_text()
    school.log("two.1", two + squid(4, user="late"))
    assert counts(school.read(later(2)))["two.1"] == ("read", 1, 1, 0)
    assert len(school.lines()) == 8


def test_same_size_time_and_beginning_is_not_the_same_file(school: School) -> None:
    start = made_log(100)
    school.log("one", start + squid(500, user="one"))
    school.log("two", start + squid(500, user="two"))
    school.read()
    assert {"one", "two"} <= set(school.table("events")["user"].to_list())


TWO = "".join(f'[[source]]\nname = "{each}"\nfiles = ["logs/{each}*"]\nformat = "squid"\n' for each in "ab")


def test_the_same_log_in_two_sources_is_read_once_and_said(tmp_path: Path) -> None:
    school = School(tmp_path, TWO).made()
    for name in "ab":
        school.log(name, squid(0, search("blue lobster")))
    record = school.night()
    assert counts(record) == {"a": ("read", 1, 1, 0), "b": ("not read", 0, 0, 0)}
    assert "holds what was read already for the source 'a'. Take one away." in record.all_issues[0]
    (draft,) = school.drafts().to_dicts()
    assert len(draft["hits"]) == 1


def test_logs_of_two_sources_that_begin_alike_are_not_mixed_up(tmp_path: Path) -> None:
    school = School(tmp_path, TWO).made()
    school.log("a", "log opened\n" + squid(1, search("blue lobster a"), "a.example"))
    school.log("b", "log opened\n" + squid(1, search("blue lobster b"), "b.example"))
    school.night()
    assert school.table("events")["source"].to_list() in (["a", "b"], ["b", "a"])
    assert school.table("hit_events")["event_id"].n_unique() == 2
    for draft in school.drafts().to_dicts():
        (hit,) = draft["hits"]
        assert draft["subject"].encode()[-9:] in hit["raw"]
        assert hit["text"].encode().replace(b" ", b"+") in hit["raw"]


def test_a_source_that_was_given_another_name_goes_on(school: School) -> None:
    school.log("access.log", made_log(50))
    school.read()
    renamed = School(school.folder, school.tables.replace('"filter"', '"proxy"')).made()
    assert counts(renamed.read(later(1))) == {"access.log": ("unchanged", 0, 0, 0)}
    school.log("access.log", made_log(50) + squid(100))
    assert counts(renamed.read(later(2))) == {"access.log": ("read", 1, 1, 0)}
    assert counts(renamed.read(later(3))) == {"access.log": ("unchanged", 0, 0, 0)}
    assert set(renamed.table("events")["source"].to_list()) == {"filter", "proxy"}


# ---------------------------------------------------------------- the end of a file


def test_a_tail_waits_while_the_file_is_written_and_is_read_when_it_is_left(school: School) -> None:
    now = NIGHT
    school.log("access.log", squid(0) + squid(1)[:40], written=now - timedelta(minutes=5))
    assert counts(school.read(now))["access.log"] == ("read", 1, 1, 0)
    school.log("access.log", squid(0) + squid(1) + squid(2)[:-1], written=later(1) - timedelta(minutes=5))
    assert counts(school.read(later(1)))["access.log"] == ("read", 1, 1, 0)
    # Nobody has written since: what is there is all that there will be.
    assert counts(school.read(later(2)))["access.log"] == ("read", 1, 1, 0)
    assert counts(school.read(later(3)))["access.log"] == ("unchanged", 0, 0, 0)
    assert [line for _, _, line in school.lines()] == [1, 2, 3]


def test_a_line_that_goes_on_after_it_was_read_is_counted_and_kept(school: School) -> None:
    school.log("access.log", squid(0) + squid(1, "http://www.example.org/long")[:-40])
    school.read()
    school.log("access.log", squid(0) + squid(1, "http://www.example.org/long") + squid(2))
    record = school.read(later(1))
    assert counts(record)["access.log"] == ("read", 2, 1, 1)
    rejects = school.table("rejects").filter(reason="line-continued")
    assert rejects["raw"].to_list() == [squid(1, "http://www.example.org/long")[-40:-1].encode()]
    # Only the line end is no line.
    school.log("access.log", squid(0) + squid(1, "http://www.example.org/long") + squid(2) + squid(3)[:-1])
    assert counts(school.read(later(2)))["access.log"] == ("read", 1, 1, 0)
    school.log("access.log", squid(0) + squid(1, "http://www.example.org/long") + squid(2) + squid(3))
    assert counts(school.read(later(3)))["access.log"][1:] == (0, 0, 0)


def test_files_that_hold_no_record_yet(tmp_path: Path) -> None:
    school = School(tmp_path, EXPORTS).made()
    school.log("empty", "")
    school.log("packed empty.gz", gzip.compress(b""))
    school.log("blank", "\n\r\n  \n")
    school.log("header", HEADER)
    record = school.night()
    assert {name: each[0] for name, each in counts(record).items()} == dict.fromkeys(
        ["blank", "empty", "header", "packed empty.gz"], "no records yet"
    )
    assert not record.all_issues
    assert record.exit_code == 0
    assert by_name(record)["header"].skips == {"header": 1}
    school.log("header", HEADER + "10/11/2026 09:00:01,a.example,blue lobster\n")
    record = school.night(later(1))
    assert counts(record)["header"] == ("read", 2, 1, 0)
    assert record.drafts == {"urgent": 1}


def test_titles_without_a_header_are_told(tmp_path: Path) -> None:
    school = School(tmp_path, EXPORTS).made()
    school.log("titles", "Violations\nFrom,01/09/2026\n")
    school.log("narrow", "10/11/2026 09:00:01,a.example\n" * 3)
    record = school.read()
    assert counts(record) == {"titles": ("no records yet", 2, 0, 0), "narrow": ("read", 3, 0, 3)}
    assert by_name(record)["narrow"].reject_reasons == {"missing-column": 3}
    assert "titles: 2 lines, and none of them names the columns of its map" in by_name(record)["titles"].issues[0]


@pytest.mark.parametrize("content", [b"", b"\n\n", gzip.compress(b"", mtime=0), gzip.compress(b"\n", mtime=0)])
def test_nothing_is_no_unknown_format(tmp_path: Path, content: bytes) -> None:
    school = School(tmp_path, '[[source]]\nname = "any"\nfiles = ["logs/*"]\n').made()
    school.log("log", content)
    record = school.read()
    assert (counts(record)["log"][0], record.all_issues) == ("no records yet", [])


def test_a_file_whose_only_line_was_read_before_it_was_finished_is_read_anew(school: School) -> None:
    line = squid(0, search("blue lobster"))
    school.log("access.log", line[: line.index("+lobster")])
    assert counts(school.night())["access.log"][:2] == ("read", 1)
    school.log("access.log", line + squid(1))
    record = school.night(later(1))
    assert counts(record)["access.log"] == ("read", 2, 2, 0)
    assert record.drafts == {"urgent": 1}
    assert [number for _, _, number in school.lines()] == [1, 2]
    assert counts(school.night(later(2)))["access.log"][0] == "unchanged"


def test_only_the_end_of_the_only_line_is_nothing_new(school: School) -> None:
    school.log("access.log", squid(0)[:-1])
    school.read()
    school.log("access.log", squid(0))
    assert counts(school.read(later(1)))["access.log"][1:] == (0, 0, 0)
    assert len(school.lines()) == 1


def test_of_two_files_one_of_which_begins_like_the_other_neither_is_lost(school: School) -> None:
    short, whole = squid(0)[:-5], squid(0)
    school.log("short", short)
    school.read()
    school.log("whole", whole)
    school.read(later(1))
    assert counts(school.read(later(2))) == {"short": ("read", 1, 1, 0), "whole": ("unchanged", 0, 0, 0)}
    assert {each[0] for each in counts(school.read(later(3))).values()} == {"unchanged"}
    assert len(school.lines()) == 2


# ---------------------------------------------------------------- damage


def test_a_cut_off_archive_gives_its_lines_and_the_rest_when_it_is_whole(school: School) -> None:
    log = made_log(2000)
    packed = gzip.compress(log.encode(), mtime=0)
    school.log("access.log.gz", packed[: len(packed) * 2 // 3])
    record = school.read()
    half = by_name(record)["access.log.gz"]
    assert 500 < half.records < 1900
    assert half.status == "read"
    assert record.exit_code == 2
    assert "Copy the file again from where it came; the next run reads the rest." in half.issues[0]
    again = school.read(later(1))
    assert counts(again)["access.log.gz"][1] == 0
    assert again.exit_code == 2
    school.log("access.log.gz", packed)
    record = school.read(later(2))
    assert by_name(record)["access.log.gz"].records == 2000 - half.records
    assert record.exit_code == 0
    assert len(set(school.lines())) == len(school.lines()) == 2000
    assert not school.table("rejects").filter(reason="line-continued").height


def test_what_cannot_be_read_is_said_and_the_rest_is_read(school: School) -> None:
    school.log("good", made_log(30))
    school.log("bad.gz", b"\x1f\x8b\x08\x00 no archive at all")
    (school.folder / "logs" / "lost").symlink_to(school.folder / "nowhere")
    os.mkfifo(school.folder / "logs" / "pipe")
    (school.folder / "logs" / "folder").mkdir()
    record = School(school.folder, school.tables.replace("logs/*", "logs/**")).made().read()
    found = by_name(record)
    assert found["good"].records == 30
    assert found["bad.gz"].status == found["lost"].status == found["pipe"].status == "not read"
    assert "damaged" in found["bad.gz"].issues[0]
    assert "cannot be opened" in found["lost"].issues[0]
    assert "is a pipe or a device" in found["pipe"].issues[0]
    assert record.exit_code == 2


def test_a_file_that_may_not_be_read_is_said(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    school.log("good", made_log(30))
    school.log("secret", made_log(30, 2))
    really = Path.open

    def opened(path: Path, *arguments: object, **more: object) -> object:
        if path.name == "secret":
            raise PermissionError(13, "Permission denied")
        return really(path, *arguments, **more)  # type: ignore[call-overload]  # passed on as they came

    monkeypatch.setattr(Path, "open", opened)
    record = school.read()
    assert by_name(record)["good"].records == 30
    assert "Give the account that runs esafety the right to read it." in by_name(record)["secret"].issues[0]


def test_a_clock_in_the_future_is_said_and_the_events_are_kept(school: School) -> None:
    school.log("access.log", squid(0) + squid(400 * 86400.0, search("blue lobster")))
    record = school.night()
    assert counts(record)["access.log"] == ("read", 2, 2, 0)
    assert "has events of 2027-12-15, in the future; set the clock" in record.all_issues[0]
    assert record.drafts == {"urgent": 1}


@pytest.mark.parametrize("seconds", [-(2**40), 0, 2**40])
def test_any_time_of_a_file_is_survived(school: School, seconds: int) -> None:
    log = school.log("access.log", squid(0) + squid(1)[:-1])
    os.utime(log, (seconds, seconds))
    assert counts(school.read())["access.log"][1] == (1 if seconds > 0 else 2)


def test_a_name_that_is_no_text_is_survived(school: School) -> None:
    name = b"log\xff\x1b[31m.log".decode("utf-8", "surrogateescape")
    school.log(name, "nonsense\n" * 5)
    record = school.night()
    assert counts(record)[name] == ("read", 5, 0, 5)
    assert "\x1b" not in digest(school)


# ---------------------------------------------------------------- rotation while the night runs


def test_a_file_that_is_rotated_away_before_its_turn_is_left_for_the_next_night(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = school.log("access.log", made_log(50))

    def rotated(known: Iterable[Known]) -> list[Known]:
        if log.exists():
            log.rename(log.with_name("access.log.1"))
        school.log("access.log", made_log(10, seed=2, start=500))
        return list(known)

    monkeypatch.setattr(reading, "in_order", rotated)
    record = school.read()
    assert "changed while it was being read" in record.all_issues[0]
    assert school.lines() == []
    monkeypatch.undo()
    school.read(later(1))
    assert len(school.lines()) == len(set(school.lines())) == 60


def test_original_lines_are_never_taken_from_another_file(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    log = school.log("access.log", squid(0, search("blue lobster")) + made_log(20))
    other = squid(0, search("quite another"))
    really = ingest.read_file

    def rotated(path: Path, how: ingest.Reading) -> object:
        for batch in really(path, how):
            log.rename(log.with_name("access.log.1"))
            school.log("access.log", other + made_log(30, 2))
            yield batch

    monkeypatch.setattr(engine, "read_file", rotated)
    assert "changed while it was being read" in school.read().all_issues[0]
    monkeypatch.undo()
    school.read(later(1))
    raws = school.table("evidence").filter(because="hit")["raw"].to_list()
    assert squid(0, search("blue lobster")).rstrip("\n").encode() in raws
    assert all(b"quite+another" not in raw for raw in raws)


def test_counts_that_do_not_add_up_stop_the_run(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    school.log("access.log", squid(0))
    monkeypatch.setattr(FileRecord, "is_conserved", False)
    with pytest.raises(InvariantError, match=r"access\.log: the counts of this file do not add up"):
        school.read()
