r"""The debug log of Windows DNS Server (`dns.log`), with or without the details of packets.

In: a header of about thirty lines, and lines such as `6/5/2026 10:00:32 AM 0E70 PACKET  00000000033397A0 UDP Rcv
10.2.3.4  5b47   Q [0001   D   NOERROR] A  (3)www(7)example(3)com(0)`, with blank lines between them and, where the
school has asked for details, indented lines after each. Only questions of clients are events: received (`Rcv`), a
query (no `R` before the opcode), and of the standard kind (`Q`). What the server sends, asks others and is answered
is passed over (`other-record`), like all that is no packet.

The time is local, without a zone, and written as the server's region has it: `6/5/2026 10:00:32 AM`, `05/06/2026
10:00:32`, `05.06.2026 10:00:32`, `2026/6/5 10:00:32`, `20260605 10:00:32`. Nothing in the header says which of two
numbers is the day: it is declared, or proved by a day above 12, or the line is refused. What the server answered is on
another line, and it has no filter of its own, so the verdict is `unknown`.

A name is written with the length of each label before it. A label may hold brackets, and then the lengths say where
it ends; where the lengths are wrong the line is refused. In text that is not ASCII they cannot be checked, since
they count bytes that the file need not have. Where a collector has made dots of the lengths (`.www.example.com.`, in
lines that users have published), a name is what stands between the dots.
Out: `_COLUMNS`. Refuses what is no line of the log, a packet that cannot be read, and a date whose day and month
cannot be told apart.
Source: the header of the log itself, which explains its fields; Microsoft, "DNS logging and diagnostics".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, skips
from pipeline.formats._syslog import bare, without_header
from pipeline.times.localtime import Running
from pipeline.times.writtentime import from_written

_STAMP: Final = (
    r"(?:[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}|[0-9]{8}) [0-9]{1,2}:[0-9]{2}:[0-9]{2}(?: ?[AaPp]\.?[Mm]\.?)?"
)
#: A date without signs between year, month and day.
_RUN_TOGETHER: Final = r"^([0-9]{4})([0-9]{2})([0-9]{2}) "
#: A name whose lengths have become dots.
_DOTTED: Final = r"\.(?:[^ ().]+\.)*"
_RECORD: Final = rf"^{_STAMP} +[0-9A-Fa-f]{{3,8}} [A-Za-z]"
_PACKET: Final = (
    rf"^(?P<stamp>{_STAMP}) +[0-9A-Fa-f]{{3,8}} PACKET +(?:[0-9A-Fa-f]{{8,20}} +)?(?:UDP|TCP) +(?P<way>Rcv|Snd) +"
    r"(?P<client>[0-9A-Fa-f]*[.:][0-9A-Fa-f:.]*(?:%\w+)?) +[0-9A-Fa-f]{4} (?P<answer>[R ]) (?P<opcode>[A-Z?]) "
    rf"\[[0-9A-Fa-f]{{4}} [^\]]*\] +(?:[A-Z0-9]+ +)?(?P<name>\(.*\)|{_DOTTED}) *$"
)
#: Most lines are not what a client asked; this is soon seen.
_MAY_BE: Final = r" PACKET .* Rcv "
#: What a server has sent or was answered; its columns are not looked at.
_HEADER: Final = (
    r"^(?:DNS Server log file creation at |Log file wrap at |Message logging key|\t? *Field # +Information"
    r"|\t? *-+ +-+ +-+|\t? +[0-9]{1,2}  +(?:Date|Time|Thread ID|Context|Internal packet|UDP/TCP|Send/Receive|Remote IP"
    r"|Xid|Query/Response|Opcode|\[ Flags|Flags|ResponseCode|Question)|\t? +(?:blank|[NUATDR?]) = [A-Z])"
)
_DETAIL: Final = r"^(?:\s+\S|(?:UDP|TCP) (?:question|response) info at )"
_PLAIN_NAME: Final = rf"^(?:(?:\([0-9]{{1,2}}\)[^()]+)*\(0\)|{_DOTTED})$"
_LENGTH_AND_LABEL: Final = r"\(([0-9]{1,2})\)([^()]*)"
_LABEL: Final = re.compile(r"\(([0-9]{1,2})\)")
_COLUMNS: Final = ("line", "ts", "ts_quality", "client_ip", "host", "verdict", "kind")
_SHAPE: Final = re.compile(
    rf"^{_STAMP} +[0-9A-Fa-f]{{3,8}} PACKET +(?:[0-9A-Fa-f]{{8,20}} +)?(?:UDP|TCP) +(?:Rcv|Snd) "
)
_FIRST: Final = "DNS Server log file creation at "


def claims(first_lines: Sequence[str]) -> bool:
    """The first line of the header is there, or a packet with its thread and direction."""
    return any(line.startswith(_FIRST) for line in first_lines[:2]) or any(map(_SHAPE.match, bare(first_lines)))


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how the stamps have run, and their proved order."""
    texts, blank = blank_apart(without_header(lines))
    received = pl.col("text").str.contains(_MAY_BE)
    apart = texts.filter(received).with_columns(cells=pl.col("text").str.extract_groups(_PACKET)).unnest("cells")
    asked = (pl.col("way") == "Rcv") & (pl.col("answer") == " ") & (pl.col("opcode") == "Q")
    foreign, passed_over = _no_questions(texts.filter(~received))
    read, running = _events(apart.filter(asked.fill_null(value=True)), declared, Running.from_text(carry))
    others = [blank, skips(apart.filter(~asked), "other-record"), *passed_over]
    return parted(pl.concat([read, foreign], how="diagonal"), _COLUMNS, others, running.to_text())


def _no_questions(texts: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Rejects for the lines that are none of the log, skips for the others."""
    text = pl.col("text")
    table = texts.with_columns(
        header=text.str.contains(_HEADER), known=text.str.contains(_RECORD) | text.str.contains(_DETAIL)
    )
    foreign = table.filter(~pl.col("header") & ~pl.col("known")).select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("does not begin with a date, a time and a thread")
    )
    other = table.filter(~pl.col("header") & pl.col("known"))
    return foreign, [skips(table.filter("header"), "header"), skips(other, "other-record")]


def _events(asked: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """The events, or the reason and detail of a reject, of each question."""
    readable = asked.filter(pl.col("stamp").is_not_null())
    stamps = readable["stamp"].str.replace(_RUN_TOGETHER, "${1}-${2}-${3} ")
    timed, after = from_written(stamps, declared.timezone, declared.date_order, running)
    names = readable.select("name", host=_plain_host(), good=_lengths_agree()).unique("name")
    hosts = pl.concat([names.filter("good").select("name", "host"), _followed(names.filter(~pl.col("good")))])
    table = pl.concat([readable, timed], how="horizontal").join(hosts, on="name", how="left", maintain_order="left")
    wrong = pl.col("host").is_null()
    read = table.select(
        "line",
        "ts",
        "ts_quality",
        client_ip="client",
        host=pl.when(pl.col("host") != "").then("host"),
        verdict=pl.lit("unknown"),
        kind=pl.lit("host-only"),
        reason=pl.when(wrong).then(pl.lit("bad-field")).otherwise("reason"),
        detail=pl.when(wrong).then(pl.lit("the lengths in the name are not those of its labels")).otherwise("detail"),
    )
    broken = asked.filter(pl.col("stamp").is_null()).select(
        "line", reason=pl.lit("bad-field"), detail=pl.lit("the columns are not those of a packet that was received")
    )
    return pl.concat([read, broken], how="diagonal"), after


def _plain_host() -> pl.Expr:
    return pl.col("name").str.replace_all(_LABEL.pattern, ".").str.strip_prefix(".").str.strip_suffix(".")


def _lengths_agree() -> pl.Expr:
    """Whether the brackets of a name hold lengths and nothing else, and all are right or cannot be known."""
    name = pl.col("name")
    label = pl.element()
    length = label.str.extract(_LENGTH_AND_LABEL, 1).cast(pl.Int64)
    right = length == label.str.extract(_LENGTH_AND_LABEL, 2).str.len_bytes().cast(pl.Int64)
    all_right = name.str.extract_all(_LENGTH_AND_LABEL).list.eval(right).list.all()
    is_ascii = name.str.contains(r"^[\x00-\x7f]*$")
    return name.str.contains(_PLAIN_NAME) & (~is_ascii | all_right)


def _followed(names: pl.DataFrame) -> pl.DataFrame:
    """The names whose labels hold brackets, by their lengths; null where these are wrong.

    A loop over distinct names: they are pranks and damage.
    """
    rows = [(name, _by_length(name)) for name in names["name"]]
    return pl.DataFrame(rows, schema={"name": pl.String, "host": pl.String}, orient="row")


def _by_length(name: str) -> str | None:
    labels: list[str] = []
    at = 0
    while (length := _LABEL.match(name, at)) is not None and length[1] != "0":
        at = length.end() + int(length[1])
        labels.append(name[length.end() : at])
    return ".".join(labels) if length is not None and length.end() == len(name) else None


FORMAT: Final = Format(
    name="windows_dns",
    title="Windows DNS Server, debug log",
    document="https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-server-2012-r2-and-2012/"
    "dn800669(v=ws.11)",
    claims=claims,
    parse=parse,
    gives="client address and name of each question",
    cannot="a page, a user, a verdict; the zone of its times; a date whose day and month cannot be told apart",
)
