r"""Cisco Secure Web Appliance (WSA, IronPort): its access log, which goes on where Squid's native line ends.

    %t %e %a %w/%h %s %2r %A %H/%d %c %D %Xr %?BLOCK_SUSPECT_USER_AGENT...

In: lines such as `1757318400.473 382 10.2.4.6 TCP_DENIED/403 0 GET http://h/p "SCHOOL\dee@realm" NONE/- -
BLOCK_WEBCAT_12-Policy-Identity-NONE-NONE-NONE-NONE-NONE <IW_gamb,...> -`, with or without a header of syslog and the
word `Info:`. The time is UTC with milliseconds and marks the end of the request. The style Apache says the same in
another order, without the type: `10.2.4.6 "SCHOOL\dee@realm" - [08/Sep/2025:09:00:00 +0100] "GET http://h/p" 403 0
TCP_DENIED:NONE 382 BLOCK_WEBCAT_12-... <IW_gamb,...> -`, with a local time in whole seconds and its offset.
The decision tag says what the appliance did, whatever the status is: BLOCK and DROP stop a request, BLOCK_CONTINUE asks
the person whether to go on, ALLOW, MONITOR, PASSTHRU, DECRYPT and DEFAULT let it pass. The first of the values in angle
brackets is the category, in short. A tunnel that came transparently has the address for a URL, and the name that the
appliance went to behind `DIRECT/`: where there is one, it is the site. Behind `DEFAULT_PARENT/` stands a proxy.
Where a redirect by a tag leads, the log does not say: `unknown`; nor what a status below nothing means.
The fields behind the brackets are the school's own, so nothing is taken from them.
Notes of the appliance (`... Info: Begin Logfile`) are skips (`other-record`), the line that names the fields `header`.
Out: `_COLUMNS`. Refuses lines without the time, and those whose columns are not in their places; of the style Apache
also those with words in both places for a name.
Source: AsyncOS for Cisco Web Security Appliances, user guides 8 to 15, "Web Proxy Information in Access Log Files". The
guides name the style Apache, but show no line of it: its order is that of lines which users have published.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, is_background, parted, said, skips, whole
from pipeline.formats._syslog import bare, without_header
from pipeline.schema import TIMESTAMP

_TIME: Final = r"[0-9]{10}\.[0-9]{3}"
_TAG: Final = r"[A-Z][A-Z_]*?(?:_[0-9]+)?-"
_ADDRESS: Final = r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*"
_NAME: Final = r'"(?:[^"\\]|\\.)*"|[^ "]+'
_LINE: Final = (
    rf"^(?P<time>{_TIME}) +(?P<elapsed>-?[0-9]+) (?P<client>{_ADDRESS}) "
    r"(?P<result>[A-Z_]+)/(?P<status>-?[0-9]{1,3}) (?P<size>-?[0-9]+) (?P<method>[^ ]+) (?P<url>[^ ]+) "
    rf'(?P<user>{_NAME}) (?P<hierarchy>[A-Z_-]+/[^ ]+) (?P<type>"[^"]*"|[^ "]+) '
    r'(?P<tag>[A-Z][A-Z_]*?)(?:_[0-9]+)?-[^ <]+ (?:<|&lt;)"?(?P<category>[^,"<>]*)"?,'
)
#: A tunnel to no more than an address, and the name of the server itself in the column for where the answer came from.
_BARE_ADDRESS: Final = r"^(?:tunnel://)?(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?/?$"
_SERVER: Final = r"^DIRECT/([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z][A-Za-z0-9-]*)\.?$"
#: The style Apache. Its time, and how a line of it begins.
_STAMP: Final = r"[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}"
_APACHE_BEGINS: Final = rf'{_ADDRESS} (?:{_NAME}) (?:{_NAME}) \[{_STAMP}\] "'
_APACHE: Final = (
    rf"^(?P<client>{_ADDRESS}) (?:(?P<ident>{_NAME}) -|- (?P<named>{_NAME})) \[(?P<stamp>{_STAMP})\] "
    r'"(?P<method>[^ ]+) (?P<url>[^ ]+)" (?P<status>[0-9]{1,3}) (?P<size>-?[0-9]+) '
    r"(?P<result>[A-Z_]+):[A-Z_-]+ (?P<elapsed>-?[0-9]+) "
    r'(?P<tag>[A-Z][A-Z_]*?)(?:_[0-9]+)?-[^ <]+ (?:<|&lt;)"?(?P<category>[^,"<>]*)"?,'
)
#: The usual line: no padding, no blank in a name or type. Its words are where they are counted.
_USUAL: Final = (
    rf"^{_TIME} -?[0-9]+ [0-9A-Fa-f]*[.:][0-9A-Fa-f.:]* [A-Z_]+/[0-9]{{1,3}} -?[0-9]+ [^ ]+ [^ ]+ "
    r'(?:"(?:[^" \\]|\\[^" ])*"|[^ "]+) [A-Z_-]+/[^ ]+ (?:"[^" ]*"|[^ "]+) '
    r'[A-Z][A-Z_]*(?:_[0-9]+)?-[^ <]+ <"?[^,"<>]*"?,'
)
_WORDS: Final = (
    "time", "elapsed", "client", "outcome", "size", "method", "url", "user", "hierarchy", "type", "tags", "values",
)  # fmt: skip
_SHAPE: Final = re.compile(
    rf'(?:Info: )?{_TIME} +-?\d+ \S+ [A-Z_]+/-?\d+ -?\d+ \S+ \S+ (?:".*?"|\S+) [A-Z_-]+/\S+ (?:".*?"|\S+) {_TAG}\S+ '
    r"(?:<|&lt;)"
)
_APACHE_SHAPE: Final = re.compile(
    rf'(?:Info: )?{_APACHE_BEGINS}\S+ \S+" \d+ -?\d+ [A-Z_]+:[A-Z_-]+ -?\d+ {_TAG}\S+ (?:<|&lt;)'
)
_NOTE: Final = (
    r"^(?:(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4} |[0-9]{2} [A-Z][a-z]{2} [0-9]{4} |Info: )"
)
_FIELDS: Final = r"^(?:Info: )?%t %e "
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "host", "url", "verdict", "vendor_category",
    "status", "bytes", "duration_ms", "content_type", "kind",
)  # fmt: skip
#: What stands for a category where there is none: `nc` not categorised, `ns` not scanned, `err` the look-up failed.
_NO_CATEGORY: Final = ("nc", "ns", "err")


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines are Squid's native ones, or Apache's, with a decision tag and an angle bracket behind."""
    lines = bare(first_lines)
    shaped = sum(1 for line in lines if _SHAPE.match(line) or _APACHE_SHAPE.match(line))
    others = sum(1 for line in lines if re.match(_NOTE, line) or re.match(_FIELDS, line))
    return shaped > 0 and (shaped + others) * 2 > len(lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The lines say everything, so both extras are unused."""
    del declared, carry
    texts, blank = blank_apart(lines)
    text = pl.col("text")
    is_record = text.str.contains(rf"^(?:Info: )?(?:{_TIME} |{_APACHE_BEGINS})")
    is_header = text.str.contains(_FIELDS)
    is_note = ~is_record & ~is_header & text.str.contains(_NOTE)
    plain = without_header(texts).with_columns(text.str.strip_prefix("Info: ").alias("own"))
    passed = [
        blank, skips(plain.filter(is_header), "header"), skips(plain.filter(is_note), "other-record"),
    ]  # fmt: skip
    records = plain.filter(~is_header & ~is_note)
    usual = records["own"].str.contains(_USUAL)
    apache = records["own"].str.contains(rf"^{_APACHE_BEGINS}")
    cells = pl.concat(
        [
            _by_words(records.filter(usual)),
            _by_pattern(records.filter(~usual & ~apache)),
            _of_apache(records.filter(apache)),
        ],
        how="diagonal",
    )
    return parted(cells.select(_event()), _COLUMNS, passed)


def _by_pattern(records: pl.DataFrame) -> pl.DataFrame:
    return _timed(records.with_columns(cells=pl.col("own").str.extract_groups(_LINE)).unnest("cells"))


def _timed(cells: pl.DataFrame) -> pl.DataFrame:
    millis = whole(pl.col("time").str.replace(".", "", literal=True))
    return cells.with_columns(ts=(millis * 1000).cast(TIMESTAMP))


def _of_apache(records: pl.DataFrame) -> pl.DataFrame:
    stamp = pl.col("stamp").str.to_datetime("%d/%b/%Y:%H:%M:%S %z", time_unit="us", strict=False)
    return (
        records.with_columns(cells=pl.col("own").str.extract_groups(_APACHE))
        .unnest("cells")
        .with_columns(
            time=pl.col("stamp"),
            ts=stamp.cast(TIMESTAMP),
            user=pl.coalesce("ident", "named"),
            type=pl.lit("-"),
            hierarchy=pl.lit(None, pl.String),
        )
        .drop("stamp", "ident", "named")
    )


def _by_words(records: pl.DataFrame) -> pl.DataFrame:
    """The same for the usual lines, in a third of the time."""
    words = pl.col("own").str.splitn(" ", len(_WORDS)).struct.rename_fields(_WORDS)
    outcome = pl.col("outcome").str.splitn("/", 2).struct.rename_fields(["result", "status"])
    tags = pl.col("tags").str.splitn("-", 2).struct.rename_fields(["tag", "policies"])
    return _timed(
        records.lazy()
        .with_columns(words=words)
        .unnest("words")
        .with_columns(outcome=outcome, tags=tags)
        .unnest("outcome", "tags")
        .with_columns(
            tag=pl.col("tag").str.replace("_[0-9]+$", ""),
            category=pl.col("values").str.splitn(",", 2).struct.field("field_0").str.strip_chars('<"'),
        )
        .drop("policies", "values")
        .collect()
    )


def _event() -> list[pl.Expr]:
    status, content_type = whole(pl.col("status")), said(pl.col("type").str.strip_chars('"'))
    category, site = said(pl.col("category")), _site()
    return [
        pl.col("line", "ts"),
        pl.lit("exact").alias("ts_quality"),
        said(_user()).alias("user_raw"),
        pl.col("client").alias("client_ip"),
        said(pl.col("method")).alias("method"),
        site.alias("host"),
        pl.when(site.is_null()).then(said(pl.col("url"))).alias("url"),
        _verdict(status).alias("verdict"),
        pl.when(~category.is_in(_NO_CATEGORY)).then(category).alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        whole(pl.col("size")).alias("bytes"),
        whole(pl.col("elapsed")).alias("duration_ms"),
        content_type.alias("content_type"),
        _kind(content_type).alias("kind"),
        *_refusal(),
    ]


def _site() -> pl.Expr:
    """The name of the server that a tunnel went to whose URL is only its address."""
    hidden = pl.col("method").is_in(["CONNECT", "TCP_CONNECT"]) & pl.col("url").str.contains(_BARE_ADDRESS)
    return pl.when(hidden).then(pl.col("hierarchy").str.extract(_SERVER))


def _user() -> pl.Expr:
    user = pl.col("user")
    inside = user.str.strip_prefix('"').str.strip_suffix('"')
    # Only a quote is escaped: the one backslash between domain and name stays.
    return pl.when(user.str.starts_with('"')).then(inside.str.replace_all(r"\"", '"', literal=True)).otherwise(user)


def _verdict(status: pl.Expr) -> pl.Expr:
    tag, denied = pl.col("tag"), pl.col("result").str.ends_with("_DENIED")
    stopped = tag.str.starts_with("BLOCK") | tag.str.starts_with("DROP")
    passes = tag.str.contains("^(?:ALLOW|MONITOR|PASSTHRU|DECRYPT|DEFAULT)(?:_|$)")
    login = (status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED) | (denied & (status == HTTPStatus.UNAUTHORIZED))
    return (
        pl.when(login | tag.is_in(["NO_PASSWORD", "NO_AUTHORIZATION"]))
        .then(pl.lit("challenge"))
        .when(tag.str.starts_with("BLOCK_CONTINUE"))
        .then(pl.lit("warned"))
        .when(stopped | denied)
        .then(pl.lit("blocked"))
        .when((pl.col("result") == "NONE") | (tag == "OTHER") | (status == 0))
        .then(pl.lit("error"))
        .when(passes & (status > 0))
        .then(pl.lit("allowed"))
        .otherwise(pl.lit("unknown"))
    )


def _kind(content_type: pl.Expr) -> pl.Expr:
    tunnel = pl.col("method").is_in(["CONNECT", "TCP_CONNECT"]) | pl.col("url").str.starts_with("tunnel://")
    return (
        pl.when(tunnel)
        .then(pl.lit("host-only"))
        .when(is_background(content_type))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


def _refusal() -> list[pl.Expr]:
    unread, begins = pl.col("time").is_null(), pl.col("own").str.contains(rf"^(?:{_TIME} |{_APACHE_BEGINS})")
    beyond = ~unread & (whole(pl.col("size")).is_null() | whole(pl.col("elapsed")).is_null())
    cases = [
        (
            unread & ~begins,
            "not-this-format",
            "begins neither with a time in milliseconds nor with an address, names and a time",
        ),
        (unread, "bad-field", "is neither Squid's native line nor Apache's with a decision tag and an angle bracket"),
        (pl.col("ts").is_null(), "bad-time", "no calendar has that time"),
        (beyond, "bad-number", "the elapsed time or the size is beyond any number"),
    ]
    return [
        pl.coalesce(*[pl.when(case).then(pl.lit(why)) for case, why, _ in cases]).alias("reason"),
        pl.coalesce(*[pl.when(case).then(pl.lit(words)) for case, _, words in cases]).alias("detail"),
    ]


FORMAT: Final = Format(
    name="cisco_wsa",
    title="Cisco Secure Web Appliance (WSA), access log (styles Squid and Apache)",
    document="https://www.cisco.com/c/en/us/support/docs/security/secure-web-appliance/225832-understand-secure-web-appliance.html",
    claims=claims,
    parse=parse,
    gives="user, client address, URL (of a transparent tunnel the server's name), verdict, category (in short), "
    "status, bytes to the client, time taken, type",
    cannot="the page behind an encrypted tunnel; in the style Apache the type, parts of a second and the name behind a "
    "transparent tunnel; the fields that a school has added, among them the user agent",
)
