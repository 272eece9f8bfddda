"""What the fields of a W3C extended log mean, whichever product wrote it.

In: the names behind `#Fields:`, and the values that stand in their columns. Out: the event, or the reason of a reject.

A URL is put together from `cs-uri-scheme`, host, `cs-uri-port` where it is not the scheme's own, path and query, or is
`cs-uri` as it stands; where that is a path only (Netskope), it is the path, mostly with the query, and `x-cs-url` the
whole. With the schemes `tcp` and `ssl` (a CONNECT, or TLS that was not decrypted) the path is always `/`: such a row
has a host only. Values of `time-taken` are milliseconds in ProxySG, TMG and IIS.
The verdict is said by `sc-filter-result` (OBSERVED and PROXIED let it pass, DENIED did not), `s-action`, `action`
(TMG), `x-policy-action` (Netskope) and `x-exception-id`; an exception of the network is an error, one that begins with
`authentication_` a challenge. ProxySG answers with `TCP_ERR_MISS` also where a rule refuses TLS or a connection that
has no request in it: with DENIED and an exception that is none of its own errors, such as `policy_denied` or one that
the school has named, the rule refused it; without, something failed. TMG's codes in `sc-status` are beyond 10,000:
12209 asks for a login, 12202 and 12204 are rules. A web server's log says of no filter: `unknown`, but for its own 401.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Final

import polars as pl

from pipeline.formats._cells import is_background, said, whole
from pipeline.formats._distinct import judged

#: What is wanted -> the fields that may hold it; the first that is there does.
_MEANINGS: Final = {
    "date": ("date",), "time": ("time",), "user": ("cs-username", "cs-user", "cs-userdn", "x-cs-auth-user"),
    "epoch": ("timestamp", "x-timestamp", "x-timestamp-unix-utc", "x-cs-timestamp"),
    "gmttime": ("gmttime",), "localtime": ("localtime",), "local_date": ("date-local",), "local_time": ("time-local",),
    "inside": ("x-cs-userip",), "client_ip": ("c-ip",), "device": ("c-dns", "x-client-device-name", "x-c-hostname"),
    "method": ("cs-method", "s-operation"), "scheme": ("cs-uri-scheme",),
    "hostname": ("cs-uri-host", "cs-host", "cs(host)", "x-host-header", "r-host"), "port": ("cs-uri-port",),
    "path": ("cs-uri-path", "cs-uri-stem"), "query": ("cs-uri-query",),
    "uri": ("x-cs-url", "cs-uri", "cs-url", "c-uri"),
    "status": ("sc-status", "sc-http-status"), "result": ("x-resultcode-httpstatus",), "bytes": ("sc-bytes",),
    "taken": ("time-taken", "x-elapsed-time"), "content_type": ("rs(content-type)", "cs-mime-type", "sc(content-type)"),
    "agent": ("cs(user-agent)", "c-agent", "cs-user-agent"), "referrer": ("cs(referer)", "cs-referer"),
    "filtered": ("sc-filter-result",), "category": ("cs-categories", "sc-filter-category", "urlcategory", "x-category"),
    "s_action": ("s-action", "sc-result-code"), "action": ("action", "x-policy-action"),
    "exception": ("x-exception-id",), "app": ("x-bluecoat-application-name", "x-cs-app"),
}  # fmt: skip
_TIMES: Final = ("epoch", "gmttime", "localtime")
_PAIRS: Final = ({"date", "time"}, {"local_date", "local_time"})
_STAMPS: Final = {*_TIMES, *(name for pair in _PAIRS for name in pair)}
_ADDRESSES: Final = ("uri", "path", "hostname")
#: Fields of proxies; a log with `cs-uri-stem` and none of them is a web server's.
_OF_PROXIES: Final = {"s-action", "sc-filter-result", "cs-uri-scheme", "cs-uri", "x-edge-result-type", "r-host"}

#: The cells by what they mean, as `events` takes them.
CELLS: Final = pl.Schema(
    {"line": pl.Int64(), "stamp": pl.String(), "server": pl.Boolean()}
    | {name: pl.String() for name in _MEANINGS if name not in _STAMPS}
)

#: What the verdict, the kind and the beginning of a URL hang on.
_DECIDE: Final = (
    "status", "result", "s_action", "filtered", "exception", "action", "server", "scheme", "port", "method",
    "content_type",
)  # fmt: skip
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_BRACKETED: Final = (
    r"^\[?(?P<day>[0-9]{2})/(?P<month>[0-9]{2}|[A-Za-z]{3})/(?P<year>[0-9]{4}):"
    r"(?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2}) ?(?P<zone>GMT|UTC|[+-][0-9]{4})?\]?$"
)
_PASSED: Final = (
    r"^(?:TCP_(?:AUTH_|CLIENT_|IMS_|MEM_|NC_|PARTIAL_|REFRESH_|RESCAN_|SWAPFAIL_|OFFLINE_|FAIL_)*(?:HIT|MISS|REFRESH)"
    r"(?:_RST|_SSL|_VIA)?|TCP_(?:ACCELERATED|BYPASSED|TUNNELED|WEBSOCKET|CONNECT)|TUNNELED|ALLOWED)$"
)
_FAILED: Final = ("TCP_ERR_MISS", "FAILED", "TCP_LOOP")
_LOGINS: Final = ("TCP_AUTH_REDIRECT", "TCP_AUTH_FORM")
_EXCEPTIONS_OF_THE_NETWORK: Final = (
    "tcp_error", "dns_server_failure", "dns_unresolved_hostname", "gateway_error", "invalid_response", "connect_error",
)  # fmt: skip
#: ProxySG's own exceptions that are no decision of a rule; all others are, also those that a school has named.
_ERRORS: Final = (
    r"^(?:-?|none|refresh|not_implemented|(?:authentication|dns|icap|invalid|license|ssl|unsupported)_.*"
    r"|.*_(?:error|exceeded|failed|failure|unavailable))$"
)
#: Words of TMG's `action` and of Netskope's `x-policy-action`.
_STOPPED: Final = ("denied", "block")
_LET_PASS: Final = ("allowed", "allow", "alert", "bypass")
_TMG_ASKS: Final = 12209
_TMG_RULES: Final = (12202, 12204)
_TMG_CODES: Final = 10_000
_TUNNELS: Final = ("tcp", "ssl")
_PORTS: Final = {"http": "80", "https": "443", "ftp": "21"}


@dataclass(frozen=True)
class Fields:
    """The columns of a segment."""

    names: tuple[str, ...]
    separator: str

    @classmethod
    def of(cls, text: str) -> Fields:
        """What stands behind `#Fields:`; parted by tabs where there is one, since TMG has names with blanks in them."""
        bare = text.strip().lower()
        if "\t" not in bare:
            return cls(tuple(bare.split()), " ")
        return cls(tuple(name.strip() for name in bare.split("\t") if name.strip()), "\t")

    @cached_property
    def places(self) -> dict[str, int]:
        """What is wanted and where it stands."""
        there = {
            meaning: [self.names.index(name) for name in names if name in self.names]
            for meaning, names in _MEANINGS.items()
        }
        return {meaning: places[0] for meaning, places in there.items() if places}

    @property
    def has_time(self) -> bool:
        """Whether a row says when it was."""
        return any(pair <= self.places.keys() for pair in _PAIRS) or any(name in self.places for name in _TIMES)

    @property
    def has_address(self) -> bool:
        """Whether a row says what was asked for."""
        return any(name in self.places for name in _ADDRESSES)

    @property
    def is_server(self) -> bool:
        """Whether a web server wrote it, such as IIS."""
        return "cs-uri-stem" in self.names and not _OF_PROXIES & set(self.names)

    @property
    def has_brackets(self) -> bool:
        """Whether there is a stamp in brackets with a blank in it."""
        return "gmttime" in self.places or "localtime" in self.places


def stamp(fields: Fields) -> pl.Expr:
    """The time of a row as `writtentime.from_written` reads it."""
    if {"date", "time"} <= fields.places.keys():
        return pl.concat_str("date", pl.lit(" "), "time", pl.lit("Z")).alias("stamp")
    if "epoch" in fields.places:
        return pl.col("epoch").alias("stamp")
    if {"local_date", "local_time"} <= fields.places.keys():
        return pl.concat_str("local_date", pl.lit(" "), "local_time").alias("stamp")
    name = "gmttime" if "gmttime" in fields.places else "localtime"
    parts = pl.col(name).str.extract_groups(_BRACKETED).struct
    numbers = {word: f"{number:02}" for number, word in enumerate(_MONTHS, 1)}
    month = parts["month"].str.to_lowercase().replace(numbers)
    zone = pl.lit("Z") if name == "gmttime" else parts["zone"].fill_null("")
    written = pl.concat_str(
        parts["year"], pl.lit("-"), month, pl.lit("-"), parts["day"], pl.lit(" "), parts["clock"], zone
    )
    return pl.coalesce(written, name).alias("stamp")


def events(cells: pl.DataFrame) -> pl.DataFrame:
    """The events, or the reason and detail of a reject, from `CELLS` and what became of the stamp."""
    judgements = [
        whole(_status()).alias("code"), _is_tunnel().alias("tunnel"),
        is_background(pl.col("content_type")).alias("part"), _beginning().alias("beginning"), _port().alias("own_port"),
    ]  # fmt: skip
    table = judged(cells, _DECIDE, [*judgements, _verdict(whole(_status())).alias("verdict")])
    return table.with_columns(url=_url()).select(_event())


def _status() -> pl.Expr:
    return said(pl.coalesce("status", pl.col("result").str.extract(r"/([0-9]+)$")))


def _event() -> list[pl.Expr]:
    code, size = pl.col("code"), said(pl.col("bytes"))
    wrong = (
        pl.when(_status().is_not_null() & code.is_null()).then(pl.lit("the status"))
        .when(size.is_not_null() & whole(size).is_null()).then(pl.lit("the size"))
    )  # fmt: skip
    bad = pl.col("reason").is_null() & wrong.is_not_null()
    path = said(pl.col("path"))
    # Not even an OPTIONS, which asks for a star: something has moved the columns.
    moved = pl.col("reason").is_null() & (~path.str.starts_with("/") & (path != "*")).fill_null(value=False)
    category, app = (_named(said(pl.col(name))) for name in ("category", "app"))
    return [
        pl.col("line"), pl.col("ts"), pl.col("ts_quality"), _user().alias("user_raw"),
        pl.coalesce(said(pl.col("inside")), said(pl.col("client_ip"))).alias("client_ip"),
        said(pl.col("device")), _method().alias("method"), pl.col("url"),
        pl.when(pl.col("url").is_null()).then(_hostname()).alias("host"), pl.col("verdict"),
        category.alias("vendor_category"), app.alias("app"),
        pl.when(code.is_between(1, 999)).then(code).alias("status"), whole(size).alias("bytes"),
        whole(pl.col("taken")).alias("duration_ms"), said(pl.col("content_type")),
        _unplussed(said(pl.col("agent"))).alias("user_agent"), said(pl.col("referrer")), _kind().alias("kind"),
        pl.when(bad).then(pl.lit("bad-number")).when(moved).then(pl.lit("bad-field"))
        .otherwise(pl.col("reason")).alias("reason"),
        pl.when(bad).then(pl.format("{} is not a whole number", wrong))
        .when(moved).then(pl.lit("the path does not begin with a slash"))
        .otherwise(pl.col("detail")).alias("detail"),
    ]  # fmt: skip


def _named(cell: pl.Expr) -> pl.Expr:
    """Null for ProxySG's word for no category and no application."""
    return pl.when(cell.str.to_lowercase() != "none").then(cell)


def _unplussed(cell: pl.Expr) -> pl.Expr:
    """IIS writes a blank as a plus, where it does not write it as it is."""
    return (
        pl.when(pl.col("server") & ~cell.str.contains(" ", literal=True))
        .then(cell.str.replace_all("+", " ", literal=True))
        .otherwise(cell)
    )


def _user() -> pl.Expr:
    """Null for nobody, and for a name that TMG marks as not proved."""
    user = _unplussed(said(pl.col("user")))
    nobody = (user.str.to_lowercase() == "anonymous") | user.str.contains(r"\(?\?\)?$")
    return pl.when(~nobody).then(user)


def _method() -> pl.Expr:
    method = said(pl.col("method"))
    return pl.when(method.str.to_lowercase() != "unknown").then(method)


def _hostname() -> pl.Expr:
    return said(pl.col("hostname"))


def _is_tunnel() -> pl.Expr:
    tunnel = pl.col("scheme").str.to_lowercase().is_in(_TUNNELS) | (pl.col("method") == "CONNECT")
    return tunnel.fill_null(value=False)


def _beginning() -> pl.Expr:
    """The scheme as a URL begins with it; empty where the log names none."""
    return pl.when(said(pl.col("scheme")).is_not_null()).then(pl.col("scheme") + "://").otherwise(pl.lit(""))


def _port() -> pl.Expr:
    """The port with its colon, where it is not the scheme's own; without a scheme that of the web."""
    scheme, port = said(pl.col("scheme")), said(pl.col("port"))
    usual = scheme.str.to_lowercase().replace_strict(_PORTS, default=None, return_dtype=pl.String)
    own = (port == usual) | (scheme.is_null() & port.is_in(["80", "443"]))
    return pl.when(port.is_not_null() & ~own.fill_null(value=False)).then(":" + port).otherwise(pl.lit(""))


def _url() -> pl.Expr:
    uri, query = said(pl.col("uri")), said(pl.col("query"))
    only_path = uri.str.starts_with("/").fill_null(value=False)
    host, path = _hostname(), pl.when(only_path).then(uri).otherwise(said(pl.col("path")))
    bare_v6 = host.str.contains(r"^[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*$")
    address = pl.when(bare_v6).then("[" + host + "]").otherwise(host)
    doubled = (pl.col("own_port") != "") & host.str.ends_with(pl.col("own_port"))
    port = pl.when(doubled).then(pl.lit("")).otherwise(pl.col("own_port"))
    mark = pl.when(query.is_not_null() & ~query.str.starts_with("?")).then(pl.lit("?")).otherwise(pl.lit(""))
    has_query = only_path & uri.str.contains("?", literal=True)
    asked = [path.fill_null(""), *(pl.when(~has_query).then(part).fill_null("") for part in (mark, query))]
    at_host = pl.concat_str("beginning", address, port, *asked)
    together = pl.when(host.is_not_null()).then(at_host).when(path.is_not_null()).then(pl.concat_str(asked))
    named = pl.when(~pl.col("tunnel") & (path.is_not_null() | (pl.col("beginning") != ""))).then(together)
    return pl.coalesce(pl.when(~only_path).then(uri), named)


def _verdict(status: pl.Expr) -> pl.Expr:
    done = pl.coalesce(pl.col("s_action"), pl.col("result").str.extract("^([^/]*)")).str.to_uppercase()
    filtered, exception = said(pl.col("filtered")).str.to_uppercase(), pl.col("exception").str.to_lowercase()
    action = pl.col("action").str.to_lowercase()
    denied = (filtered == "DENIED") | done.str.contains("^(?:TCP_)?DENIED") | action.is_in(_STOPPED)
    own = denied.fill_null(value=False) | pl.col("server")
    asks = (
        status.is_in([HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, _TMG_ASKS])
        | (own & (status == HTTPStatus.UNAUTHORIZED))
        | exception.str.starts_with("authentication_") | done.is_in(_LOGINS)
    )  # fmt: skip
    refused = (filtered == "DENIED") & ~exception.str.contains(_ERRORS)
    missed = done.is_in(_FAILED) & ~refused.fill_null(value=False)
    failed = missed | exception.is_in(_EXCEPTIONS_OF_THE_NETWORK) | (action == "failed")
    ruled = denied | status.is_in(_TMG_RULES) | (done == "TCP_POLICY_REDIRECT")
    passed = pl.when(filtered.is_not_null()).then(filtered.is_in(["OBSERVED", "PROXIED"])).otherwise(
        action.is_in(_LET_PASS) | done.str.contains(_PASSED)
    )  # fmt: skip
    return (
        pl.when(asks).then(pl.lit("challenge"))
        .when(failed).then(pl.lit("error"))
        .when(ruled).then(pl.lit("blocked"))
        .when((done == "TCP_SPLASHED") | (action == "useralert")).then(pl.lit("warned"))
        .when(status >= _TMG_CODES).then(pl.lit("error"))
        .when(passed).then(pl.lit("allowed"))
        .otherwise(pl.lit("unknown"))
    )  # fmt: skip


def _kind() -> pl.Expr:
    return (
        pl.when(pl.col("tunnel") | pl.col("url").is_null()).then(pl.lit("host-only"))
        .when("part").then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )  # fmt: skip
