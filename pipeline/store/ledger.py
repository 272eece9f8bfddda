"""The ledger: what was read of which file, which units the lake consists of, what was made of them, and every run.

In: streams, units and looks (`streams`), days with their drafts, records of runs. Out: the same, asked for by what is
new since a date. Refuses, with a remedy, a change that cannot be kept. The file of SQLite itself is `ledgerfile`.

A unit is entered after its folder is in its place, in one transaction with the stream's new state: what the ledger
knows is there, and what it does not know is swept away and read again. What is entered carries the local date of the
run, so that pages can tell what is new since the last night that got as far as its pages.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from pipeline.errors import StoreError
from pipeline.store.streams import FileLook, Stream, Unit


@dataclass(frozen=True)
class NotedHead:
    """How far a run has found the casebook: the number of actions, and the hash of the last."""

    #: The local date of the run.
    day: date
    #: UTC.
    started: datetime
    actions: int
    head: str


class Ledger:
    """An open ledger on the local date of a run. Every method that changes something is one transaction.

    Raises `StoreError` where a change cannot be kept.
    """

    def __init__(self, connection: sqlite3.Connection, today: date) -> None:
        self._connection = connection
        self._today = today

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._connection:
                yield self._connection
        except sqlite3.OperationalError as error:
            remedy = "Make room there and run again: nothing is lost."
            raise StoreError(f"the ledger cannot be written ({error}).", remedy=remedy) from error

    def streams(self, identity: str) -> list[Stream]:
        """The streams of any source that begin with this record, the one that was read furthest first."""
        rows = self._connection.execute(
            "SELECT * FROM streams WHERE begins_like = ? ORDER BY bytes_read DESC, source_sha256, source", (identity,)
        )
        return [_stream(dict(row)) for row in rows.fetchall()]

    def cut_short(self) -> list[Stream]:
        """The streams whose only record had no line end when it was read: its end changes what they begin like."""
        rows = self._connection.execute(
            "SELECT * FROM streams WHERE ends_in_mid_line"
            " AND 1 = (SELECT sum(events + rejects) FROM units WHERE units.source_sha256 = streams.source_sha256)"
            " ORDER BY source_sha256, source"
        )
        return [_stream(dict(row)) for row in rows.fetchall()]

    def looked_at(self, look: FileLook) -> bool:
        """Whether a file of this look was read to its end."""
        return self._one("SELECT source FROM looked_at WHERE source = :source AND look = :look", look.key()) is not None

    def remember(self, look: FileLook) -> None:
        """Note that a file of this look holds nothing that has not been read."""
        with self._change():
            self._insert("looked_at", look.key())

    def forget(self, stream: Stream, declared: str = "") -> None:
        """Let go of all that was read of a file, so that it is read anew from its beginning.

        Its source's files are looked at again, but for those that were looked at as `declared`.
        """
        with self._change() as connection:
            for table in ("units", "streams", "lines_seen"):
                # By content alone: what was read under an earlier name of the source is the same file.
                connection.execute(f"DELETE FROM {table} WHERE source_sha256 = ?", (stream.source_sha256,))
            connection.execute(
                "DELETE FROM looked_at WHERE source = ? AND look NOT LIKE ? || ' %'", (stream.source, declared)
            )

    def rename(self, stream: Stream, source: str) -> None:
        """Give what was read of a file to another source; the events keep the name under which they were read."""
        with self._change() as connection:
            for table in ("units", "streams", "lines_seen"):
                connection.execute(
                    f"UPDATE OR REPLACE {table} SET source = ? WHERE source = ? AND source_sha256 = ?",
                    (source, stream.source, stream.source_sha256),
                )
            connection.execute("DELETE FROM looked_at WHERE source = ?", (stream.source,))

    def commit(self, unit: Unit, stream: Stream, digests: dict[bytes, int]) -> None:
        """Enter a unit whose folder is in its place, the new state of its stream, and the lines it has seen."""
        row = asdict(unit) | {
            "skips": json.dumps(unit.skips, sort_keys=True),
            "reject_reasons": json.dumps(unit.reject_reasons, sort_keys=True),
            "first_ts": unit.first_ts and unit.first_ts.isoformat(),
            "last_ts": unit.last_ts and unit.last_ts.isoformat(),
            "dates": json.dumps([each.isoformat() for each in unit.dates]),
            "read_on": self._today.isoformat(),
            "purged": 0,
        }
        with self._change() as connection:
            self._insert("units", row)
            self._enter(connection, stream, digests)

    def note(self, stream: Stream, digests: dict[bytes, int]) -> None:
        """Enter the new state of a stream and the lines it has seen, without a unit: for a run that keeps nothing."""
        with self._change() as connection:
            self._enter(connection, stream, digests)

    def _enter(self, connection: sqlite3.Connection, stream: Stream, digests: dict[bytes, int]) -> None:
        self._insert("streams", asdict(stream))
        connection.executemany(
            "INSERT OR REPLACE INTO lines_seen VALUES (?, ?, ?, ?)",
            ((stream.source, digest, stream.source_sha256, times) for digest, times in sorted(digests.items())),
        )

    def met(self, stream: Stream, living: frozenset[str], digests: Iterable[bytes]) -> dict[bytes, tuple[int, int]]:
        """How often a file, and the other file of its source with the most, held each line that was met before.

        Sources that are not among the `living` may be this one under an earlier name. Files that were read in another
        way do not count: they are yet to be read anew, or gone, and what they gave does not stand for this line.
        """
        rows = self._connection.execute("SELECT DISTINCT source FROM streams ORDER BY source").fetchall()
        sources = [stream.source, *(row["source"] for row in rows if row["source"] not in {*living, stream.source})]
        sql = (
            "SELECT source_sha256, times FROM lines_seen JOIN streams USING (source, source_sha256)"
            f" WHERE source IN ({', '.join('?' * len(sources))}) AND digest = ? AND read_as = ?"
        )
        found: dict[bytes, tuple[int, int]] = {}
        # One look-up a line, because SQLite limits the length of a list; only overlapping exports come here.
        for digest in digests:
            seen = self._connection.execute(sql, (*sources, digest, stream.read_as)).fetchall()
            if seen:
                here = sum(row["times"] for row in seen if row["source_sha256"] == stream.source_sha256)
                others = (row["times"] for row in seen if row["source_sha256"] != stream.source_sha256)
                found[digest] = here, max(others, default=0)
        return found

    def units(self) -> list[Unit]:
        """Every unit that is in the lake, in an order that depends on content alone."""
        rows = self._connection.execute("SELECT * FROM units WHERE purged = 0 ORDER BY unit_id").fetchall()
        return [_unit(dict(row)) for row in rows]

    def all_units(self) -> list[Unit]:
        """Every unit that was ever read, those that retention took away included."""
        return [_unit(dict(row)) for row in self._connection.execute("SELECT * FROM units ORDER BY unit_id")]

    def read_since(self, day: date | None) -> list[Unit]:
        """The units that were read after a date, up to today; all of them without one."""
        rows = self._connection.execute(
            "SELECT * FROM units WHERE read_on > ? AND read_on <= ? ORDER BY unit_id", self._since(day)
        )
        return [_unit(dict(row)) for row in rows]

    def purge(self, units: Iterable[str]) -> None:
        """Let units go: they leave the lake, but are not read again."""
        with self._change() as connection:
            connection.executemany("UPDATE units SET purged = 1 WHERE unit_id = ?", ((u,) for u in units))

    def day_inputs(self, kind: str) -> dict[date, str]:
        """What each derived day was made from."""
        rows = self._connection.execute("SELECT day, inputs FROM days WHERE kind = ?", (kind,)).fetchall()
        return {date.fromisoformat(row["day"]): row["inputs"] for row in rows}

    def day_made(self, kind: str, day: date, inputs: str, drafts: Iterable[tuple[str, str]] = ()) -> None:
        """Note that the file of a derived day is in its place, and the drafts in it: (draft_id, evidence_sha256).

        When a draft was first made from its evidence does not change while it stays on its day. One that late evidence
        adds to, or whose log was read anew and has it on another day, is noted anew, so that it is shown once more.
        """
        today = self._today.isoformat()
        noted = [(draft_id, evidence, day.isoformat(), today) for draft_id, evidence in drafts]
        with self._change() as connection:
            connection.executemany(
                "INSERT INTO drafts VALUES (?, ?, ?, ?) ON CONFLICT (draft_id, evidence_sha256)"
                " DO UPDATE SET day = excluded.day, drafted_on = excluded.drafted_on WHERE day <> excluded.day",
                noted,
            )
            self._insert("days", {"kind": kind, "day": day.isoformat(), "inputs": inputs, "made_on": today})

    def days_since(self, kind: str, day: date | None) -> list[date]:
        """The derived days of a kind that were made after a date, up to today; all of them without one."""
        rows = self._connection.execute(
            "SELECT day FROM days WHERE kind = ? AND made_on > ? AND made_on <= ? ORDER BY day",
            (kind, *self._since(day)),
        )
        return [date.fromisoformat(row["day"]) for row in rows]

    def drafted_since(self, day: date | None) -> list[tuple[str, str, date]]:
        """The drafts that were first made, or made from new evidence, after a date, up to today."""
        rows = self._connection.execute(
            "SELECT draft_id, evidence_sha256, day FROM drafts WHERE drafted_on > ? AND drafted_on <= ?",
            self._since(day),
        )
        return [(row["draft_id"], row["evidence_sha256"], date.fromisoformat(row["day"])) for row in rows]

    def shown_between(self, drafts: Iterable[str]) -> list[tuple[date, date]]:
        """The dates of the runs whose pages may show these drafts, as (first, last): of each time that one was noted,
        that date, and that of the first run since then that got as far as its pages."""
        sql = (
            "SELECT drafted_on, coalesce((SELECT min(day) FROM runs WHERE day >= drafted_on), :today) AS shown_on"
            " FROM drafts WHERE draft_id = :draft_id"
        )
        # One look-up a draft, because SQLite limits the length of a list; few are asked for.
        rows = [
            row for each in sorted(drafts)
            for row in self._connection.execute(sql, {"draft_id": each, "today": self._today.isoformat()})
        ]  # fmt: skip
        return [(date.fromisoformat(row["drafted_on"]), date.fromisoformat(row["shown_on"])) for row in rows]

    def last_night(self) -> date | None:
        """The date of the last run before today that got as far as its pages."""
        row = self._one("SELECT max(day) AS day FROM runs WHERE day < ?", (self._today.isoformat(),))
        return date.fromisoformat(row["day"]) if row and row["day"] else None

    def noted_heads(self) -> list[NotedHead]:
        """What each run has noted that got as far as the casebook, the earliest run first."""
        rows = self._connection.execute(
            "SELECT day, started, json_extract(record, '$.casebook.actions') AS actions,"
            " json_extract(record, '$.casebook.head') AS head FROM runs WHERE head IS NOT NULL ORDER BY started"
        )
        return [
            NotedHead(
                date.fromisoformat(row["day"]), datetime.fromisoformat(row["started"]), row["actions"], row["head"]
            )
            for row in rows
        ]

    def noted_flips(self, first: date, last: date) -> list[dict[str, Any]]:
        """The changes of the filter that the runs between two dates have noted, the latest run first."""
        rows = self._connection.execute(
            "SELECT json_extract(record, '$.filter_flips') AS flips FROM runs"
            " WHERE day BETWEEN ? AND ? AND flips IS NOT NULL ORDER BY started DESC",
            (first.isoformat(), last.isoformat()),
        )
        return [flip for row in rows for flip in json.loads(row["flips"])]

    def add_run(self, started: datetime, record: dict[str, Any]) -> None:
        """Keep the record of a run whose pages are written."""
        row = {"started": started.astimezone(UTC).isoformat(), "day": self._today.isoformat()}
        with self._change():
            self._insert("runs", row | {"record": json.dumps(record)})

    def _since(self, day: date | None) -> tuple[str, str]:
        return day.isoformat() if day else "", self._today.isoformat()

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        marks = ", ".join(f":{name}" for name in row)
        self._connection.execute(f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({marks})", row)

    def _one(self, sql: str, values: Any) -> dict[str, Any] | None:
        row = self._connection.execute(sql, values).fetchone()
        return None if row is None else dict(row)


def _stream(row: dict[str, Any]) -> Stream:
    return Stream(**{**row, "ends_in_mid_line": bool(row["ends_in_mid_line"])})


def _unit(row: dict[str, Any]) -> Unit:
    del row["purged"], row["read_on"]
    times = {name: row[name] and datetime.fromisoformat(row[name]) for name in ("first_ts", "last_ts")}
    dates = tuple(date.fromisoformat(each) for each in json.loads(row["dates"]))
    counts = {name: json.loads(row[name]) for name in ("skips", "reject_reasons")}
    return Unit(**{**row, **times, **counts, "dates": dates})
