"""The values of a `logformat` become the columns of an event.

In: one column of text for each code. Out: `COLUMNS`, with the reason and detail of a reject where a time or a number is
none. Refuses, with `ConfigError`, a layout without a time, or with neither a URL nor a host.

Where several codes say the same, the first of these is used: the time when the request ended, before the time when it
began; the URL as the client sent it, before the one that a redirector made of it; what was sent to the client, before
what came from the server. The day, the hour and the zone of one time may each have a code of their own. For a tunnel to
a mere address the name in the client's greeting (SNI) is the host. A name that was cut off at a width is nobody's name.
Without `%Ss` and `%err_code` nothing says what Squid did, but for a 407; a denial without a status may have been the
question for a login.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote_to_bytes

import polars as pl

from pipeline.errors import ConfigError
from pipeline.formats import Declared
from pipeline.formats._cells import is_background, said, whole
from pipeline.formats._logformat import Code
from pipeline.formats._logformat_shapes import clock_of
from pipeline.formats._squid_verdict import verdict
from pipeline.formats._strftime import WrittenBy
from pipeline.schema import TIMESTAMP
from pipeline.times.localtime import Running, from_local
from pipeline.times.writtentime import from_epoch

COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "host", "url", "verdict", "status",
    "bytes", "duration_ms", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_USERS: Final = ("un", "ul", "ue", "us", "ui")
_NAMES: Final = _USERS[:-1]
_URLS: Final = (">ru", "ru", "<ru")
_METHODS: Final = ("rm", ">rm", "<rm")
_STATUSES: Final = (">Hs", "Hs", "<Hs")
_TYPES: Final = ("mt", "<h:content-type")
_AGENTS: Final = (">h:user-agent", ">ha:user-agent")
_REFERRERS: Final = (">h:referer", ">ha:referer")
_HOSTS: Final = (">rd", "<rd", "ssl::>sni", ">h:host", ">ha:host")
_PARTS: Final = (">rs", ">rP", ">rp", "rp")
_OTHERS: Final = ("ts", "tu", "tg", "tl", "tS", "tr", ">a", ">A", "Ss", "Sh", "<st", "err_code")
_WANTED: Final = (
    *_USERS, *_URLS, *_METHODS, *_STATUSES, *_TYPES, *_AGENTS, *_REFERRERS, *_HOSTS, *_PARTS, *_OTHERS,
)  # fmt: skip
_NO_SERVER: Final = (
    "^ERR_(?:DNS|CONNECT|SECURE_CONNECT|READ|WRITE|ZERO_SIZE|LIFETIME|CANNOT_FORWARD|CLIENT_GONE|SHUTTING)"
)
_BARE_ADDRESS: Final = r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?$"
_HOST_AND_PORT: Final = r"^(?:[^/?#:]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$"
_NAMED_ADDRESS: Final = r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$"


def key_of(code: Code) -> str:
    """What a code says: its name, for one header with the name of that header."""
    has_header = code.name in {">h", ">ha", "<h"} and code.argument
    return f"{code.name}:{code.argument.lower()}" if has_header else code.name


def wanted_of(codes: Iterable[Code]) -> list[Code]:
    """The codes whose values are asked for. Raises `ConfigError` where they are too few."""
    given = list(codes)
    if not given:
        raise ConfigError(
            "there is no logformat line.", remedy="Give the line of squid.conf (--logformat, or logformat =)."
        )
    found = [code for code in given if key_of(code) in _WANTED]
    keys = {key_of(code) for code in found}
    if not keys & {"ts", "tg", "tl", "tS"}:
        raise ConfigError("the logformat logs no time.", remedy="It needs one of %ts, %tl, %tg and %tS.")
    _clocks({str(place): code for place, code in enumerate(found)})
    if not keys & {*_URLS, *_HOSTS}:
        raise ConfigError("the logformat logs neither a URL nor a host.", remedy="It needs %ru, for example.")
    return found


def events_of(
    values: pl.DataFrame, codes: Mapping[str, Code], declared: Declared, running: Running
) -> tuple[pl.DataFrame, Running]:
    """`COLUMNS` with `reason` and `detail`, for `parted`; the lines must be in order."""
    cells = {key_of(code): name for name, code in reversed(list(codes.items())) if name in values.columns}
    plain = _unescaped(values, codes)
    clocks = _clocks({name: code for name, code in codes.items() if name in values.columns})
    together = {key: pl.concat_str(names, separator=" ") for key, (names, _) in clocks.items()}
    table = plain.select(
        "line",
        *[together.get(key, pl.col(name)).alias(f"%{key}") for key, name in cells.items() if key in _WANTED],
        *[pl.lit(None, dtype=pl.String).alias(f"%{key}") for key in _WANTED if key not in cells],
    )
    cut_off = {key_of(code): code.most for code in codes.values() if code.most}
    given = {key: form for key, (_, form) in clocks.items()}
    timed, after = _timed(table, set(cells), given, declared, running)
    staged = timed.with_columns(
        url=_first(_URLS), method=_first(_METHODS), status=_status(), content_type=_first(_TYPES)
    ).with_columns(by_result=verdict(_of("Ss"), pl.col("status"), _of("Sh"), pl.col("url")), is_part=_is_part(timed))
    return staged.select(*_columns(set(cells), cut_off), *_refusal()), after


def _is_part(table: pl.DataFrame) -> pl.Expr:
    """Whether a row is the work of a page; judged once for each distinct type."""
    parts = table.select(_first(_TYPES).unique().alias("type")).filter(is_background(pl.col("type")))
    return _first(_TYPES).is_in(parts["type"].implode()).fill_null(value=False)


def _columns(given: set[str], cut_off: Mapping[str, int]) -> list[pl.Expr]:
    status, url, method, sni = pl.col("status"), pl.col("url"), pl.col("method"), said(_of("ssl::>sni"))
    if "ssl::>sni" in given:
        is_hidden = _is_tunnel(given) & sni.is_not_null() & url.str.contains(_BARE_ADDRESS)
        url = pl.when(~is_hidden.fill_null(value=False)).then(url)
        host = pl.coalesce(pl.when(is_hidden).then(sni), _first(_HOSTS))
    else:
        host = _first(_HOSTS)
    shown = pl.coalesce(url, _put_together()) if given & set(_PARTS) else url
    return [
        pl.col("line", "ts", "ts_quality"),
        pl.coalesce(*[_uncut(key, cut_off) for key in _USERS]).alias("user_raw"),
        pl.coalesce(said(_of(">a")), _address_in(">A")).alias("client_ip"),
        pl.when(_address_in(">A").is_null()).then(said(_of(">A"))).alias("device"),
        method,
        pl.when(shown.is_null()).then(host).alias("host"),
        shown.alias("url"),
        _verdict(given).alias("verdict"),
        pl.when(status > 0).then(status).alias("status"),
        whole(_of("<st")).alias("bytes"),
        whole(_of("tr")).alias("duration_ms"),
        pl.col("content_type"),
        _first(_AGENTS).alias("user_agent"),
        _first(_REFERRERS).alias("referrer"),
        _kind(shown, given).alias("kind"),
    ]


def _of(key: str) -> pl.Expr:
    """The value of a code; by the sign of codes it is told from the columns of an event."""
    return pl.col(f"%{key}")


def _first(keys: Iterable[str]) -> pl.Expr:
    return pl.coalesce(*[said(_of(key)) for key in keys])


def _status() -> pl.Expr:
    return pl.coalesce(*[whole(_of(key)) for key in _STATUSES])


def _uncut(key: str, cut_off: Mapping[str, int]) -> pl.Expr:
    name = said(_of(key))
    return pl.when(name.str.len_bytes() < cut_off[key]).then(name) if key in cut_off else name


def _address_in(key: str) -> pl.Expr:
    return pl.when(_of(key).str.contains(_NAMED_ADDRESS)).then(_of(key))


def _put_together() -> pl.Expr:
    """A URL whose parts are logged one by one; of a line that has a path."""
    host, path = said(_of(">rd")), pl.coalesce(said(_of(">rp")), said(_of("rp")))
    port = said(_of(">rP"))
    usual = port.is_null() | ((port == "80") & (_of(">rs") == "http")) | ((port == "443") & (_of(">rs") == "https"))
    scheme = pl.coalesce(pl.format("{}://", said(_of(">rs"))), pl.lit(""))
    return pl.format("{}{}{}{}", scheme, host, pl.when(usual).then(pl.lit("")).otherwise(pl.format(":{}", port)), path)


def _verdict(given: set[str]) -> pl.Expr:
    """By the result, and by the page that Squid showed instead of what was asked for."""
    login = pl.col("status") == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
    code, by_result = _of("err_code"), pl.col("by_result")
    # A denial whose status is not logged may be the question for a login, where logins are in use.
    unsure = pl.col("status").is_null() & pl.lit(bool(given & set(_USERS)))
    words = [pl.when(login).then(pl.lit("challenge"))]
    if "err_code" in given:
        allowed = (by_result == "allowed") | pl.lit("Ss" not in given)
        words += [
            pl.when(code == "ERR_CACHE_ACCESS_DENIED").then(pl.lit("challenge")),
            pl.when(code == "ERR_ACCESS_DENIED").then(pl.lit("blocked")),
            pl.when(allowed & code.str.contains(_NO_SERVER)).then(pl.lit("error")),
        ]
    if "Ss" not in given:
        return pl.coalesce(*words, pl.lit("unknown"))
    silent = (_of("Ss") == "-") | (unsure & (by_result == "blocked"))
    return pl.coalesce(*words, pl.when(silent).then(pl.lit("unknown")).otherwise(by_result))


def _is_tunnel(given: set[str]) -> pl.Expr:
    """Whether a row is a CONNECT; where the method is not logged, host and port without a scheme show it."""
    asked = pl.col("method") == "CONNECT"
    return asked if given & set(_METHODS) else pl.col("url").str.contains(_HOST_AND_PORT)


def _kind(url: pl.Expr, given: set[str]) -> pl.Expr:
    return (
        pl.when(_is_tunnel(given) | url.is_null())
        .then(pl.lit("host-only"))
        .when(pl.col("is_part") | url.str.starts_with("error:"))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


def _refusal() -> list[pl.Expr]:
    numbers = [
        (key, _of(key).is_not_null() & (_of(key) != "-") & whole(_of(key)).is_null())
        for key in ("<st", "tr", *_STATUSES)
    ]
    faulty = [pl.when(is_none).then(pl.lit(f"%{key} is not a whole number")) for key, is_none in numbers]
    any_number = pl.any_horizontal(is_none for _, is_none in numbers)
    # A name by ident with a blank in it would give its second half to the name behind it.
    two_names = said(_of("ui")).is_not_null() & pl.any_horizontal(_of(name).str.contains(" ") for name in _NAMES)
    blank_in_name = pl.when(two_names.fill_null(value=False))
    no_time = pl.when(pl.col("ts").is_null())
    return [
        pl.coalesce(
            no_time.then(pl.col("reason").fill_null("bad-time")),
            pl.when(any_number).then(pl.lit("bad-number")),
            blank_in_name.then(pl.lit("bad-field")),
        ).alias("reason"),
        pl.coalesce(
            no_time.then(pl.col("detail").fill_null("there is no such day or hour")),
            *faulty,
            blank_in_name.then(pl.lit("has a name by ident and a blank, so the two names cannot be told apart")),
        ).alias("detail"),
    ]  # fmt: skip


# ---------------------------------------------------------------- time


def _clocks(codes: Mapping[str, Code]) -> dict[str, tuple[list[str], WrittenBy]]:
    """The written times by their key. Raises `ConfigError`."""
    by_key = {key: {name: code for name, code in codes.items() if code.name == key} for key in ("tg", "tl")}
    return {key: clock_of(named) for key, named in by_key.items() if named}


def _timed(
    table: pl.DataFrame, given: set[str], written: Mapping[str, WrittenBy], declared: Declared, running: Running
) -> tuple[pl.DataFrame, Running]:
    """The table with `ts`, `ts_quality`, `reason` and `detail`."""
    millis = pl.duration(milliseconds=whole(_of("tu")).fill_null(0))
    exact: list[pl.Expr] = []
    if "ts" in given:
        exact.append((whole(_of("ts")) * 1_000_000).cast(TIMESTAMP) + millis)
    for key, form in written.items():
        if key == "tg" or form.is_absolute:
            exact.append(_read(key, form.chrono).dt.replace_time_zone("UTC") + millis)
    if "tS" in given:
        exact.append(from_epoch(_of("tS")))
    if exact or "tl" not in written:
        nothing = pl.lit(None, dtype=pl.String)
        ts = pl.coalesce(*exact).cast(TIMESTAMP)
        ok = table.with_columns(ts=ts, ts_quality=pl.lit("exact"), reason=nothing, detail=nothing)
        return ok, running
    stamps = table.select(_read("tl", written["tl"].chrono) + millis).to_series()
    read, after = from_local(stamps, declared.timezone, running)
    return pl.concat([table, read], how="horizontal"), after


def _read(key: str, chrono: str) -> pl.Expr:
    """The time in a column as the clock showed it; one with an offset is that of UTC."""
    stamp = _of(key).str.replace(r" \+0000$", "") if "%z" not in chrono else _of(key)
    read = stamp.str.to_datetime(chrono, time_unit="us", strict=False)
    return read.dt.replace_time_zone(None)


# ---------------------------------------------------------------- escapes


def _unescaped(values: pl.DataFrame, codes: Mapping[str, Code]) -> pl.DataFrame:
    """The values without what Squid did to make them fit between quotes or brackets.

    A loop over the distinct values that hold an escape: such as a name with a backslash, of which a school has few.
    """
    signs = {"[": r"[%\\]", "#": "%", '"': r"\\", "/": r'["\\]'}
    for name, code in codes.items():
        if code.encoding not in signs or name not in values.columns:
            continue
        odd = values.filter(pl.col(name).str.contains(signs[code.encoding]))[name].unique()
        if odd.len():
            plain = [_without_escapes(each, code.encoding) for each in odd.to_list()]
            values = values.with_columns(pl.col(name).replace(odd, pl.Series(plain, dtype=pl.String)))
    return values


def _without_escapes(text: str, encoding: str) -> str:
    if encoding == "/" and text.startswith('"'):
        text = text.removeprefix('"').removesuffix('"')
    if encoding != "#":
        text = _without_backslashes(text, encoding)
    if encoding not in "[#":
        return text
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        # Bytes of another alphabet: which one, the log does not say.
        return text


def _without_backslashes(text: str, encoding: str) -> str:
    """Each encoding has escapes of its own; any other backslash stays."""
    signs = {"n": "\n", "r": "\r"} | {'"': {"t": "\t", '"': '"'}, "/": {'"': '"'}, "[": {}}[encoding]
    parts = text.split("\\\\")
    return "\\".join(reduce(lambda part, sign: part.replace(f"\\{sign}", signs[sign]), signs, part) for part in parts)
