"""The URLs that other URLs carry: where a redirector, a proxy or a cache leads.

In: the parts of distinct URLs (`text.url_parts`). Out: a table of `CARRIED`: url, target, and how deep the target lies
in it (1 to 3). Which sites carry a URL, and where, is data: `redirects.toml`. Refuses nothing: what does not read as an
address of the web is none. Only where a URL leads is told, not whether it was followed.
"""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import polars as pl

from pipeline.text import unescape_once, url_parts
from pipeline.urls.hostnames import Patterns, patterns

CARRIED = pl.Schema({"url": pl.String, "target": pl.String, "depth": pl.Int64})
#: A redirector may lead to a redirector; what lies deeper was made to be read by nobody.
DEEPEST = 3
#: So many does one URL carry side by side.
_MOST = 4
#: The address of a page is shorter, and a line of a log may be of any length.
_LONGEST = 8_192
_ADDRESS = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
_ESCAPED = re.compile(r"https?%3a", re.IGNORECASE)
#: What a URL holds whose target cannot be read off it without being decoded.
HIDING = ("a1aHR0", "__cpo=", "/hvtr")
HIDING_HOST = ".translate.goog"
#: How the value of a parameter begins if it may be an address. `a1aHR0` is one in Bing's writing.
_QUERY_MARKS = r"=(?:http|HTTP|www\.|//|%2F%2F|%2f%2f|a1aHR0)|__cpo="


@dataclass(frozen=True)
class Redirector:
    """One way in which some sites carry a URL; see the head of `redirects.toml`."""

    name: str
    hosts: tuple[str, ...]
    path: tuple[str, ...] = ()
    parameter: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    coding: str = ""
    example: str = ""
    target: str = ""


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((files("pipeline.urls") / "redirects.toml").read_text("utf-8"))


@cache
def redirectors() -> tuple[Redirector, ...]:
    """All redirectors, in the order of the file."""
    names = ("hosts", "path", "parameter", "behind", "begins")
    return tuple(
        Redirector(**{**each, **{name: tuple(each.get(name, ())) for name in names}}) for each in _data()["redirector"]
    )


@cache
def _sites() -> Patterns:
    return patterns(each.hosts for each in redirectors())


@cache
def _beacons() -> Patterns:
    return patterns([_data()["beacons"]["hosts"]])


def targets(parts: pl.DataFrame) -> pl.DataFrame:
    """What the URLs carry: `CARRIED`, each URL and target once, the least deep first.

    `parts` has url, host, path and query. Escapes are undone once for each level: a target is as it was written.
    """
    found = pl.DataFrame(schema=CARRIED)
    origin = None
    for depth in range(1, DEEPEST + 1):
        rows = [(url, target) for *place, url in _places(parts).iter_rows() for target in _carried(*place)]
        level = pl.DataFrame(rows, schema={"from": pl.String, "target": pl.String}, orient="row").unique()
        if level.is_empty():
            break
        roots = level.select("from", url="from") if origin is None else origin.rename({"target": "from"})
        origin = level.join(roots.unique(), on="from", how="inner").select("url", "target").unique()
        found = pl.concat([found, origin.with_columns(depth=pl.lit(depth, pl.Int64)).select(list(CARRIED))])
        parts = url_parts(origin["target"].unique())
    return found.sort("depth", "url", "target").unique(["url", "target"], keep="first", maintain_order=True)


def carried_by(urls: pl.Series) -> pl.DataFrame:
    """`targets` of distinct URLs that have not been taken apart: only those that pass a sieve are."""
    known = urls.cast(pl.String).drop_nulls()
    return targets(url_parts(known.filter(known.str.contains(_anywhere()))))


@cache
def _anywhere() -> str:
    """A pattern that every URL holds which `may_carry` keeps."""
    begins = [f"/{each}" for redirector in redirectors() for each in redirector.begins]
    behind = [each for redirector in redirectors() for each in redirector.behind]
    coded = [f".{host}" for host in _hosts_with("coding", "host")]
    marks = "|".join(re.escape(each) for each in [*begins, *behind])
    hosts = "|".join(re.escape(each) for each in coded)
    return rf"{_QUERY_MARKS}|\?http|{marks}|(?i:{hosts})"


def _places(parts: pl.DataFrame) -> pl.DataFrame:
    """Host, path, query and url of those that may carry another."""
    path, query = pl.col("path").fill_null("/"), pl.col("query").fill_null("")
    return may_carry(parts).drop_nulls("host").select("host", path, query, "url")


def may_carry(parts: pl.DataFrame) -> pl.DataFrame:
    """A quick sieve: the few URLs that may carry another."""
    parts = parts.filter(pl.col("url").str.contains(_anywhere()))
    if parts.is_empty():
        return parts
    begins = "|".join(re.escape(each) for redirector in redirectors() for each in redirector.begins)
    path, query, host = pl.col("path"), pl.col("query"), pl.col("host")
    anywhere = query.str.contains(_QUERY_MARKS) | query.str.starts_with("http") | path.str.contains(f"/(?:{begins})")
    by_host = pl.any_horizontal(host.str.ends_with(f".{each}") for each in _hosts_with("coding", "host"))
    behind = [each for redirector in redirectors() for each in redirector.behind]
    named = patterns(each.hosts for each in redirectors() if each.behind).among(parts["host"].drop_nulls().unique())
    below = parts.filter(host.is_in(named.implode())).filter(path.str.contains_any(behind))
    kept = pl.concat([parts.filter((anywhere | by_host).fill_null(value=False)), below]).unique(
        "url", maintain_order=True
    )
    beacons = [name for name in _beacons().among(kept["host"].drop_nulls().unique()) if _beacons().of(name)]
    return kept.filter(~host.is_in(beacons))


def _hosts_with(field: str, value: str) -> list[str]:
    return [host for each in redirectors() if getattr(each, field) == value for host in each.hosts]


@lru_cache(maxsize=10_000)
def _of(host: str) -> tuple[Redirector, ...]:
    return tuple(redirectors()[number] for number in _sites().of(host))


def _carried(host: str, path: str, query: str) -> list[str]:
    """The targets of one URL, each once."""
    if len(path) + len(query) > _LONGEST:
        return []
    found = (target for each in _of(host) for target in _targets(each, host, path, query))
    return list(dict.fromkeys(filter(None, found)))[:_MOST]


def _targets(redirector: Redirector, host: str, path: str, query: str) -> Iterator[str | None]:
    if redirector.path and not any(path == each or path.startswith(f"{each}/") for each in redirector.path):
        return
    if redirector.coding == "host":
        yield _address(f"https://{_decoded_label(host)}{path}{_asked(query)}")
    for value in _values(redirector, query):
        if redirector.coding == "base64":
            yield _address(_from_base64(value[2:]))
        elif redirector.coding == "origin":
            yield _address(_from_base64(value).rstrip("/") + path + _asked(_without(query, redirector.parameter)))
        else:
            yield _address(_unwrapped(value))
    for rest in _rests(redirector, path):
        yield _address(_in_path(redirector, rest, query))


def _values(redirector: Redirector, query: str) -> Iterator[str]:
    """What the redirector's parameters hold; an address that was not escaped goes on to the end of the query."""
    if not redirector.parameter:
        return
    if "*" in redirector.hosts and not redirector.coding and _starts_as_address(query):
        yield query
    for found in _holding(redirector.parameter).finditer(query):
        yield query[found.start(1) :] if _is_raw(found[1]) else found[1]


@cache
def _holding(parameter: tuple[str, ...]) -> re.Pattern[str]:
    """What any of these parameters holds."""
    return re.compile(rf"(?:^|(?<=[&;]))(?:{'|'.join(map(re.escape, parameter))})=([^&;]+)", re.IGNORECASE)


def _is_raw(value: str) -> bool:
    """Whether an address with a query of its own was put in without an escape."""
    return bool(_ADDRESS.match(value)) and "=" in value


def _starts_as_address(text: str) -> bool:
    return bool(_ADDRESS.match(text) or _ESCAPED.match(text))


def _rests(redirector: Redirector, path: str) -> Iterator[str]:
    """What stands in the path behind the redirector's marks."""
    marks = [*redirector.behind, *(f"/{each}" for each in redirector.begins)]
    if marks and (found := _marked(tuple(marks)).search(path)):
        yield path[found.end() if redirector.behind else found.start() + 1 :]


@cache
def _marked(marks: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, marks)))


def _in_path(redirector: Redirector, rest: str, query: str) -> str:
    if redirector.coding == "xor":
        return _from_xor(unescape_once(rest)) + _asked(query)
    if _ESCAPED.match(rest):
        return _unwrapped(rest.partition("/")[0])
    # Some proxies make one slash of two.
    address = re.sub(r"^(https?):/+", r"\1://", rest.partition("__;")[0])
    return (address if _ADDRESS.match(address) else f"https://{address}") + _asked(query)


def _unwrapped(value: str) -> str:
    """An escaped address as it was written; one that was escaped twice as well."""
    once = value if _is_raw(value) else unescape_once(value)
    return unescape_once(once) if _ESCAPED.match(once) else once


def _asked(query: str) -> str:
    return f"?{query}" if query else ""


def _without(query: str, parameter: tuple[str, ...]) -> str:
    return "&".join(pair for pair in query.split("&") if pair.partition("=")[0] not in parameter)


def _address(text: str) -> str | None:
    """The text if it is an address of the web, with its scheme."""
    text = text.strip()
    whole = f"https:{text}" if text.startswith("//") else f"https://{text}" if text.startswith("www.") else text
    return whole if _ADDRESS.match(whole) and "." in whole.partition("://")[2] else None


def _from_base64(text: str) -> str:
    """The decoded text, or nothing."""
    letters = unescape_once(text).rstrip("=")
    try:
        return base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4)).decode("utf-8")
    except ValueError:
        return ""


def _from_xor(text: str) -> str:
    return "".join(chr(ord(letter) ^ 2) if at % 2 else letter for at, letter in enumerate(text))


def _decoded_label(host: str) -> str:
    """`www-example-com.translate.goog` is `www.example.com`; a hyphen of the name was doubled."""
    return host.partition(".")[0].replace("--", "\0").replace("-", ".").replace("\0", "-")
