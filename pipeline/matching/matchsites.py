"""Distinct hosts and addresses meet the names of sites that watchlists hold: by a join with their suffixes.

In: distinct URLs and hosts, and compiled watchlists. Out: one row for each rule that finds something in a value.
Refuses nothing. An international host is also looked up as what it seems to be; an address also as where it leads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import polars as pl

from pipeline.lists import secretlists, sites
from pipeline.lists.secretlists import SecretFile, SecretList
from pipeline.lists.sites import SiteList
from pipeline.matching.matcher import HOST_HITS, TEXT_HITS, VALUE_HITS, Matcher
from pipeline.schema import LED_TO, STATUTORY
from pipeline.spelling.views import WEIGHT, as_latin
from pipeline.text import authorities, hosts_of, unescape, url_parts
from pipeline.urls.hostnames import forms
from pipeline.urls.redirects import carried_by
from pipeline.watchlist import DomainFile

#: No name of the internet has more; a line of a log may.
_MOST_LABELS: Final = 127


def match_names(distinct: dict[str, pl.Series], matcher: Matcher) -> pl.DataFrame:
    """What the listed names of sites find in `url` and `host`, as `match.match_values`; other columns have none."""
    found = [pl.DataFrame(schema=VALUE_HITS)]
    if "url" in distinct:
        hits = _match_url_hosts(distinct["url"], matcher)
        found.append(hits.select(pl.lit("url").alias("column"), pl.col("url").alias("value"), *TEXT_HITS))
        found += [_match_beginnings(distinct["url"], *each) for each in matcher.domain_files]
        found.append(_match_carried(distinct["url"], matcher))
    if "host" in distinct:
        # A name server's log has names as somebody wrote them, in capitals or with the dot of the root.
        bare = pl.col("value").str.to_lowercase().str.strip_suffix(".").alias("host")
        own = distinct["host"].drop_nulls().cast(pl.String).to_frame("value").with_columns(bare)
        hits = own.join(match_hosts(own["host"].unique(), matcher), on="host", how="inner")
        found.append(hits.select(pl.lit("host").alias("column"), "value", *TEXT_HITS))
    found += [_match_secret(distinct, *each) for each in matcher.secret_files]
    return pl.concat(found)


def _match_secret(distinct: dict[str, pl.Series], file: SecretFile, secret: SecretList) -> pl.DataFrame:
    """The addresses and hosts on a secret list: `VALUE_HITS` that say that there is one, and not where in it."""
    looked_up = {"url": secretlists.listed_urls, "host": secretlists.listed_hosts}
    found = [
        look(distinct[column].drop_nulls().cast(pl.String), secret)
        .to_frame("value")
        .with_columns(column=pl.lit(column))
        for column, look in looked_up.items()
        if column in distinct
    ]
    table = pl.concat([pl.DataFrame(schema={"value": pl.String, "column": pl.String}), *found])
    return table.with_columns(
        rule_id=pl.lit(file.id), category=pl.lit(file.category), watchlist=pl.lit(file.path.name),
        watchlist_sha256=pl.lit(secret.sha256), weight=pl.lit(file.weight, pl.Float64), field=pl.lit("host"),
        text=pl.lit(""), start=pl.lit(0, pl.Int64), end=pl.lit(0, pl.Int64), view=pl.lit(STATUTORY),
    ).select(list(VALUE_HITS))  # fmt: skip


def _match_carried(urls: pl.Series, matcher: Matcher) -> pl.DataFrame:
    """The listed names to which redirectors, proxies and translators lead: `VALUE_HITS`, in the path or the query."""
    carried = carried_by(urls)
    led_to = url_parts(carried["target"].unique()).select("host", target="url").drop_nulls()
    hits = match_hosts(led_to["host"].unique(), matcher)
    found = carried.join(led_to, on="target").join(hits, on="host").rename({"url": "value"})
    if found.is_empty():
        return pl.DataFrame(schema=VALUE_HITS)
    parts = url_parts(found["value"].unique()).rename({"url": "value"})
    texts = parts.with_columns(
        path=unescape(parts["path"].fill_null("/")), query=unescape(parts["query"].fill_null(""), plus_is_blank=True)
    ).select("value", "path", "query")
    # Row by row: a site that a redirector leads to and that is listed is rare.
    rows = [_place_of(*row) for row in found.join(texts, on="value", how="left").select(*_PLACED).iter_rows()]
    placed = pl.DataFrame(rows, schema=["field", "text", "start", "end"], orient="row")
    shown = found.drop("field", "text", "start", "end").with_columns(placed, column=pl.lit("url"), view=pl.lit(LED_TO))
    return (
        shown.select(list(VALUE_HITS)).cast(VALUE_HITS).unique(["value", "rule_id"], keep="first", maintain_order=True)
    )


_PLACED: Final = ("host", "path", "query")


def _place_of(name: str, path: str, query: str) -> tuple[str, str, int, int]:
    """Where in an address the name stands to which it leads: field, text, start, end; all of it where it is coded."""
    for field, text in (("query", query), ("path", path)):
        at = text.lower().find(name)
        if at >= 0:
            return field, text, at, at + len(name)
    return ("query", query, 0, len(query)) if query else ("path", path, 0, len(path))


def _match_url_hosts(urls: pl.Series, matcher: Matcher) -> pl.DataFrame:
    """The listed names that hosts of URLs are or lie below: url and the columns of `HOST_HITS`."""
    found = authorities(urls)
    distinct = found.drop_nulls().unique()
    hosts = hosts_of(distinct)
    hits = match_hosts(hosts.drop_nulls().unique(), matcher)
    places = distinct.filter(hosts.is_in(hits["host"].unique().implode()))
    parts = url_parts(urls.filter(found.is_in(places.implode())))
    return parts.select("url", "host").join(hits, on="host", how="inner")


def _match_beginnings(urls: pl.Series, file: DomainFile, site_list: SiteList) -> pl.DataFrame:
    """The addresses of which a long list names the beginning: `VALUE_HITS`."""
    found = sites.listed_urls(urls, site_list).rename({"url": "value", "path": "text"})
    hits = _of_file(found, file, site_list).with_columns(
        column=pl.lit("url"), field=pl.lit("path"), start=pl.lit(0, pl.Int64), view=pl.lit("prefix")
    )
    return hits.select(list(VALUE_HITS))


def match_hosts(hosts: pl.Series, matcher: Matcher, *, long_lists: bool = True) -> pl.DataFrame:
    """Every listed name that a host is or lies below: `HOST_HITS`. `hosts` are distinct and in lower case.

    Without `long_lists`, only the names of the rules are looked at.
    """
    own, alike = _suffixes(hosts), read_as(hosts)
    below = _suffixes(alike["latin"].unique())

    def anywhere(listed: Callable[[pl.DataFrame], pl.DataFrame]) -> Iterator[pl.DataFrame]:
        yield listed(own).with_columns(view=pl.lit("suffix"))
        seeming = alike.join(listed(below).rename({"host": "latin"}), on="latin", how="inner").drop("latin")
        yield seeming.with_columns(view=pl.lit("look-alikes"))

    found = list(anywhere(lambda names: names.join(matcher.domains, on="name", how="inner")))
    for file, site_list in matcher.domain_files if long_lists else ():
        found += anywhere(partial(_listed_by, file=file, site_list=site_list))
    length = pl.col("host").str.len_chars().cast(pl.Int64)
    return (
        pl.concat(found)
        .with_columns(
            field=pl.lit("host"),
            text=pl.col("host"),
            end=length,
            start=pl.when(view="suffix").then(length - pl.col("name").str.len_chars().cast(pl.Int64)).otherwise(0),
            weight=pl.col("weight") * pl.when(view="suffix").then(1.0).otherwise(WEIGHT["look-alikes"]),
        )
        # The most exact name of a rule is shown.
        .sort("host", "rule_id", pl.col("view") != "suffix", "start")
        .unique(["host", "rule_id"], keep="first", maintain_order=True)
        .select(list(HOST_HITS))
    )


def read_as(hosts: pl.Series) -> pl.DataFrame:
    """The international hosts among some, and what each seems to be to somebody who reads it: host, latin."""
    international = forms(hosts.drop_nulls().unique())
    latin = [as_latin(name) for name in international["unicode"]]
    table = international.select("host", latin=pl.Series(latin, dtype=pl.String))
    return table.filter(pl.col("host") != pl.col("latin"))


def _listed_by(names: pl.DataFrame, file: DomainFile, site_list: SiteList) -> pl.DataFrame:
    return _of_file(sites.listed_hosts(names, site_list), file, site_list)


def _of_file(found: pl.DataFrame, file: DomainFile, site_list: SiteList) -> pl.DataFrame:
    """What was found, with the columns that say by which list."""
    return found.with_columns(
        rule_id=pl.lit(file.id), category=pl.lit(file.category), watchlist=pl.lit(file.path.name),
        watchlist_sha256=pl.lit(site_list.sha256), weight=pl.lit(file.weight, pl.Float64),
    )  # fmt: skip


def _suffixes(hosts: pl.Series) -> pl.DataFrame:
    """Each host with every name that it lies below: `a.b.example` gives itself, `b.example` and `example`."""
    host, name = pl.col("host"), pl.col("name")
    last = host.str.split(".").list.tail(_MOST_LABELS).list.join(".")
    table = pl.DataFrame({"host": hosts.drop_nulls().cast(pl.String)})
    has_too_many = host.str.count_matches(".", literal=True) >= _MOST_LABELS
    long = table.filter(has_too_many).with_columns(name=last)
    level = pl.concat([table.filter(~has_too_many).with_columns(name=host), long])
    levels = [level]
    # A loop over the labels of the longest name: to cut the first one off is quicker than to take names apart.
    while level.height:
        shorter = name.str.splitn(".", 2).struct.field("field_1")
        level = level.lazy().select("host", name=shorter).drop_nulls("name").collect()
        levels.append(level)
    return pl.concat(levels)
