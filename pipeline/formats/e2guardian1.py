"""e2guardian's log in `logfileformat = 1`, the layout it has from DansGuardian.

In: lines such as `2025.9.8 9:05:01 dee 10.2.3.4 http://h/p *DENIED* Blocked site: h GET 0 0 Banned Sites 1 403 - - g`:
when who from where what how size weight category group status type host group-name and more, parted by single
blanks, with blanks inside "who", "what", "category" and what follows the host. So the address and URL are found by
their shape, and after them the first word that is followed by two whole numbers is the method. No client can put
blanks before that word: e2guardian answers a URL with a blank with 400 and logs nothing, and the reasons come from
the school's own lists. The user agent could, but stands behind. Should a URL hold blanks nevertheless, it goes on to
the first mark such as `*DENIED*`; a row that is not blocked and holds such a mark before a method is refused.
The time is local and has no zone, or, with `logtimestamp = on`, an epoch with milliseconds follows it and is used.
It is the end of the request. With `logsyslog = on` a header of syslog stands before all this.
A line end in a login name moves all that follows it by a column, so that the name and address before the URL are
whatever a client typed; such a line is told by the number in the column of the content type.
From 5.6 on a header may come first. Empty columns are dashes, or with `usedashforblank = off` nothing at all.
Out: `_COLUMNS`. Refuses lines without a time, without an address and URL, and without a method and its numbers.
Source: `FatController.cpp` (5.3, 5.4) and `configs/log_formats/logformat1` (5.5) of e2guardian; what 5.3.5 wrote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, divided, parted, said, skips, whole
from pipeline.formats._e2guardian import TRANSPARENT, address, denied_later, device, kind, user, verdict
from pipeline.formats._e2guardian_rows import HEADER
from pipeline.formats._syslog import bare, without_header
from pipeline.times.localtime import Running, from_local
from pipeline.times.writtentime import from_epoch

_DATE: Final = r"[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-5][0-9]"
_ADDRESS: Final = r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)"
_HEAD: Final = rf"{_DATE}(?: [0-9]{{10}}\.[0-9]{{3}})? .*?{_ADDRESS} [A-Za-z][A-Za-z0-9+.-]*://"
_LINE: Final = (
    rf"^(?P<when>{_DATE})(?: (?P<epoch>[0-9]{{10}}\.[0-9]{{3}}))? (?P<who>.*?) ?(?P<from>{_ADDRESS}) "
    r"(?P<where>[A-Za-z][A-Za-z0-9+.\-]*://[^ ]*) (?P<what>.*?) ?(?P<how>[A-Za-z][^ ]*|-) (?P<size>-?[0-9]+) "
    r"(?P<weight>-?[0-9]+) (?P<category>.*?) ?(?P<group>[0-9]+) (?P<status>[0-9]{1,3})"
    r"(?: (?P<type>[^ ]*))?(?: (?P<host>[^ ]*))?(?: .*)?$"
)
#: What stands between the URL and the method when the URL holds a blank: its rest, and the first mark with its reason.
_REST: Final = r"^( |[^* ][^ ]* (?:.*? )??)(\*\pL[^*]*\*(?: .*)?)$"
#: The method and its numbers; as often as they stand in a line, each may be the true ones.
_METHOD: Final = r" [A-Za-z][^ ]* -?[0-9]+ -?[0-9]+ "
_SHAPE: Final = re.compile(rf"{_HEAD}\S* .* -?[0-9]+ -?[0-9]+ .*[0-9]+ [0-9]{{1,3}}(?: |$)")
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "url", "verdict", "vendor_category",
    "status", "bytes", "content_type", "kind",
)  # fmt: skip


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the dotted date, the address, the URL and the numbers of this layout."""
    shaped = sum(1 for line in bare(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how the local stamps have run."""
    texts, blank = blank_apart(lines)
    header, rows = divided(without_header(texts), pl.col("text").str.contains(HEADER))
    apart = rows.lazy().with_columns(cells=pl.col("text").str.extract_groups(_LINE)).unnest("cells")
    cells = _with_whole_url(apart).collect(engine="streaming")
    stamps = cells["when"].str.to_datetime("%Y.%m.%d %H:%M:%S", time_unit="us", strict=False)
    local, running = from_local(stamps, declared.timezone, Running.from_text(carry))
    read = pl.concat([cells, local], how="horizontal").with_columns(epoch=from_epoch(pl.col("epoch")))
    return parted(read.select(_event()), _COLUMNS, [blank, skips(header, "header")], running.to_text())


def _with_whole_url(apart: pl.LazyFrame) -> pl.LazyFrame:
    """A URL that holds blanks gets back what was read as the beginning of the reason."""
    rest, what = pl.col("what").str.extract(_REST, 1), pl.col("what").str.extract(_REST, 2)
    whole_url = pl.concat_str("where", pl.lit(" "), rest).str.strip_chars_end(" ")
    return apart.with_columns(where=pl.coalesce(whole_url, "where"), what=pl.coalesce(what, "what"))


def _event() -> list[pl.Expr]:
    status = whole(pl.col("status"))
    content_type = said(pl.col("type"))
    stamped = pl.col("epoch").is_not_null()
    judged = verdict(pl.col("what"), status, pl.col("how"))
    return [
        pl.col("line"),
        pl.coalesce("epoch", "ts").alias("ts"),
        pl.when(stamped).then(pl.lit("exact")).otherwise(pl.col("ts_quality")).alias("ts_quality"),
        user(pl.col("who"), pl.col("from")).alias("user_raw"),
        address(pl.col("from")).alias("client_ip"),
        device(pl.col("host")).alias("device"),
        said(pl.col("how")).alias("method"),
        pl.col("where").alias("url"),
        judged.alias("verdict"),
        said(pl.col("category")).alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        whole(pl.col("size")).alias("bytes"),
        content_type.alias("content_type"),
        kind(pl.col("how"), content_type).alias("kind"),
        *_refusal(stamped, judged == "blocked"),
    ]


def _refusal(stamped: pl.Expr, blocked: pl.Expr) -> list[pl.Expr]:
    text, unread = pl.col("text"), pl.col("when").is_null()
    no_number = whole(pl.col("size")).is_null()
    no_method = (pl.col("how") == "-") & ~pl.col("where").str.contains(TRANSPARENT)
    shifted = pl.col("type").str.contains(r"^\d+$")
    before_method = text.str.extract(rf"^(.*){_METHOD}").str.replace(rf"^{_HEAD}[^ ]* ", "")
    hidden = denied_later(pl.col("what")) | (~blocked & denied_later(before_method))
    dated = text.str.contains(rf"^{_DATE}(?: |$)")
    placed = text.str.contains(rf"^{_HEAD}")
    no_day = pl.col("ts").is_null() & ~stamped
    cases = [
        (unread & ~dated, "not-this-format", "does not begin with a date such as 2025.09.08 09:05:01"),
        (unread & ~placed, "missing-column", "has no client address followed by a URL"),
        (unread | no_method, "bad-field", "has no method with size, weight, group and status after the URL"),
        (no_number, "bad-number", "the size is beyond any number"),
        (hidden, "bad-field", "says that it was refused, but not where that is said: the URL may hold a blank"),
        (shifted, "bad-field", "the content type is a number: a line end in the login name has moved the columns"),
    ]
    reason, detail = pl.when(no_day).then(pl.col("reason").fill_null("bad-time")), pl.when(no_day)
    spoken = detail.then(pl.col("detail").fill_null("there is no such day or hour"))
    given = [pl.when(condition).then(pl.lit(why)) for condition, why, _ in cases]
    worded = [pl.when(condition).then(pl.lit(words)) for condition, _, words in cases]
    return [pl.coalesce(*given, reason).alias("reason"), pl.coalesce(*worded, spoken).alias("detail")]


FORMAT: Final = Format(
    name="e2guardian1",
    title="e2guardian and DansGuardian access.log, logfileformat 1 (blanks)",
    document="https://github.com/e2guardian/wiki/wiki/Access-Log-File-Format",
    claims=claims,
    parse=parse,
    gives="user, client address and host, URL, verdict, category, status, bytes to the client",
    cannot="a zone for its times (but for logtimestamp = on); the page behind an encrypted CONNECT; the user agent, "
    "which cannot be told from the name of the group; the user of a refused row may be somebody else's",
    unproven=("blocked", "warned", "error"),
)
