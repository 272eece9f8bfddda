"""Long lists of sites, ready to be met by hosts and addresses.

In: a list (`longlists.sites`), and distinct hosts or URLs. Out: which of them it lists. A long list is made ready once:
what is needed of it lies beside it in `.<name>.compiled`, a Parquet file, and is made anew when the list has changed or
polars has; where that folder may not be written, it is made anew each time. Refuses a list that is not there.

Names are told apart by 64 bits of their hash, under a seed that nobody can know before: between five million names and
a million hosts with what they lie below, two agree by chance in one night of a million.
"""

from __future__ import annotations

import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.lists import longlists
from pipeline.lists.longlists import ALLOWED, AND_BELOW, BELOW, EXACT, LISTED, PARDONED
from pipeline.text import authorities, hosts_of, unescape, url_parts

#: Of what is compiled: another number, and all is made anew.
_VERSION = "1"
#: A list of fewer bytes is ready at once.
_SHORT = 1 << 18
#: `www.`, `web2.`, `ftp.`: where lists name a host, they mean these too.
_COMMON = r"^(?:www|web|ftp)[0-9]*\."
#: A part of an address ends before one of these, or at its end.
_ENDS_A_PART = "^[/?&=]"

#: Addresses that a list finds: the path as it is decoded, and how far the list's line reaches into it.
FOUND_URLS = pl.Schema({"url": pl.String, "path": pl.String, "end": pl.Int64})


@dataclass(frozen=True)
class SiteList:
    """One list, ready. `hosts`: key, scope, action, by key; `urls`: name, path, scope, action, is_raw."""

    hosts: pl.DataFrame
    urls: pl.DataFrame
    seed: int
    #: Does any line let a host through?
    has_pardons: bool
    #: Of the list's bytes.
    sha256: str


def ready(path: Path) -> SiteList:
    """A list made ready, or what was made of it before. Raises `WatchlistError` if it cannot be used."""
    if not path.is_file() or path.stat().st_size < _SHORT:
        sha256 = longlists.sha256_of(path)
        return _site_list(_hosts(path, 0), _urls(path), {"seed": "0", "sha256": sha256})
    stamp, kept = _stamp(path), path.with_name(f".{path.name}.compiled")
    found = _kept(kept, stamp)
    return _made(path, kept, stamp) if found is None else found


def _stamp(path: Path) -> str:
    """What must be as it was for a list to count as unchanged."""
    facts = path.stat()
    return f"{_VERSION} {pl.__version__} {facts.st_size} {facts.st_mtime_ns}"


def _kept(kept: Path, stamp: str) -> SiteList | None:
    """What was made before, if it was made of this very file, and here names still have the hashes that they had."""
    try:
        facts = pl.read_parquet_metadata(kept)
        if facts.get("stamp") != stamp or facts.get("probe") != _probe(int(facts["seed"])):
            return None
        rows = pl.scan_parquet(kept)
        urls = rows.filter(pl.col("path").is_not_null()).select(list(longlists.SITES)).collect(engine="streaming")
        # Read at once: another run may put a new file there, whose names have other hashes.
        hosts = rows.filter(pl.col("path").is_null()).select("scope", "action", "key").collect()
        return _site_list(hosts, urls, facts)
    except (OSError, KeyError, ValueError, pl.exceptions.PolarsError):
        # Not there, cut off, or of another program: the list itself is what counts.
        return None


def _made(path: Path, kept: Path, stamp: str) -> SiteList:
    facts = {"stamp": stamp, "seed": str(secrets.randbits(63)), "sha256": longlists.sha256_of(path)}
    seed = int(facts["seed"])
    facts["probe"] = _probe(seed)
    rows = pl.concat([_hosts(path, seed), _urls(path)], how="diagonal")
    try:
        with tempfile.NamedTemporaryFile(dir=kept.parent, prefix=kept.name, delete=False) as stream:
            new = Path(stream.name)
        try:
            rows.write_parquet(new, compression="lz4", metadata=facts)
            # Whoever may read the list may read what is made of it.
            new.chmod(path.stat().st_mode & 0o666)
            new.replace(kept)
        finally:
            new.unlink(missing_ok=True)
    except (OSError, pl.exceptions.PolarsError):
        return _site_list(_hosts(path, seed), _urls(path), facts)
    return _kept(kept, stamp) or _site_list(_hosts(path, seed), _urls(path), facts)


def _probe(seed: int) -> str:
    return str(pl.Series(["example.org"]).hash(seed=seed).item())


def _hosts(path: Path, seed: int) -> pl.DataFrame:
    rows = longlists.sites(path).filter(pl.col("path").is_null())
    keyed = rows.select("scope", "action", key=pl.col("name").hash(seed=seed)).collect(engine="streaming")
    return keyed.sort("key")


def _urls(path: Path) -> pl.DataFrame:
    rows = longlists.sites(path).filter(pl.col("path").is_not_null()).collect(engine="streaming")
    whole = pl.col("path").str.strip_chars_end("/")
    return rows.with_columns(
        name=pl.col("name").str.replace(_COMMON, ""),
        path=pl.when("is_raw").then(unescape(rows["path"])).otherwise(whole),
    ).unique(maintain_order=True)


def _site_list(hosts: pl.DataFrame, urls: pl.DataFrame, facts: dict[str, str]) -> SiteList:
    return SiteList(hosts, urls, int(facts["seed"]), bool((hosts["action"] != LISTED).any()), facts["sha256"])


# ---------------------------------------------------------------- hosts


def listed_hosts(suffixes: pl.DataFrame, sites: SiteList) -> pl.DataFrame:
    """Host and name, for each host that a list finds; `suffixes` has host and name, a row for each name above."""
    keyed = suffixes.with_columns(key=pl.col("name").hash(seed=sites.seed))
    wanted = _with_keys(sites.hosts, keyed["key"].unique().sort())
    is_itself, scope = pl.col("name") == pl.col("host"), pl.col("scope")
    found = (
        keyed.lazy()
        .join(wanted.lazy(), on="key", how="inner")
        .filter(scope.eq(AND_BELOW) | (scope.eq(EXACT) & is_itself) | (scope.eq(BELOW) & ~is_itself))
        .collect()
    )
    return (_decided(found) if sites.has_pardons else found).select("host", "name").unique(maintain_order=True)


def _with_keys(rows: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
    """The rows that have one of these keys; both in order. Much quicker than a join."""
    there, asked = rows["key"].to_numpy(), keys.to_numpy()
    first, behind = np.searchsorted(there, asked, "left"), np.searchsorted(there, asked, "right")
    counts = behind - first
    # Where a key has several rows: their places one after the other.
    starts = np.repeat(first - np.cumsum(counts) + counts, counts)
    return rows[starts + np.arange(counts.sum())]


def _decided(found: pl.DataFrame) -> pl.DataFrame:
    """For each host, the line that decides: one that pardons, or the most exact one. Only listed hosts are left."""
    return (
        found.with_columns(
            pardoned=pl.col("action") == PARDONED,
            length=pl.col("name").str.len_chars(),
            is_narrow=pl.col("scope") != AND_BELOW,
            allowed=pl.col("action") == ALLOWED,
        )
        .sort("host", "pardoned", "length", "is_narrow", "allowed", descending=[False, True, True, True, False])
        .unique("host", keep="first", maintain_order=True)
        .filter(pl.col("action") == LISTED)
    )


# ---------------------------------------------------------------- addresses


def listed_urls(urls: pl.Series, sites: SiteList) -> pl.DataFrame:
    """The URLs that begin as a line with a path says: `FOUND_URLS`, each URL once, with the longest such line."""
    lines = sites.urls.filter(pl.col("action") == LISTED)
    if lines.is_empty():
        return pl.DataFrame(schema=FOUND_URLS)
    parts = url_parts(_of_hosts(urls.cast(pl.String), lines["name"].unique())).drop_nulls("host")
    parts = parts.with_columns(pl.col("path").fill_null("/"))
    path = unescape(parts["path"])
    query = unescape(parts["query"], plus_is_blank=False)
    begun = parts.select("url", "host").with_columns(path=path, whole=_whole(path, query))
    found = _begin(_names_of(begun), lines)
    return (
        found.with_columns(end=pl.min_horizontal("length", pl.col("path").str.len_chars()).cast(pl.Int64))
        .sort("url", "length", descending=[False, True])
        .unique("url", keep="first", maintain_order=True)
        .select(list(FOUND_URLS))
    )


def _of_hosts(urls: pl.Series, names: pl.Series) -> pl.Series:
    """The URLs whose host is one of these names or lies below one."""
    places = authorities(urls)
    distinct = places.drop_nulls().unique()
    table = pl.DataFrame({"place": distinct, "host": hosts_of(distinct)}).drop_nulls()
    ours = _names_of(table).join(names.to_frame("name"), on="name", how="semi")["place"].unique()
    return urls.filter(places.is_in(ours.implode()))


def _names_of(table: pl.DataFrame) -> pl.DataFrame:
    """Each row, with `host`, once for each `name` that the host is or lies below; `is_itself` also where only `www.`
    is before the name."""
    labels = pl.col("host").str.split(".").list.tail(127)
    bare = pl.col("host").str.replace(_COMMON, "")
    return (
        table.lazy()
        .with_columns(labels=labels)
        .with_columns(depth=pl.int_ranges(0, pl.col("labels").list.len()))
        .explode("depth", empty_as_null=False)
        .with_columns(name=pl.col("labels").list.slice(pl.col("depth")).list.join("."))
        .with_columns(is_itself=(pl.col("name") == pl.col("host")) | (pl.col("name") == bare))
        .drop("labels", "depth")
        .collect()
    )


def _whole(path: pl.Series, query: pl.Series) -> pl.Series:
    """Path and query, in small letters."""
    table = pl.DataFrame({"path": path, "query": query})
    behind = pl.when(pl.col("query").is_null()).then(pl.lit("")).otherwise(pl.lit("?") + pl.col("query"))
    return table.select((pl.col("path") + behind).str.to_lowercase()).to_series()


def _begin(urls: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The rows of `urls` that begin with a line of their name; with `length`, that of the line.

    A host has few different lengths of lines and may have many lines, so that the beginnings of each length are looked
    up instead of trying line after line.
    """
    lines = lines.with_columns(length=pl.col("path").str.len_chars())
    lengths = lines.select("name", "length").unique()
    beginnings = urls.join(lengths, on="name", how="inner").with_columns(
        begin=pl.col("whole").str.slice(0, pl.col("length")), rest=pl.col("whole").str.slice(pl.col("length"), 1)
    )
    met = beginnings.join(
        lines.select("name", "length", "scope", "is_raw", begin="path"), on=["name", "length", "begin"], how="inner"
    )
    scope, ends = pl.col("scope"), (pl.col("rest") == "") | pl.col("rest").str.contains(_ENDS_A_PART)
    reached = (
        (scope == AND_BELOW) | ((scope == EXACT) & pl.col("is_itself")) | ((scope == BELOW) & ~pl.col("is_itself"))
    )
    return met.filter(reached & (pl.col("is_raw") | ends))
