"""school.toml: what is refused before anything is read, with file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config import Settings, load_settings, zone_named
from pipeline.errors import ConfigError
from pipeline.sources import find

START = '[school]\nname = "Example"\n[[source]]\nname = "filter"\nfiles = ["logs"]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("a line\n", encoding="utf-8")
    (tmp_path / "people.csv").write_text("username\na.example\n", encoding="utf-8")
    return tmp_path


def found(folder: Path, more: str, start: str = START) -> tuple[Settings, list[str]]:
    """Settings, and the names of the files that its sources would read."""
    config = folder / "school.toml"
    config.write_text(start + more, encoding="utf-8")
    settings = load_settings(config)
    return settings, [file.path.name for file in find(settings, config)[0]]


def refusal(folder: Path, more: str, start: str = START) -> str:
    with pytest.raises(ConfigError) as refused:
        found(folder, more, start)
    return str(refused.value).removeprefix(str(folder / "school.toml"))


def test_what_is_left_out_has_its_usual_value_and_paths_start_from_the_file(folder: Path) -> None:
    settings, names = found(folder, '[people]\nfile = "people.csv"\n')
    assert names == ["a.log"]
    assert settings.people is not None
    assert settings.people.file == folder / "people.csv"
    assert (settings.store.folder, settings.store.reports) == (folder / "store", folder / "reports")
    assert (settings.school.timezone, settings.thresholds.draft, settings.retention.events_days) == (
        "Europe/London", "medium", 365,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("timezone = 'Mars'", ":6: timezone: 'Mars' is not a time zone; write for example Europe/London or UTC."),
        ("timezone = 'Europe'", ":6: timezone: 'Europe' is not a time zone"),
        ("date_order = 'dym'", ":6: date_order: input should be 'dmy', 'mdy' or 'ymd'."),
        ("formatt = 'csv'", ":6: the key 'formatt' is not known. Did you mean 'format'?"),
        ("map = 'senso'", 'write format = "csv" (or "json") as well'),
        ("format = 'nope'", ": source 'filter': there is no log format 'nope'. Known: "),
        ("format = 'csv'", ": source 'filter': does not say which header holds the time."),
        ("format = 'csv'\nmap = 'nope'", ": source 'filter': nope: is neither a map that ships with the program"),
        ("format = 'csv'\ncolumns = {ts = 'When', foo = 'Bar'}", ": source 'filter': maps 'foo', which no export"),
        ("format = 'csv'\ncolumns = {ts = 'When'}\nverdicts = {no = 'maybe'}", "gives 'no' the verdict 'maybe'"),
        ("[[source]]\nname = 'filter'\nfiles = ['x']", ":7: two sources are called 'filter'."),
        ("[[source]]\nname = 'other'\nfiles = ['logs/*.log']", "the sources 'filter' and 'other' both claim"),
        ("[people]\nfile = 'none.csv'", "none.csv is not there."),
        ("[people]\nfile = 'people.csv'\ncolumns = {user = 'Login'}", "the key 'user' is not known. Known here: "),
        ("[people]\nfile = 'people.csv'\n[people.columns]\nuser = 'Login'", ":9: the key 'user' is not known."),
        ("[thresholds]\nsmall_number = 2", ":7: small_number: input should be greater than or equal to 3."),
        ("[thresholds]\nhigh = 10", "the levels must fall from urgent through high and medium to low."),
        ("[thresholds]\nepisode_gap_minutes = 100000000000000", ":7: episode_gap_minutes: "),
        ("[retention]\nevents_days = 1000000000", ":7: events_days: "),
        ("[store]\nfolder = 'logs'", "which esafety wrote itself. Give logs a folder apart from [store]."),
        ("[watchlists]\nfolders = ['none']", "none is not there."),
        ("[", ": is not TOML: "),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_write(folder: Path, more: str, said: str) -> None:
    assert said in refusal(folder, more)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("overlapping = 1", ":6: overlapping: true or false is wanted here, not 1. Write for example true"),
        ("format = 3", ":6: format: text is wanted here, not 3."),
        ("[retention]\nevents_days = '30'", ":7: events_days: a whole number is wanted here, not '30'."),
        ("[retention]\nevents_days = true", ":7: events_days: a whole number is wanted here, not True."),
        ("[thresholds]\nurgent = true", ":7: urgent: a number is wanted here, not True."),
        ("[thresholds]\nurgent = nan", ":7: urgent: input should be less than or equal to 100."),
        ("[store]\nfolder = 3", ":7: folder: text is wanted here, not 3."),
        ("[store]\nfolder = '~nobody-of-that-name/x'", ": a path begins with ~, but: "),
        (
            "[[school.terms]]\nname='A'\nfirst_day = '2026-09-02'\nlast_day = 2026-12-18",
            ":8: first_day: a date is wanted",
        ),
        ("[[school.terms]]\nname='A'\nfirst_day = 20260902\nlast_day = 2026-12-18", ":8: first_day: a date is wanted"),
        ("files = 'x'", ":6: is not TOML: Cannot overwrite a value. See the comments"),
        ("[people\n", ":6: is not TOML: "),
        ("verdicts = {\n", ":6: is not TOML: "),
        ("format = 'nope'", ":6: source 'filter': there is no log format 'nope'"),
        ("format = 'csv'\ncolumns = {ts = 'When', foo = 'Bar'}", ":7: source 'filter': maps 'foo'"),
        ("[[source]]\nname = 'other'\nfiles = ['x',\n'logs/*.log']", ":9: the sources 'filter' and 'other' both claim"),
        ("\n[store]\nreports = 'logs'", ":5: the source 'filter' fits "),
    ],
)
def test_a_slip_of_the_pen_is_no_value(folder: Path, more: str, said: str) -> None:
    assert said in refusal(folder, more)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("", ": [school] is missing. Add the table [school], with a line `name = …` below it."),
        ('[school]\nname = "x"\n', ": [source] is missing. Add the table [[source]], in double brackets"),
        ('[school]\nname = "x"\n[source]\nname = "f"\nfiles = ["logs"]\n', ":3: source is written as one table."),
        ('[school]\nname = ""\n[[source]]\nname = "f"\nfiles = ["logs"]\n', ":2: name: string should have at least 1"),
        ('[school]\nname = "x"\n[[source]]\nname = "f"\n', ":3: 'files' is missing in source. Add a line `files = …`."),
        ('[school]\nname = "x"\n[[source]]\nname = "f"\nfiles = "logs"\n', ":5: files: a list is wanted here"),
        ('school = "x"\n', ":1: school: a table is wanted here, not 'x'."),
        ("x = " + "[" * 100_000, ": is not TOML: "),
    ],
)
def test_what_a_file_must_have(folder: Path, start: str, said: str) -> None:
    assert said in refusal(folder, "", start)


def test_whole_numbers_are_numbers_and_a_byte_order_mark_is_nothing(folder: Path) -> None:
    settings, names = found(folder, "[thresholds]\nurgent = 90\nhigh = 65.5\n", "\ufeff" + START)
    assert (settings.thresholds.urgent, settings.thresholds.high, names) == (90.0, 65.5, ["a.log"])
    config = folder / "school.toml"
    config.write_bytes(START.replace("\n", "\r\n").encode() + b"# \xff\n")
    with pytest.raises(ConfigError, match=r"is not UTF-8 text\. Save it as UTF-8"):
        load_settings(config)


def test_there_is_no_such_file_and_it_is_a_folder(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: there is no such file\. Make one with `esafety init`"):
        load_settings(folder / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(folder / "logs")


def test_a_folder_whose_name_looks_like_a_pattern_is_a_folder(folder: Path) -> None:
    odd = folder / "[abc] *"
    (odd / "logs").mkdir(parents=True)
    (odd / "logs" / "b.log").write_text("a line\n", encoding="utf-8")
    assert found(odd, "")[1] == ["b.log"]


def test_two_patterns_and_a_link_name_a_file_once(folder: Path) -> None:
    (folder / "logs" / "link.log").symlink_to(folder / "logs" / "a.log")
    (folder / "logs" / "loop.log").symlink_to(folder / "logs" / "loop.log")
    names = found(folder, "", START.replace('"logs"', '"logs", "logs/*.log", "logs/a*"'))[1]
    assert names == ["a.log", "loop.log"]


def test_a_folder_that_cannot_be_listed_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    config = folder / "school.toml"
    config.write_text(START, encoding="utf-8")
    settings = load_settings(config)
    monkeypatch.setattr(Path, "iterdir", refused)
    files, issues = find(settings, config)
    assert files == []
    assert "the folder cannot be listed (Permission denied). Give the account" in issues[0]


def test_a_school_closes_after_it_opens_and_a_term_ends_after_it_begins(folder: Path) -> None:
    hours = START.replace('"Example"\n', '"Example"\nopens = 16\ncloses = 8\n')
    assert "closes is not after opens" in refusal(folder, "", hours)
    term = "[[school.terms]]\nname = 'Autumn'\nfirst_day = 2026-12-18\nlast_day = 2026-09-02\n"
    assert "last_day lies before first_day" in refusal(folder, term)


def test_a_map_of_the_schools_own_lies_beside_its_school_toml(folder: Path) -> None:
    (folder / "own.toml").write_text('[columns]\nts = "When"\ntyped_text = "What"\n', encoding="utf-8")
    settings, _ = found(folder, "format = 'csv'\nmap = 'own.toml'\n")
    assert settings.source[0].map == str(folder / "own.toml")
    shipped, _ = found(folder, "format = 'csv'\nmap = 'senso'\n")
    assert shipped.source[0].map == "senso"


def test_hidden_files_are_no_logs_and_a_pattern_without_a_file_is_said(folder: Path) -> None:
    (folder / "logs" / ".new").write_text("x")
    config = folder / "school.toml"
    config.write_text(START.replace('"logs"', '"logs", "none/*.log"'), encoding="utf-8")
    files, missing = find(load_settings(config), config)
    assert [file.path.name for file in files] == ["a.log"]
    assert missing == [f"source filter: no file fits {folder}/none/*.log, or the folder may not be read."]


@pytest.mark.parametrize("name", ["", "Europe", "/etc/passwd", "../UTC", "a" * 5000, "\0", "\ud800", "Europe/Lond on"])
def test_what_is_no_time_zone_is_refused_and_nothing_else_happens(name: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone"):
        zone_named(name)
