"""Squid's access log in a layout of the school's own: any `logformat` line.

In: lines, and the `logformat` line of squid.conf as the source declares it (`logformat = '...'` in school.toml). Out:
`_logformat_events.COLUMNS`; what a code means is said there, how a line is cut in `_logformat_lines`. A line that came
by syslog is read without its header, where it does not fit with it. Refuses lines that do not fit the layout, that fit
in more than one way, or that Squid has cut off; without a declared layout, all lines. It claims nothing by itself.

The columns of an event and the codes that give them:
    time %ts %tu %tg %tl %tS   user %un %ul %ue %us %ui   client address %>a, name %>A   method %rm   URL %>ru %ru %<ru,
    or scheme, host, port and path %>rs %>rd %>rP %>rp   host %>rd %ssl::>sni %{Host}>h   verdict %Ss %err_code %Sh
    status %>Hs   bytes %<st   time taken %tr   content type %mt   user agent and referrer %{User-Agent}>h %{Referer}>h
Source: Squid's documentation of `logformat` (2.6 to 7); what Squid 5.7 wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import polars as pl

from pipeline.errors import ConfigError
from pipeline.formats import PARSE_REJECTS, Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted
from pipeline.formats._logformat import Code, pieces_of
from pipeline.formats._logformat_events import COLUMNS, events_of, wanted_of
from pipeline.formats._logformat_lines import Layout, cut, layout_of
from pipeline.formats._syslog import without_header
from pipeline.times.localtime import Running


def claims(first_lines: Sequence[str]) -> bool:
    """Never: a layout has to be declared."""
    del first_lines
    return False


@lru_cache(maxsize=32)
def layout_named(line: str) -> Layout:
    """The layout of a `logformat` line. Raises `ConfigError` that says what is wrong, and where in the line."""
    pieces = pieces_of(line)
    return layout_of(pieces, wanted_of(piece for piece in pieces if isinstance(piece, Code)))


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how local stamps have run."""
    texts, blank = blank_apart(lines)
    try:
        layout = layout_named(declared.layout)
    except ConfigError as error:
        refused = texts.select("line", reason=pl.lit("not-this-format"), detail=pl.lit(str(error)))
        return parted(refused.with_columns(ts=pl.lit(None), ts_quality=pl.lit(None), verdict=pl.lit(None),
                                           kind=pl.lit(None)), COLUMNS, [blank], carry)  # fmt: skip
    values, rejects = cut(texts, layout)
    if rejects.height:
        values, rejects = _without_headers(texts, layout, values, rejects)
    read, running = events_of(values, layout.codes, declared, Running.from_text(carry))
    read = pl.concat([read, rejects.cast(PARSE_REJECTS)], how="diagonal_relaxed")
    return parted(read, COLUMNS, [blank], running.to_text())


def _without_headers(
    texts: pl.DataFrame, layout: Layout, values: pl.DataFrame, rejects: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same, with the refused lines that fit without the header of syslog."""
    refused = texts.join(rejects.select("line"), on="line", how="semi")
    bare = without_header(refused).filter(pl.col("text").str.len_bytes() != refused["text"].str.len_bytes())
    if bare.is_empty():
        return values, rejects
    more, _ = cut(bare, layout)
    return pl.concat([values, more.select(values.columns)]).sort("line"), rejects.join(more, on="line", how="anti")


FORMAT: Final = Format(
    name="squid_custom",
    title="Squid access.log, a logformat of the school's own",
    document="https://www.squid-cache.org/Doc/config/logformat/",
    claims=claims,
    parse=parse,
    gives="what the declared logformat line logs: user, client address, URL, result and status, bytes, user agent, …",
    cannot="what the line does not log; lines whose values hold blanks or quotes that cannot be told from those "
    "between the values; verdicts without %Ss; records that Squid has cut off",
)
