r"""Zscaler Internet Access: the web feed of the Nanolog Streaming Service, key=value between tabs, or CSV.

In: lines such as `2026-03-16 09:00:01 reason=Allowed protocol=HTTPS user=ann@example.org url=...` with tabs between,
pairs in any order, values bare or in quotes; or the documented record of 34 cells, all in quotes, which begins with
`"Mon Mar 16 09:00:01 2026","ann@example.org","HTTPS","news.example.org/",...`. The keys are those of the vendor's
Splunk feed, or the names of the fields themselves (`login`, `eurl`, `cip` ...). Records with another set of keys
(firewall, tunnels) and messages of the NSS itself are skips (`other-record`).

The time is of the feed's own zone: with `tz=GMT` it is UTC, else `epochtime` is taken, else it is a local stamp.
`None`, `NA` and `N/A` say nothing. A URL has no scheme; it gets the one that `protocol` names, unless it is a tunnel
(CONNECT, SSL), which is `host-only`. NSS writes characters of a URL, and those that the feed was told to escape, as
`%20`: they stay so. Traffic without a login carries the name of its location in place of the user: nobody.
Refuses: lines without these keys, keys that are said twice and differently, broken quotes, unreadable times, numbers
that are none. JSON, CEF and LEEF feeds are other formats.
Source: Zscaler help, "NSS Feed Output Format: Web Logs", "General Guidelines for NSS Feeds and Feed Formats".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import PARSE_REJECTS, Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, divided, is_background, parted, skips, whole
from pipeline.formats._delimited import Layout, split
from pipeline.formats._distinct import judged
from pipeline.formats._syslog import bare, without_header
from pipeline.times.localtime import Running
from pipeline.times.writtentime import from_written

#: What is wanted -> the keys that may hold it, and its cell in the CSV record.
_MEANINGS: Final[dict[str, tuple[tuple[str, ...], int | None]]] = {
    "time": (("time", "datetime"), 0), "user": (("user", "login"), 1), "protocol": (("protocol", "proto"), 2),
    "url": (("url", "eurl"), 3), "action": (("action",), 4), "app": (("appname",), 5),
    "bytes": (("responsesize", "respsize"), 8), "category": (("urlcategory", "urlcat"), 13),
    "location": (("location",), 19), "client_ip": (("ClientIP", "cip"), 21),
    "method": (("requestmethod", "reqmethod"), 23), "status": (("status", "respcode"), 24),
    "agent": (("useragent", "ua"), 25), "referrer": (("refererURL", "ereferer"), 26),
    "content_type": (("contenttype",), 29), "device": (("devicename", "devicehostname"), 32),
    "epoch": (("epochtime",), None), "tz": (("tz",), None),
}  # fmt: skip
#: Said twice and differently, the line was tampered with.
_ONCE: Final = ("user", "url", "action", "client_ip", "status", "location", "time", "tz", "epoch")
_CELLS: Final = pl.Schema({"line": pl.Int64()} | dict.fromkeys(_MEANINGS, pl.String()))
#: So many orders of keys are looked for: those of a school's feeds, as they were changed in the file's time.
_MOST_ORDERS: Final = 8
#: A line with more pieces is none of a feed's, and takes long to be compared with.
_MOST_PIECES: Final = 200
_LAYOUT: Final = Layout({name: at for name, (_, at) in _MEANINGS.items() if at is not None}, least=33)
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "url", "app", "verdict",
    "vendor_category", "status", "bytes", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_WORDED: Final = (
    r"(?:[A-Z][a-z]{2} )?(?P<month>[A-Z][a-z]{2}) +(?P<day>[0-9]{1,2}) (?P<clock>[0-9:]{8}) (?P<year>[0-9]{4})"
)
_PLAIN_WORDED: Final = (
    _WORDED.replace("?P<month>", "?:").replace("?P<day>", "?:").replace("?P<clock>", "?:").replace("?P<year>", "?:")
)
_STAMP: Final = rf"^(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T][0-9:]{{8}}|{_PLAIN_WORDED})"
_CSV: Final = rf'^"{_PLAIN_WORDED}","'
_FEED: Final = r"\t(?:e?url)=.*\taction=|\taction=.*\te?url="
_OTHER: Final = r"(?:\t(?:vendor|product)=\"?(?:Zscaler|NSS)|ZscalerNSS:)"
_SHAPE: Final = re.compile(
    rf"(?=(?:.*\t)?(?:vendor=\"?Zscaler|product=\"?NSS|urlsupercat(?:egory)?=))(?:.*(?:{_FEED}))"
)
_CSV_SHAPE: Final = re.compile(rf'{_CSV}[^"]*","(?:[A-Z_]+|FTP over HTTP)","')
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOTHING: Final = ("", "-", "None", "NA", "N/A")
_VERDICTS: Final = {"allowed": "allowed", "allow": "allowed", "blocked": "blocked", "block": "blocked",
                    "caution": "warned", "cautioned": "warned"}  # fmt: skip
_SCHEMES: Final = {"HTTP": "http://", "HTTPS": "https://", "FTP": "ftp://"}
_TUNNEL: Final = r"^(?:SSL|TUNNEL.*|HTTP_PROXY)$"
_ASKS_FOR_A_LOGIN: Final = 407


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the pairs of a web feed and say whose it is, or the cells of the documented record."""
    records = bare(first_lines)
    shaped = sum(
        1
        for line in records
        if _SHAPE.match(line) or (_CSV_SHAPE.match(line) and line.count('","') + 1 >= _LAYOUT.least)
    )
    return shaped * 2 > len(records)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(without_header(lines).with_columns(pl.col("text").str.strip_chars_end(" ")))
    sorts = _sorted(texts)
    from_csv, broken = split(sorts["csv"], _LAYOUT)
    from_pairs, tampered = _paired(sorts["pairs"])
    cells = _said(pl.concat([from_csv.drop("text"), from_pairs], how="diagonal").sort("line"))
    cells = judged(cells, ("time", "tz", "epoch"), [_stamp().alias("stamp")])
    timed, running = from_written(cells["stamp"], declared.timezone, declared.date_order, Running.from_text(carry))
    read = pl.concat([cells, timed], how="horizontal").select(_event())
    foreign = sorts["foreign"].select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("has no action and URL as key=value between tabs")
    )
    rows = pl.concat([read, broken, tampered, foreign], how="diagonal")
    return parted(rows, _COLUMNS, [blank, skips(sorts["other"], "other-record")], running.to_text())


def _sorted(texts: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The lines by what they are: `csv`, `pairs`, `other` records of Zscaler, and `foreign` ones."""
    text = pl.col("text").str
    url = text.contains("\turl=", literal=True) | text.contains("\teurl=", literal=True)
    csv, rest = divided(texts, text.contains(_CSV))
    pairs, rest = divided(rest, text.contains("\taction=", literal=True) & url)
    # To look for these takes longer than for all others, and few lines are left.
    other, foreign = divided(rest, text.contains(_OTHER))
    return {"csv": csv, "pairs": pairs, "other": other, "foreign": foreign}


def _paired(texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells by meaning, and the rejects of lines that contradict themselves.

    A feed writes the same keys in the same order into every line. The order of the first line is looked for in all
    others, and so on with what is left; lines that are still left after some rounds are taken apart one by one.
    """
    tables, refused = [_CELLS.to_frame()], [PARSE_REJECTS.to_frame()]
    cut = texts.select("line", "text", pieces=pl.col("text").str.split("\t"))
    rest, long = divided(cut, pl.col("pieces").list.len() <= _MOST_PIECES)
    for _ in range(_MOST_ORDERS):
        if rest.is_empty():
            break
        keys = [key for key, _ in _pieces(rest["text"][0])]
        ordered, rest = divided(rest, pl.col("pieces").list.len() == len(keys))
        ordered, others = divided(ordered, pl.all_horizontal(_has(at, key) for at, key in enumerate(keys)))
        rest = pl.concat([others, rest])
        if any(sum(key in _MEANINGS[name][0] for key in keys) > 1 for name in _ONCE):
            cells, wrong = _one_by_one(ordered)
            refused.append(wrong)
        else:
            cells = _in_order(ordered, keys)
        tables.append(cells)
    cells, wrong = _one_by_one(pl.concat([rest, long]))
    return pl.concat([*tables, cells]), pl.concat([*refused, wrong])


def _piece(at: int) -> pl.Expr:
    return pl.col("pieces").list.get(at)


def _has(at: int, key: str | None) -> pl.Expr:
    """Whether a piece has this key; none where it is no pair."""
    return ~_piece(at).str.contains("=", literal=True) if key is None else _piece(at).str.starts_with(f"{key}=")


def _pieces(text: str) -> list[tuple[str | None, str]]:
    """Keys and values; no key for a piece without `=`, such as the stamp in front."""
    parted_pieces = (piece.partition("=") for piece in text.split("\t"))
    return [(key, value) if parting else (None, key) for key, parting, value in parted_pieces]


def _in_order(lines: pl.DataFrame, keys: Sequence[str | None]) -> pl.DataFrame:
    """The cells of lines that have these pieces; the stamp before all keys is the time."""
    there = {name: [keys.index(key) for key in known if key in keys] for name, (known, _) in _MEANINGS.items()}
    places = {name: min(found) for name, found in there.items() if found}
    cells = {name: _piece(at).str.strip_prefix(f"{keys[at]}=") for name, at in places.items()}
    if keys[0] is None:
        cells["time"] = _piece(0).str.extract(_STAMP, 0)
    return lines.select("line", *(cells.get(name, pl.lit(None, pl.String)).alias(name) for name in _MEANINGS))


def _one_by_one(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same for lines that say a key more than once, or have an order of their own.

    A loop over rows, because such lines are rare.
    """
    read: list[dict[str, object]] = []
    wrong: list[tuple[int, str, str]] = []
    for line, text in lines.select("line", "text").iter_rows():
        pieces = _pieces(text)
        stamp = re.match(_STAMP, pieces[0][1]) if pieces[0][0] is None else None
        said = {name: [value for key, value in pieces if key in keys] for name, (keys, _) in _MEANINGS.items()}
        said["time"] = [stamp[0]] if stamp else said["time"]
        twice = [name for name in _ONCE if len({value.strip('"') for value in said[name]}) > 1]
        if twice:
            wrong.append((line, "bad-field", f"says {_MEANINGS[twice[0]][0][0]} twice and differently"))
        else:
            read.append({"line": line} | {name: values[0] for name, values in said.items() if values})
    return pl.DataFrame(read, schema=_CELLS), pl.DataFrame(wrong, schema=PARSE_REJECTS, orient="row")


def _said(cells: pl.DataFrame) -> pl.DataFrame:
    """Values without the quotes around them; null for what says nothing."""
    values = pl.col(list(_MEANINGS))
    marked = cells.select(values.str.starts_with('"').any())
    if in_quotes := [each.name for each in marked if each.item()]:
        cell = pl.col(in_quotes)
        quoted = cell.str.starts_with('"') & cell.str.ends_with('"')
        cells = cells.with_columns(
            pl.when(quoted).then(cell.str.strip_prefix('"').str.strip_suffix('"')).otherwise(cell)
        )
    return cells.with_columns(pl.when(~values.is_in(_NOTHING)).then(values))


def _stamp() -> pl.Expr:
    """The time of a row as `writtentime.from_written` reads it."""
    parts = pl.col("time").str.extract_groups(f"^{_WORDED}$").struct
    month = parts["month"].replace({word: f"{number:02}" for number, word in enumerate(_MONTHS, 1)})
    day = parts["day"].str.pad_start(2, "0")
    worded = pl.concat_str(parts["year"], pl.lit("-"), month, pl.lit("-"), day, pl.lit(" "), parts["clock"])
    stamp = pl.coalesce(worded, "time")
    utc = pl.col("tz").is_in(["GMT", "UTC"])
    return pl.when(utc & stamp.is_not_null()).then(stamp + "Z").otherwise(pl.coalesce("epoch", stamp))


def _event() -> list[pl.Expr]:
    status, size, url = pl.col("status"), pl.col("bytes"), pl.col("url")
    wrong = (
        pl.when(url.is_null()).then(pl.lit("bad-field: the URL is empty"))
        .when(status.is_not_null() & whole(status).is_null())
        .then(pl.lit("bad-number: the status is not a whole number"))
        .when(size.is_not_null() & whole(size).is_null())
        .then(pl.lit("bad-number: the size is not a whole number"))
    )  # fmt: skip
    fault = pl.when(pl.col("reason").is_null()).then(wrong).str.splitn(": ", 2).struct
    kept = ("line", "ts", "ts_quality", "client_ip", "device", "method", "app", "content_type", "referrer")
    return [
        *(pl.col(name) for name in kept),
        pl.when((pl.col("user") != pl.col("location")).fill_null(value=True)).then(pl.col("user")).alias("user_raw"),
        _url().alias("url"),
        _verdict().alias("verdict"),
        pl.col("category").alias("vendor_category"),
        pl.when(whole(status) > 0).then(whole(status)).alias("status"),
        whole(size).alias("bytes"),
        pl.col("agent").alias("user_agent"),
        _kind().alias("kind"),
        pl.coalesce(fault["field_0"], "reason").alias("reason"),
        pl.coalesce(fault["field_1"], "detail").alias("detail"),
    ]


def _is_tunnel() -> pl.Expr:
    connect = pl.col("method") == "CONNECT"
    return (connect | pl.col("protocol").str.contains(_TUNNEL)).fill_null(value=False)


def _url() -> pl.Expr:
    scheme = pl.col("protocol").replace_strict(_SCHEMES, default="", return_dtype=pl.String).fill_null("")
    bare_url = _is_tunnel() | pl.col("url").str.contains("^[A-Za-z][A-Za-z0-9+.-]*://")
    return pl.when(bare_url).then(pl.col("url")).otherwise(scheme + pl.col("url"))


def _verdict() -> pl.Expr:
    action = pl.col("action").str.to_lowercase().replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String)
    asks = whole(pl.col("status")) == _ASKS_FOR_A_LOGIN
    return pl.when(asks).then(pl.lit("challenge")).otherwise(action.fill_null("unknown"))


def _kind() -> pl.Expr:
    return (
        pl.when(_is_tunnel()).then(pl.lit("host-only"))
        .when(is_background(pl.col("content_type"))).then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )  # fmt: skip


FORMAT: Final = Format(
    name="zscaler",
    title="Zscaler NSS web feed, key=value between tabs or CSV",
    document="https://help.zscaler.com/zia/nss-feed-output-format-web-logs",
    claims=claims,
    parse=parse,
    gives="user, client address, device, URL, verdict, category, application, status, bytes to the client, user agent",
    cannot="the page behind a tunnel; the zone of the time unless the feed has tz=GMT or epochtime; "
    "a tab in what a client sent from one between the pairs, where the feed does not mask it",
)
