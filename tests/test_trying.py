"""A log tried without a store: the very events of a night, the rejects byte for byte, and nothing kept."""

from __future__ import annotations

import base64
import gzip
import json
import os
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from pipeline.errors import ConfigError, StoreError, UnknownFormat
from pipeline.formats import Declared
from pipeline.output.record import FileRecord
from pipeline.schema import EVENTS, REJECTS, STORED_EVENTS, conform
from pipeline.store.events import complete
from pipeline.trials import trying
from pipeline.trials.trying import lines_for, parse_files
from tests.made_night import School, made_log, squid

LOG = made_log(200) + "caf\u00e9 \u2028\n" + "odd\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "logs" / "access.log"
    path.parent.mkdir()
    path.write_bytes(LOG.encode() + b"caf\xe9\n")
    return path


def tried(path: Path, folder: Path, ending: str = "jsonl", form: str = "auto") -> list[FileRecord]:
    return parse_files([path], form, Declared(), folder / f"events.{ending}", folder / f"rejects.{ending}")


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_it_gives_the_events_of_a_night(log: Path, tmp_path: Path) -> None:
    (record,) = tried(log, tmp_path, "parquet")
    assert (record.records, record.format, record.issues) == (203, "squid", [])
    school = School(tmp_path / "school").made()
    school.log("access.log", log.read_bytes())
    school.read()
    columns = [name for name in EVENTS if name not in ("site", "source")]
    events = pl.read_parquet(tmp_path / "events.parquet")
    kept = complete(conform(school.table("events"), STORED_EVENTS)).sort("line")
    assert events.schema == EVENTS
    assert events.select(columns).rows() == kept.select(columns).rows()
    rejects = pl.read_parquet(tmp_path / "rejects.parquet")
    assert rejects.schema == REJECTS
    assert rejects.rows() == school.table("rejects").rows()


def test_json_lines_say_the_same_as_parquet(log: Path, tmp_path: Path) -> None:
    tried(log, tmp_path, "parquet")
    tried(log, tmp_path, "jsonl")
    events = pl.read_parquet(tmp_path / "events.parquet").to_dicts()
    for row, event in zip(rows(tmp_path / "events.jsonl"), events, strict=True):
        assert datetime.fromisoformat(row["ts"]) == event["ts"]
        assert {**row, "ts": None} == {**event, "ts": None}
    rejects = pl.read_parquet(tmp_path / "rejects.parquet").to_dicts()
    for row, reject in zip(rows(tmp_path / "rejects.jsonl"), rejects, strict=True):
        raw = base64.b64decode(row["raw_base64"]) if "raw_base64" in row else row["raw"].encode()
        assert raw == reject["raw"]


def test_the_raw_line_is_text_where_it_is_text(log: Path, tmp_path: Path) -> None:
    tried(log, tmp_path)
    last = rows(tmp_path / "rejects.jsonl")[-3:]
    assert [row["raw"] for row in last] == ["caf\u00e9 \u2028", "odd", "caf\\xe9"]
    assert ["raw_base64" in row for row in last] == [False, False, True]


def test_a_cut_off_archive_gives_what_it_holds_and_an_issue(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    packed = gzip.compress(LOG.encode(), mtime=0)
    path.write_bytes(packed[: len(packed) // 2])
    (record,) = tried(path, tmp_path)
    assert record.records > 30
    assert record.is_conserved
    assert "Copy the file again" in record.issues[0]
    assert len(rows(tmp_path / "events.jsonl")) == record.events
    assert lines_for(record)[0].startswith(f"{path} (squid): {record.records} lines = {record.events} events")
    assert lines_for(record)[1].startswith("! ")


def test_a_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    feeder = threading.Thread(target=pipe.write_bytes, args=(LOG.encode(),))
    feeder.start()
    (record,) = tried(pipe, tmp_path)
    feeder.join()
    assert record.records == 202


def test_one_bad_file_does_not_hide_the_others(log: Path, tmp_path: Path) -> None:
    (log.parent / "bad.gz").write_bytes(b"\x1f\x8b\x08\x00nonsense")
    (log.parent / "empty").write_bytes(b"")
    (log.parent / "strange").write_text("what is this\n")
    (log.parent / ".hidden").write_text(squid(0))
    records = {Path(each.path).name: each for each in tried(log.parent, tmp_path)}
    assert sorted(records) == ["access.log", "bad.gz", "empty", "strange"]
    assert records["access.log"].records == 203
    assert "damaged" in records["bad.gz"].issues[0]
    assert records["empty"].issues == []
    assert "no log format recognises this file" in records["strange"].issues[0]


def test_what_cannot_be_done_is_refused_first(log: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat, match="there is no log format 'squit'"):
        tried(log, tmp_path, form="squit")
    with pytest.raises(StoreError, match="to be read and written over"):
        parse_files([log], "auto", Declared(), log, None)
    with pytest.raises(StoreError, match="cannot be written"):
        parse_files([log], "auto", Declared(), tmp_path / "no folder" / "x.jsonl", None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs"]


def test_a_log_is_tried_as_a_source_of_the_school_reads_it(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text("When;Who\n08/09/2025 09:00;dee\n13/09/2025 09:00;eve\n", encoding="utf-8")
    config = tmp_path / "school.toml"
    config.write_text(
        '[school]\nname = "x"\n[[source]]\nname = "export"\nfiles = ["*.csv"]\nformat = "csv"\ntimezone = "UTC"\n'
        '[source.columns]\nts = "When"\nuser_raw = "Who"\n',
        encoding="utf-8",
    )
    options = trying.Options("auto", ZoneInfo("Europe/London"))
    form, declared = trying.declared_in(config, "export", options)
    (record,) = trying.parse_files([tmp_path / "export.csv"], form, declared, tmp_path / "e.jsonl", None)
    events = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text("utf-8").splitlines()]
    assert record.counts.startswith("3 lines = 2 events")
    assert [(each["user_raw"], each["ts"]) for each in events] == [
        ("dee", "2025-09-08T09:00:00+00:00"), ("eve", "2025-09-13T09:00:00+00:00"),
    ]  # fmt: skip
    with pytest.raises(ConfigError, match=r"school\.toml: has no source 'filter'\. Its sources: export\."):
        trying.declared_in(config, "filter", options)
    with pytest.raises(ConfigError, match="--source says how the logs are read"):
        trying.declared_in(config, "export", replace(options, form="squid"))
