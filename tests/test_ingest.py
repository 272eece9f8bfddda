"""Files become events and rejects: every line exactly once, in one go or in many, whatever the bytes are."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from blake3 import blake3
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline import decode, recognition
from pipeline.errors import InvariantError, SourceError, UnknownFormat
from pipeline.files import records
from pipeline.formats import Declared, Parsed, registry
from pipeline.formats._maps import load_map
from pipeline.ingest import Batch, Diverged, Reading, open_unknown, read_chunks, read_file
from pipeline.recognition import identity_of, sniff
from pipeline.store.streams import Stream
from tests.effort import tries
from tests.made_night import made_log, search, squid

SQUID = registry()["squid"]
CSV = registry()["csv"]
SENSO = Declared(ZoneInfo("Europe/London"), "dmy", load_map("senso").columns)
HEADER = "Date/Time,Username,Phrase\n"
ITS_MAP = (("ts", "Date/Time"), ("user_raw", "Username"), ("typed_text", "Phrase"))
EXPORT = Declared(ZoneInfo("Europe/London"), "dmy", ITS_MAP)


def opened(data: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(data))


def fresh(name: str = "squid") -> Stream:
    return Stream("filter", "sha", "main", name)


def reading(start: Stream | None = None, *, keep_tail: bool = True, declared: Declared = EXPORT) -> Reading:
    start = start or fresh()
    return Reading("log", registry()[start.format], declared, start, keep_tail=keep_tail)


def check(batches: Iterable[Batch]) -> list[Batch]:
    """The batches, each of them counted through."""
    found = list(batches)
    for batch in found:
        assert batch.records == batch.events.height + batch.rejects.height + batch.skips.total()
    return found


def seen(batches: Iterable[Batch]) -> list[tuple[int, int, str]]:
    """line, offset and what became of it: of every event and reject, in order."""
    rows = []
    for batch in check(batches):
        if batch.events.height:
            rows += [(line, offset, "event") for line, offset in batch.events.select("line", "byte_offset").iter_rows()]
        rows += list(batch.rejects.select("line", "byte_offset", "reason").iter_rows())
    return sorted(rows)


def in_steps(data: bytes, ends: list[int], *, name: str = "squid", size: int = 1 << 16, keep_tail: bool = False,
             ) -> tuple[list[tuple[int, int, str]], Stream]:  # fmt: skip
    """What is read of a file that grows to each of these sizes; the last time, its last line is finished."""
    state, rows = fresh(name), []
    for end in [*ends, len(data)]:
        pieces = [data[at : min(at + size, end)] for at in range(0, end, size)]
        last = end == len(data)
        batches = check(read_chunks(iter(pieces), reading(state, keep_tail=keep_tail or last)))
        rows += seen(batches)
        state = batches[-1].end if batches else state
    return sorted(rows), state


# ---------------------------------------------------------------- growth

LOG = (
    squid(1) + "odd line\n" + squid(2, search("café")) + "\n\n" + squid(3).replace("\n", "\r\n")
    + squid(4, search("\u65e5\u672c")) + squid(5)
).encode()  # fmt: skip


@settings(max_examples=tries(15))
@given(st.lists(st.integers(0, len(LOG)), max_size=6), st.integers(5, 200))
def test_a_log_that_grows_gives_the_same_as_in_one_go(ends: list[int], size: int) -> None:
    whole, end = in_steps(LOG, [])
    grown, state = in_steps(LOG, sorted(ends), size=size)
    assert grown == whole
    assert (state.bytes_read, state.next_line, state.prefix_digest) == (
        end.bytes_read,
        end.next_line,
        end.prefix_digest,
    )
    assert state.prefix_digest == blake3(LOG).hexdigest()


TABLE = (
    HEADER + '10/11/2026 09:00:01,a.example,"one\ntwo"\n' + "10/11/2026 09:00:02,b.example,three\n"
    + '10/11/2026 09:00:03,c.example,"a ""word"", and\nmore\n"\n' + "broken\n" + '13/11/2026 09:00:04,d.example,"x"\n'
).encode()  # fmt: skip


@settings(max_examples=tries(15))
@given(st.lists(st.integers(0, len(TABLE)), max_size=6), st.integers(5, 200))
def test_an_export_that_grows_gives_the_same_as_in_one_go(ends: list[int], size: int) -> None:
    whole, _ = in_steps(TABLE, [], name="csv")
    assert [what for _, _, what in whole].count("event") == 4
    assert in_steps(TABLE, sorted(ends), name="csv", size=size)[0] == whole


@settings(max_examples=tries(20))
@given(st.integers(1, len(LOG) - 1))
def test_a_line_that_was_taken_as_finished_goes_on_as_a_reject(cut: int) -> None:
    rows, state = in_steps(LOG, [cut], keep_tail=True)
    assert (state.next_line, state.prefix_digest) == (9, blake3(LOG).hexdigest())
    continued = [row for row in rows if row[2] == "line-continued"]
    assert len(continued) <= 1
    inside = LOG[cut - 1] != 0x0A and LOG[cut : cut + 2] != b"\r\n" and LOG[cut] != 0x0A
    assert len(continued) == inside
    for line, offset, _ in continued:
        assert offset == cut
        assert line == LOG[:cut].count(b"\n") + 1
    kept = [row for row in rows if row[2] != "line-continued"]
    assert {line for line, _, _ in kept} <= {1, 2, 3, 6, 7, 8}


def test_the_rest_of_a_line_waits_until_it_is_finished() -> None:
    half = squid(1).encode()[:40]
    _, state = in_steps(half, [])
    assert state.ends_in_mid_line
    assert check(read_chunks(iter([half + b"more"]), reading(state, keep_tail=False))) == []
    (batch,) = check(read_chunks(iter([half + b"more\n"]), reading(state, keep_tail=False)))
    assert batch.rejects.select("line", "reason", "raw").rows() == [(1, "line-continued", b"more")]
    assert not batch.end.ends_in_mid_line


@pytest.mark.parametrize("length", [100, records.KEPT_OF_LONG_LINE, records.KEPT_OF_LONG_LINE + 1, 3 << 20])
@pytest.mark.parametrize("size", [1 << 14, 1 << 24])
def test_of_an_endless_rest_of_a_line_only_the_beginning_is_kept(length: int, size: int) -> None:
    half, more = squid(1).encode()[:40], b"z" * length + b"\r\n"
    _, state = in_steps(half, [])
    data = half + more + squid(2).encode()
    batches = check(read_chunks(iter([data[at : at + size] for at in range(0, len(data), size)]), reading(state)))
    (reject,) = batches[0].rejects.iter_rows(named=True)
    assert reject["raw"] == b"z" * min(length, records.KEPT_OF_LONG_LINE)
    assert reject["reason"] == ("line-continued" if length <= records.KEPT_OF_LONG_LINE else "too-long")
    assert seen(batches[1:]) == [(2, len(half + more), "event")]
    assert batches[-1].end.prefix_digest == blake3(data).hexdigest()


def test_only_the_end_of_the_line_was_missing() -> None:
    line = squid(1).encode().removesuffix(b"\n")
    for rest in (b"\n", b"\r\n"):
        _, state = in_steps(line, [])
        batches = check(read_chunks(iter([line + rest + squid(2).encode()]), reading(state)))
        assert seen(batches) == [(2, len(line + rest), "event")]


@pytest.mark.parametrize("other", [b"", LOG[:-1], LOG[:50], b"x" + LOG, LOG[:-3] + b"zz\n", LOG[:60] + b"!" + LOG[61:]])
def test_another_file_is_not_read_on(other: bytes) -> None:
    _, state = in_steps(LOG, [])
    with pytest.raises(Diverged) as caught:
        list(read_chunks(iter([other[:70], other[70:]] if other else []), reading(state)))
    is_long_enough = len(other) >= len(LOG)
    assert caught.value.digest == (blake3(other[: len(LOG)]).hexdigest() if is_long_enough else "")


# ---------------------------------------------------------------- what it is


def test_identity_is_the_content_up_to_the_first_record(tmp_path: Path) -> None:
    def identity(name: str, data: bytes, form: str = "squid") -> str | None:
        (tmp_path / name).write_bytes(data)
        return identity_of(tmp_path / name, registry()[form], EXPORT)

    first = identity("access.log", LOG)
    assert first == hashlib.sha256(squid(1).encode().rstrip(b"\n")).hexdigest()
    assert identity("renamed.1", LOG[: len(squid(1))]) == first
    assert identity("rotated.gz", gzip.compress(LOG)) == first
    assert identity("cut.gz", gzip.compress(LOG, mtime=0)[:-8]) == first
    assert identity("bom", b"\xef\xbb\xbf" + LOG) == first
    assert identity("utf16", b"\xff\xfe" + LOG.decode().encode("utf-16-le")) == first
    assert identity("unfinished", squid(1).encode().rstrip(b"\n")) == first
    assert identity("crlf", squid(1).encode().replace(b"\n", b"\r\n")) == first
    assert identity("blank before", b"\n\n" + LOG) not in {first, None}
    assert identity("empty", b"") is None
    assert identity("blank", b"\n\r\n  \n") is None
    assert identity("header", HEADER.encode(), "csv") is None
    assert identity("header.gz", gzip.compress(HEADER.encode())[:20], "csv") is None
    assert identity("table", TABLE, "csv") == identity("table.gz", gzip.compress(TABLE), "csv") is not None


def test_sniffing_names_its_reasons() -> None:
    assert sniff([squid(1), squid(2)], "log").name == "squid"
    with pytest.raises(
        UnknownFormat,
        match=r"^log: no log format recognises this file\. Is it a table with .* `esafety map log`",
    ):
        sniff(["what is this", "and this"], "log")
    export = ["Violation export", "Date/Time,Device Name,IP Address,Username,Phrase,Rule Set,Application"]
    with pytest.raises(UnknownFormat, match=r"this file\. .*--map senso .* map = \"senso\" in school\.toml\)\.$"):
        sniff(export, "log")
    with pytest.raises(UnknownFormat, match="there is no log format 'squit'"):
        recognition.format_named("squit")


def test_two_claimants_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "registry", lambda: {"squid": SQUID, "also": SQUID})
    with pytest.raises(UnknownFormat, match=r"may be squid or squid\. Say which"):
        sniff([squid(1)], "log")


def test_blank_lines_do_not_hide_the_first_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"\r\n" * 1000 + LOG)
    assert recognition.first_lines(path)[0] == squid(1).rstrip("\n")
    path.write_bytes(b"\n \n")
    assert recognition.first_lines(path) == []


# ---------------------------------------------------------------- overlapping exports


def test_a_line_of_an_earlier_file_is_read_once_and_twice_in_one_file_is_two() -> None:
    times: dict[str, Counter[bytes]] = {}

    def read(name: str, data: str) -> Counter[str]:
        def met(digests: Iterable[bytes]) -> dict[bytes, tuple[int, int]]:
            return {
                digest: (times.get(name, Counter())[digest],
                         max((held[digest] for other, held in times.items() if other != name), default=0))
                for digest in digests
            }  # fmt: skip

        how = Reading(name, CSV, EXPORT, fresh("csv"), met=met)
        found: Counter[str] = Counter()
        for batch in check(read_chunks(iter([data.encode()]), how)):
            found.update({"events": batch.events.height, "rejects": batch.rejects.height})
            found.update(batch.skips)
            times.setdefault(name, Counter()).update()
            times[name] |= Counter(batch.digests)
        return +found

    row = "10/11/2026 09:00:0{},a.example,word\n"
    one, two, three = (row.format(n) for n in (1, 2, 3))
    assert read("monday", HEADER + one + one + two) == {"events": 3, "header": 1}
    assert read("tuesday", HEADER + one + one + one + two + three + "junk\n") == {
        "events": 2, "header": 1, "duplicate-line": 3, "rejects": 1,
    }  # fmt: skip
    assert read("wednesday", HEADER + three + three + "junk\n") == {"events": 1, "header": 1, "duplicate-line": 2}


# ---------------------------------------------------------------- any bytes at all

_NASTY = [
    b"", b"\n", b"\0", b"\0" * 5000, b"\r", b"\xff\xfe", b"\xfe\xff\n", b"\xef\xbb\xbf", b'"', b'"\n' * 150,
    b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"a" * 5000, b"," * 3000 + b"\n", b"\xed\xa0\x80\n",
    "\u202e\u0000\ufeff\U0001f600\n".encode() * 3, b"1757318400.473 1 1 1/1 1 1 1 1 1/1 1\n",
    b"9999999999.999 9999999999999999999999 1 TCP_X/999 99999999999999999999 GET h u HIER_NONE/- t/h\n",
    b"date=9999-99-99 time=99:99:99 type=utm subtype=webfilter\n", b"2026.13.45 25:61:61 - - - GET\n",
    squid(1).encode() * 3 + b"\xff" * 30, LOG[:-4] + b"\x80\x81",
]  # fmt: skip
#: Lines and quoted records, with and without what is carried on; all others are held to it by tests/test_formats.py.
_SEVERAL = ("squid", "e2guardian8", "csv", "json", "w3c", "dnsmasq", "umbrella")
_ANY = st.one_of(
    st.binary(max_size=120),
    st.lists(
        st.one_of(st.binary(max_size=30), st.sampled_from([squid(1).encode(), b"\n", b'"', b"\t" * 21, b",,", b" "])),
        max_size=8,
    ).map(b"".join),
)


@pytest.mark.parametrize("name", _SEVERAL)
@settings(max_examples=tries(15))
@given(_ANY, st.sampled_from(["Europe/London", "UTC"]), st.sampled_from(["dmy", "mdy", "ymd", None]))
def test_any_bytes_come_out_as_events_rejects_and_skips(name: str, data: bytes, zone: str, order: str | None) -> None:
    _through(name, data, Declared(ZoneInfo(zone), order, ITS_MAP))  # type: ignore[arg-type]  # one of the three


@pytest.mark.parametrize("name", _SEVERAL)
@pytest.mark.parametrize("number", range(len(_NASTY)))
def test_nasty_bytes_do_too(name: str, number: int) -> None:
    _through(name, _NASTY[number], EXPORT)


def _through(name: str, data: bytes, declared: Declared) -> None:
    stream = opened(data)
    found = []
    try:
        for batch in open_unknown(stream, "log", registry()[name], declared):
            found.append(batch)  # noqa: PERF402 - what came before the failure is wanted
    except SourceError:
        pass
    else:
        decoded = b"".join(decode.decoded(opened(data), "log"))
        whole = list(records.blocks([decoded], quoted=registry()[name].records == "quoted"))
        assert sum(batch.records for batch in found) == sum(len(block.lines) for block in whole)
        for batch in found:
            for offset, raw in batch.rejects.select("byte_offset", "raw").iter_rows():
                assert decoded[offset : offset + len(raw)] == raw
    check(found)
    for before, after in pairwise([0, *(batch.end.bytes_read for batch in found)]):
        assert before < after


def test_nothing_known_of_an_empty_stream() -> None:
    assert list(open_unknown(opened(b""), "-", None, EXPORT)) == []
    packed = gzip.compress(b"")
    assert list(open_unknown(opened(packed), "-", None, EXPORT)) == []


def test_what_a_cut_off_file_holds_is_given_before_its_failure() -> None:
    packed = gzip.compress(made_log(3000).encode(), mtime=0)
    found: list[Batch] = []
    with pytest.raises(SourceError, match="Copy the file again"):
        found.extend(open_unknown(opened(packed[: len(packed) // 2]), "log", None, EXPORT))
    assert 1000 < sum(batch.records for batch in check(found)) < 2000
    header = gzip.compress(HEADER.encode() + b"\n" * 70_000, mtime=0)
    found.clear()
    with pytest.raises(SourceError, match="Copy the file again"):
        found.extend(open_unknown(opened(header[:-8]), "log", CSV, EXPORT))
    assert found[0].skips["header"] == 1


def test_a_format_that_loses_a_line_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def lossy(lines: object, declared: Declared, carry: str) -> Parsed:
        parsed = SQUID.parse(lines, declared, carry)  # type: ignore[arg-type]  # passed on as it came
        return Parsed(parsed.events.head(1), parsed.rejects, parsed.skips)

    monkeypatch.setitem(registry(), "squid", type(SQUID)(SQUID.name, "", "", SQUID.claims, lossy))
    with pytest.raises(InvariantError, match="3 records became 1 events, rejects and skips in format squid"):
        list(read_chunks(iter([squid(1).encode() * 3]), reading()))


def test_a_long_line_is_a_reject_with_its_beginning() -> None:
    data = squid(1).encode() + squid(2, "http://www.example.org/" + "x" * (1 << 20)).encode() + squid(3).encode()
    for size in (1 << 14, 1 << 24):
        pieces = iter([data[at : at + size] for at in range(0, len(data), size)])
        batches = check(read_chunks(pieces, reading()))
        assert [row[2] for row in seen(batches)] == ["event", "too-long", "event"]
        (reject,) = [row for batch in batches for row in batch.rejects.iter_rows(named=True)]
        assert reject["detail"].startswith(f"{len(squid(2)) + (1 << 20)} bytes")
        assert len(reject["raw"]) == records.KEPT_OF_LONG_LINE
        assert data[reject["byte_offset"] :].startswith(reject["raw"])


@example(cut=0)
@settings(max_examples=tries(10))
@given(cut=st.integers(0, len(LOG)))
def test_the_end_of_a_file_is_the_same_compressed(cut: int) -> None:
    plain = [batch.end for batch in open_unknown(opened(LOG[cut:]), "log", SQUID, EXPORT)]
    packed = opened(gzip.compress(LOG[cut:]))
    assert [batch.end for batch in open_unknown(packed, "log", SQUID, EXPORT)][-1:] == plain[-1:]


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(LOG)
    assert [row[2] for row in seen(read_file(path, reading()))] == [
        "event", "not-this-format", "event", "event", "event", "event",
    ]  # fmt: skip
    assert SENSO.columns
