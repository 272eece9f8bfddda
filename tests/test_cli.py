"""The command line as people and scheduled tasks use it: what it prints where, what it exits with, what it refuses."""

from __future__ import annotations

import contextlib
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result

from cli import main
from pipeline.store.ledgerfile import opened_ledger
from tests.command_line import AS_OF, MADE, NINE, a_log, as_process, night_as_process, run, school, squid
from tests.made_night import School

__all__ = ["school"]


def nightly(config: Path, *more: str) -> dict[str, Any]:
    """The record of a night that went well enough to have one."""
    result = run("nightly", "--config", config, "--as-of", AS_OF, "--json", *more)
    assert result.exit_code in {0, 2}, result.stderr
    record: dict[str, Any] = json.loads(result.stdout)
    assert record["exit_code"] == result.exit_code
    return record


def draft_ids(page: Path) -> list[str]:
    return re.findall(r'Draft <span class="mono">([0-9a-f]+)</span>', page.read_text("utf-8"))


# ---------------------------------------------------------------- demo and init


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A folder with a demo, and what was said of it; as a process, `make demo` runs it before the automatic checks."""
    folder = tmp_path_factory.mktemp("demo")
    with contextlib.chdir(folder):
        return folder, run("demo")


def test_the_demo_ends_by_naming_files_that_are_there(demo: tuple[Path, Result]) -> None:
    folder, done = demo
    assert done.exit_code == 0, done.stderr
    pages = done.stdout.split("What to look at now:")[1].split("\n\n")[0]
    named = [Path(line.strip()) for line in pages.splitlines() if line]
    assert {path.name for path in named} == {"digest.html", "governors.html"}
    assert all(path.is_file() and path.is_relative_to(folder / "esafety-demo") for path in named)
    # Nothing but progress: whoever runs it from cron gets this by mail.
    assert re.fullmatch(r"(reading \d+ of \d+: \S+\n)+", done.stderr)
    assert draft_ids(named[0])


def test_a_second_demo_takes_the_place_of_the_first(demo: tuple[Path, Result]) -> None:
    folder, first = demo
    (folder / "esafety-demo" / "filter" / "left.log").write_text("left over")
    with contextlib.chdir(folder):
        second = run("demo")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert not (folder / "esafety-demo" / "filter" / "left.log").exists()
    # What a casebook holds is salted: two of them never have the same history.
    assert re.sub(r"Took .*|the last .*", "", first.stdout) == re.sub(r"Took .*|the last .*", "", second.stdout)


def test_the_demo_never_touches_the_folder_of_a_real_school(school: Path) -> None:
    before = {path: path.is_file() and path.read_bytes() for path in school.parent.rglob("*")}
    result = run("demo", "--into", school.parent)
    assert result.exit_code == 1
    assert "is not empty" in result.stderr
    assert {path: path.is_file() and path.read_bytes() for path in school.parent.rglob("*")} == before


def test_init_makes_a_file_that_runs_as_it_is(tmp_path: Path) -> None:
    made = run("init", "--config", tmp_path / "here" / "school.toml")
    assert (made.exit_code, {path.name for path in (tmp_path / "here").iterdir()}) == (0, MADE)
    (tmp_path / "here/logs/access.log").write_text(a_log(), encoding="utf-8")
    tried = run("nightly", "--config", tmp_path / "here/school.toml", "--dry-run")
    assert (tried.exit_code, tried.stderr) == (0, "reading 1 of 1: access.log\n")
    assert "21 lines = 21 events + 0 rejects + 0 skipped" in tried.stdout


def test_init_writes_over_nothing(tmp_path: Path) -> None:
    config = tmp_path / "school.toml"
    config.write_text("mine")
    assert run("init", "--config", config).exit_code == 1
    assert (config.read_text(), list(tmp_path.iterdir())) == ("mine", [config])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "logs").write_text("a file")
    refused = run("init", "--config", tmp_path / "other" / "school.toml")
    assert (refused.exit_code, "logs: is a file" in refused.stderr) == (1, True)
    assert not (tmp_path / "other" / "school.toml").exists()


# ---------------------------------------------------------------- nightly


def test_a_second_night_reads_nothing_twice_and_shows_the_same_drafts(school: Path) -> None:
    first = nightly(school)
    digest = Path(first["pages"][0])
    drafts = draft_ids(digest)
    second = nightly(school)
    assert (first["totals"]["records"], second["totals"]["records"]) == (21, 0)
    assert [each["status"] for each in second["files"]] == ["unchanged"]
    assert second["drafts"] == first["drafts"] == {"urgent": 1}
    assert draft_ids(digest) == drafts != []


def test_a_dry_run_reads_and_counts_and_leaves_everything_as_it_was(school: Path) -> None:
    tried = nightly(school, "--dry-run")
    assert (tried["totals"]["records"], tried["drafts"], tried["pages"]) == (21, {}, [])
    assert {path.name for path in school.parent.iterdir()} == MADE
    nightly(school)
    with (school.parent / "logs" / "access.log").open("a", encoding="utf-8") as log:
        log.write(squid(NINE + 7200))
    before = {path: path.is_file() and path.read_bytes() for path in school.parent.rglob("*")}
    assert nightly(school, "--dry-run")["totals"]["records"] == 1
    assert {path: path.is_file() and path.read_bytes() for path in school.parent.rglob("*")} == before


def test_the_record_as_json_adds_up(school: Path) -> None:
    (school.parent / "logs" / "access.log").write_text(a_log() + "\n\nno such line\n", encoding="utf-8")
    record = nightly(school)
    for each in [*record["files"], {**record["totals"], "skips": {"all": record["totals"]["skips"]}}]:
        assert each["records"] == each["events"] + each["rejects"] + sum(each["skips"].values())
    assert (record["totals"]["records"], record["totals"]["rejects"], record["totals"]["skips"]) == (24, 1, 2)
    assert record["files"][0]["reject_reasons"] == {"not-this-format": 1}
    assert record["started"] == "2026-11-11T03:00:00+00:00"


def test_json_is_all_that_stands_on_stdout_and_nothing_is_said_beside_it(school: Path) -> None:
    done = night_as_process(school, "--json")
    assert json.loads(done.stdout)["totals"]["events"] == 21
    assert done.stderr == ""


def test_as_of_repeats_a_night_to_the_byte(tmp_path: Path) -> None:
    pages = []
    for name in ("one", "two"):
        run("init", "--config", tmp_path / name / "school.toml")
        (tmp_path / name / "logs" / "access.log").write_text(a_log(), encoding="utf-8")
        pages.append([Path(page).read_bytes() for page in nightly(tmp_path / name / "school.toml")["pages"]])
    assert pages[0] == pages[1]
    assert (tmp_path / "one" / "reports" / "2026-11-11" / "digest.html").is_file()


def test_a_missing_source_needs_attention_and_a_missing_config_is_a_failure(school: Path) -> None:
    (school.parent / "logs" / "access.log").unlink()
    empty = run("nightly", "--config", school, "--as-of", AS_OF)
    assert empty.exit_code == 2
    assert "! source filter: no file fits" in empty.stdout
    gone = run("nightly", "--config", school.parent / "none.toml")
    assert (gone.exit_code, gone.stdout) == (1, "")
    assert "esafety init" in gone.stderr


def test_after_the_days_of_retention_only_counts_without_names_are_left(school: Path) -> None:
    nightly(school)
    kept = school.parent / "store"
    everything = {path.parent.name for path in kept.rglob("2026-11-10.parquet")}
    named = {"user_counts", "site_verdicts", "drafts", "became", "clusters"}
    assert everything == {"facts", "active", "coverage"} | named
    result = run("nightly", "--config", school, "--as-of", "2027-11-12T03:00")
    assert result.exit_code == 0, result.stdout
    assert {path.parent.name for path in kept.rglob("2026-11-10.parquet")} == {"facts", "active", "coverage"}
    assert list((kept / "lake").iterdir()) == []
    again = run("nightly", "--config", school, "--as-of", "2027-11-13T03:00")
    assert "1 unchanged" in again.stdout


def test_a_log_that_is_mostly_unreadable_needs_attention(school: Path) -> None:
    school.write_text(school.read_text("utf-8").replace('format = "auto"', 'format = "fortigate"'), encoding="utf-8")
    result = run("nightly", "--config", school, "--as-of", AS_OF)
    assert result.exit_code == 2
    assert "access.log: 21 of 21 lines could not be read as fortigate" in result.stdout


def test_a_second_run_at_the_same_time_is_told_to_wait(school: Path) -> None:
    with opened_ledger(school.parent / "store", date(2026, 11, 11)):
        result = run("nightly", "--config", school, "--as-of", AS_OF)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "another run is at work here. Wait until it has ended" in result.stderr
        assert nightly(school, "--dry-run")["totals"]["records"] == 21
    assert nightly(school)["totals"]["records"] == 21


def test_an_unknown_key_is_named_with_its_line_before_anything_is_read(school: Path) -> None:
    lines = school.read_text("utf-8").replace("format = ", "fromat = ", 1)
    school.write_text(lines, encoding="utf-8")
    line = lines.split("\n").index('fromat = "auto"') + 1
    result = run("nightly", "--config", school)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"school.toml:{line}: the key 'fromat' is not known. Did you mean 'format'?" in result.stderr
    assert not (school.parent / "store").exists()


# ---------------------------------------------------------------- options with bad values


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "nope",
        "nightly --nope",
        "nightly --config {school}/logs",
        "nightly --config {school}/none.toml",
        "nightly --as-of soon --config {school}/school.toml",
        "nightly --as-of 2026-03-29T01:30 --config {school}/school.toml",
        "nightly --as-of 0001-01-01T00:00 --config {school}/school.toml",
        "nightly --as-of 9999-12-31T23:59+00:00 --config {school}/school.toml",
        "nightly surplus",
        "init --config {school}/logs/access.log/school.toml",
        "demo --into {school}/logs/access.log",
        "demo --into {school}/logs/access.log/below",
        "parse",
        "parse {log} --format nope",
        "parse {log} --timezone Mars/Base",
        "parse {log} --timezone Europe",
        "parse {log} --timezone ../../etc/passwd",
        "parse {log} --timezone ''",
        "parse {log} --date-order dym",
        "parse {log} --map nope",
        "parse {log} --map senso --format squid",
        "parse {log} --map {log}",
        "parse {log} --output {school}/none/events.jsonl",
        "parse {log} --output {school}/none/events.parquet",
        "parse {log} --output {school}/logs",
        "parse {log} --output {school}/e.jsonl --rejects {school}/none/r.jsonl",
        "parse {log} --output {school}/e.jsonl --rejects {school}/e.jsonl",
        "parse {log} --rejects -",
        "flag",
        "flag {school}/none.jsonl",
        "flag {log}",
        "flag {rows} --output {school}/none/out.jsonl",
        "flag {rows} --config {school}/none.toml",
        "flag {rows} --output {rows}",
    ],
)
def test_a_bad_option_is_one_sentence_on_stderr_and_exit_code_1(arguments: str, school: Path) -> None:
    rows = school.parent / "rows.jsonl"
    rows.write_text('{"id": 1, "kind": "typed", "text": "hello"}\n', encoding="utf-8")
    log = school.parent / "logs" / "access.log"
    words = [each.format(school=school.parent, log=log, rows=rows) for each in arguments.split()]
    result = run(*("" if word == "''" else word for word in words))
    assert isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(("esafety: ", "Usage: "))
    assert "Traceback" not in result.stderr
    assert log.read_text("utf-8") == a_log()
    assert rows.read_text("utf-8").startswith('{"id": 1')


@pytest.mark.parametrize("command", ["", "demo", "init", "nightly", "parse", "flag", "incident", "audit"])
def test_every_command_and_option_explains_itself(command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert "Usage: " in result.stdout
    assert "..." not in result.stdout.partition("Commands:")[2], "a sentence that is cut off"
    params = getattr(main.get_command(click.Context(main), command), "params", [])
    assert [each.name for each in params if isinstance(each, click.Option) and not each.help] == []


# ---------------------------------------------------------------- terminals


def test_names_of_files_cannot_steer_a_terminal(school: Path) -> None:
    evil = "a\x1b]0;owned\x07\x1b[31m\u202egol.log"
    (school.parent / "logs" / "access.log").rename(school.parent / "logs" / evil)
    results = [
        run("nightly", "--config", school, "--as-of", AS_OF, "--dry-run"),
        run("nightly", "--config", school, "--as-of", AS_OF),
        run("parse", school.parent / "logs" / evil, "--output", school.parent / "e.jsonl"),
        run("parse", school.parent / "logs" / f"{evil}.none"),
        run("flag", school.parent / evil),
        run("nightly", "--config", school.parent / evil),
        run("init", "--config", school.parent / evil / "school.toml"),
        run("demo", "--into", school.parent / evil / "demo"),
    ]
    said = "".join(result.stdout + result.stderr for result in results)
    assert "gol.log" in said
    assert [character for character in said if not character.isprintable() and character != "\n"] == []


def test_a_name_that_the_terminal_has_no_letters_for_does_not_end_the_night(tmp_path: Path) -> None:
    # With two small lists: all others take seconds to be read.
    made = School(tmp_path).made()
    made.log("日誌\u202e.log", a_log())
    cp1252 = {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = as_process("nightly", "--config", made.config, folder=tmp_path, **cp1252)
    assert done.returncode == 0, done.stderr
    assert r"\u65e5\u8a8c\ufffd.log (squid)" in done.stdout
