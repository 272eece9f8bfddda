"""Distinct values of events meet the watchlists: texts by an automaton, hosts by a join with their suffixes.

In: the distinct URLs, hosts, typed texts and titles of some events, and compiled watchlists. Out: one row for each
rule that finds something in a value. Refuses nothing. Work is done per distinct value; a cheap sieve over folded
text leaves the few that the automaton then reads exactly. Offsets count characters of the field's decoded text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from pipeline import longlists, secretlists, sites
from pipeline.errors import WatchlistError
from pipeline.finding import found_in
from pipeline.hostnames import forms
from pipeline.phrases import Phrases, compiled, contexts
from pipeline.redirects import HIDING, HIDING_HOST
from pipeline.schema import STATUTORY
from pipeline.search_terms import may_search, search_terms
from pipeline.secretlists import SecretFile, SecretList
from pipeline.sieve import holds_any
from pipeline.sites import SiteList
from pipeline.terms import Phrase, Spelt
from pipeline.text import authorities, hosts_of, unescape, url_parts
from pipeline.views import WEIGHT, as_latin
from pipeline.watchlist import DomainFile, TextRule, Watchlist, Watchlists

LOWERED, RAISED = 0.4, 1.3
_HIGHEST_WEIGHT = 100.0
#: No name of the internet has more; a line of a log may.
_MOST_LABELS = 127
#: So few texts are read one by one before a sieve would be made.
_FEW = 20_000
_FEW_URLS = 2_000

#: One rule that found something in one value of one event column.
VALUE_HITS = pl.Schema(
    {
        "column": pl.String,
        "value": pl.String,
        "rule_id": pl.String,
        "watchlist": pl.String,
        "watchlist_sha256": pl.String,
        "category": pl.String,
        "field": pl.String,
        "text": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "view": pl.String,
        "weight": pl.Float64,
    }
)
_TEXT_HITS = pl.Schema({name: dtype for name, dtype in VALUE_HITS.items() if name not in ("column", "value")})
_HOST_HITS = pl.Schema([("host", pl.String()), *_TEXT_HITS.items()])


@dataclass(frozen=True)
class Rule:
    """A text rule ready to be used: its contexts folded."""

    rule_id: str
    category: str
    watchlist: str
    watchlist_sha256: str
    weight: float
    fields: frozenset[str]
    unless: tuple[str, ...] = ()
    lowers: tuple[str, ...] = ()
    raises: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Matcher:
    """Watchlists, compiled."""

    rules: tuple[Rule, ...]
    phrases: Phrases
    #: name, rule_id, category, watchlist, watchlist_sha256, weight.
    domains: pl.DataFrame
    domain_files: tuple[tuple[DomainFile, SiteList], ...]
    secret_files: tuple[tuple[SecretFile, SecretList], ...] = ()

    @property
    def doubts(self) -> tuple[str, ...]:
        """What is doubtful about the secret lists, in words."""
        return tuple(doubt for _, secret in self.secret_files for doubt in secret.doubts)


def compile_watchlists(lists: Watchlists) -> Matcher:
    """Build the automata and the table of domains. Two rules that hold the same term are both kept."""
    rules = list(_text_rules(lists))
    return Matcher(
        tuple(rule for rule, _ in rules),
        compiled([terms for _, terms in rules]),
        _domain_table(lists.lists),
        tuple((each, sites.ready(each.path)) for each in lists.domain_files),
        tuple((each, secretlists.ready(each)) for each in lists.secret_files),
    )


def _text_rules(lists: Watchlists) -> Iterator[tuple[Rule, Sequence[Spelt]]]:
    for watchlist in lists.lists:
        for rule in watchlist.text_rules:
            yield _rule(rule, watchlist), rule.terms
    for file in lists.term_files:
        sha256 = longlists.sha256_of(file.path)
        fields = frozenset[str](file.fields)
        # A long list is plain: what would be a short form in a rule is a text there.
        terms = [Spelt(((Phrase(each),),), is_listed=True) for each in longlists.phrases(file.path)]
        yield Rule(file.id, file.category, file.path.name, sha256, file.weight, fields), terms


def _rule(rule: TextRule, watchlist: Watchlist) -> Rule:
    folded = [contexts(phrases) for phrases in (rule.unless, rule.lowers, rule.raises, rule.needs)]
    return Rule(
        rule.id, rule.category, watchlist.path.name, watchlist.sha256, rule.weight, frozenset(rule.fields), *folded
    )


def _domain_table(lists: Iterable[Watchlist]) -> pl.DataFrame:
    rows = [
        (name, rule.id, rule.category, watchlist.path.name, watchlist.sha256, rule.weight)
        for watchlist in lists
        for rule in watchlist.domain_rules
        for name in rule.names
    ]
    schema = {
        "name": pl.String, "rule_id": pl.String, "category": pl.String, "watchlist": pl.String,
        "watchlist_sha256": pl.String, "weight": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


# ---------------------------------------------------------------- texts


#: What stands in an address whose words are seen only when it is taken apart.
_HIDES = ["xn--", "&#", "%26%23", "%2526%2523", HIDING_HOST, *HIDING]
#: Fields that nobody types: in them digits are numbers.
OF_PAGES = ("host", "path", "query")


def match_texts(texts: pl.DataFrame, matcher: Matcher) -> pl.DataFrame:
    """Every rule that finds a term in a text: the columns of `_TEXT_HITS` and those of `texts`, a row a rule and row.

    `texts` has field and text, decoded, and any other columns. The longest, then the first match of a rule is shown.
    """
    survivors = texts
    if texts.height > _FEW:
        typed = ~texts["field"].is_in(OF_PAGES)
        survivors = texts.filter(holds_any(texts["text"], matcher.phrases, typed))
    # A loop over texts, because the automata read one at a time; the sieve has left a few in a hundred.
    distinct = survivors.select("field", "text").unique()
    rows = [row for field, text in distinct.iter_rows() for row in _hits_in(field, text, matcher)]
    return survivors.join(pl.DataFrame(rows, schema=_TEXT_HITS, orient="row"), on=["field", "text"], how="inner")


def _hits_in(field: str, text: str, matcher: Matcher) -> Iterator[tuple[Any, ...]]:
    for find in found_in(text, matcher.phrases, typed=field not in OF_PAGES):
        rule, folded = matcher.rules[find.rule], find.beside
        if field not in rule.fields or any(context in folded for context in rule.unless):
            continue
        if rule.needs and not any(context in folded for context in rule.needs):
            continue
        weight = round(_weight(rule, folded) * WEIGHT[find.view.name], 2)
        yield (
            rule.rule_id, rule.watchlist, rule.watchlist_sha256, rule.category, field, text, find.start, find.end,
            find.view.name, weight,
        )  # fmt: skip


def _weight(rule: Rule, folded: str) -> float:
    weight = rule.weight
    if any(context in folded for context in rule.lowers):
        weight *= LOWERED
    if any(context in folded for context in rule.raises):
        weight *= RAISED
    return min(weight, _HIGHEST_WEIGHT)


# ---------------------------------------------------------------- hosts


def match_hosts(hosts: pl.Series, matcher: Matcher, *, long_lists: bool = True) -> pl.DataFrame:
    """Every listed name that a host is or lies below: `_HOST_HITS`. `hosts` are distinct and in lower case.

    Without `long_lists`, only the names of the rules are looked at.
    """
    own, alike = _suffixes(hosts), _read_as(hosts)
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
        .select(list(_HOST_HITS))
    )


def _read_as(hosts: pl.Series) -> pl.DataFrame:
    """The international hosts among some, and what each seems to be to somebody who reads it: host, latin."""
    international = forms(hosts.drop_nulls().unique())
    latin = [as_latin(name) for name in international["unicode"]]
    table = international.select("host", latin=pl.Series(latin, dtype=pl.String))
    return table.filter(pl.col("host") != pl.col("latin"))


def _match_seeming(hosts: pl.Series, matcher: Matcher) -> pl.DataFrame:
    """The terms in what hosts in ASCII seem to be: `_TEXT_HITS`, of which each shows the whole host.

    Where a host stands in its own letters, its views show the same.
    """
    alike = _read_as(hosts.filter(hosts.str.contains("xn--", literal=True)))
    hits = match_texts(alike.select("host", field=pl.lit("host"), text="latin"), matcher)
    length = pl.col("host").str.len_chars().cast(pl.Int64)
    weight = pl.when(view="words").then(pl.col("weight") * WEIGHT["look-alikes"]).otherwise("weight")
    view = pl.when(view="words").then(pl.lit("look-alikes")).otherwise("view")
    shown = hits.with_columns(text="host", start=pl.lit(0, pl.Int64), end=length, weight=weight, view=view)
    return shown.select(list(_TEXT_HITS))


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


# ---------------------------------------------------------------- events


def match_values(distinct: dict[str, pl.Series], matcher: Matcher) -> pl.DataFrame:
    """Every rule that finds something in a distinct value: `VALUE_HITS`.

    `distinct` holds the distinct values, without null, of the event columns `url`, `host`, `typed_text`,
    `title` and `vendor_category`.
    """
    return pl.concat([match_terms(distinct, matcher), match_names(distinct, matcher)])


def match_terms(distinct: dict[str, pl.Series], matcher: Matcher) -> pl.DataFrame:
    """The part of `match_values` that the terms of rules find."""
    found = [pl.DataFrame(schema=VALUE_HITS)]
    for column, values in distinct.items():
        if column == "url":
            hits = _match_urls(values, matcher)
        else:
            hits = match_texts(_texts_of(column, values), matcher)
            if column == "host":
                both = [_match_seeming(values, matcher), hits.select(list(_TEXT_HITS))]
                hits = pl.concat(both).unique(["text", "rule_id"], keep="first", maintain_order=True)
            hits = hits.with_columns(value="text")
        found.append(hits.select(pl.lit(column).alias("column"), "value", *_TEXT_HITS))
    return pl.concat(found)


def match_names(distinct: dict[str, pl.Series], matcher: Matcher) -> pl.DataFrame:
    """The part of `match_values` that the listed names of sites find, in `url` and `host`; other columns have none."""
    found = [pl.DataFrame(schema=VALUE_HITS)]
    if "url" in distinct:
        hits = _match_url_hosts(distinct["url"], matcher)
        found.append(hits.select(pl.lit("url").alias("column"), pl.col("url").alias("value"), *_TEXT_HITS))
        found += [_match_beginnings(distinct["url"], *each) for each in matcher.domain_files]
    if "host" in distinct:
        # A name server's log has names as somebody wrote them, in capitals or with the dot of the root.
        bare = pl.col("value").str.to_lowercase().str.strip_suffix(".").alias("host")
        own = distinct["host"].drop_nulls().cast(pl.String).to_frame("value").with_columns(bare)
        hits = own.join(match_hosts(own["host"].unique(), matcher), on="host", how="inner")
        found.append(hits.select(pl.lit("host").alias("column"), "value", *_TEXT_HITS))
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


def _texts_of(field: str, values: pl.Series) -> pl.DataFrame:
    """Values of one field as `match_texts` takes them; a file may well have none at all."""
    return values.cast(pl.String).to_frame("text").select(field=pl.lit(field), text="text")


def _match_urls(urls: pl.Series, matcher: Matcher) -> pl.DataFrame:
    """The terms in URLs: value and the columns of `_TEXT_HITS`.

    Whole addresses go through the sieve; only the few that hold a term anywhere are taken apart.
    """
    whole = pl.DataFrame({"url": urls, "text": unescape(urls)})
    # Of a short log all are taken apart: a sieve takes longer to make.
    few = len(urls) <= _FEW_URLS
    may = pl.Series([True]) if few else holds_any(whole["text"], matcher.phrases, may_search(whole["url"]))
    hides = whole["url"].str.contains_any(_HIDES)
    parts = url_parts(whole.filter(may | hides)["url"])
    hosts = parts.drop_nulls("host").select("url", field=pl.lit("host"), text="host")
    fields = pl.concat([_url_fields(parts), hosts]).rename({"url": "value"})
    seeming = hosts.select("url", "text").join(_match_seeming(hosts["text"], matcher), on="text", how="inner")
    found = match_texts(fields, matcher).select("value", *_TEXT_HITS)
    both = pl.concat([seeming.select(pl.col("url").alias("value"), *_TEXT_HITS), found])
    return both.unique(["value", "field", "rule_id"], keep="first", maintain_order=True)


def _match_url_hosts(urls: pl.Series, matcher: Matcher) -> pl.DataFrame:
    """The listed names that hosts of URLs are or lie below: url and the columns of `_HOST_HITS`."""
    found = authorities(urls)
    distinct = found.drop_nulls().unique()
    hosts = hosts_of(distinct)
    hits = match_hosts(hosts.drop_nulls().unique(), matcher)
    places = distinct.filter(hosts.is_in(hits["host"].unique().implode()))
    parts = url_parts(urls.filter(found.is_in(places.implode())))
    return parts.select("url", "host").join(hits, on="host", how="inner")


def fields_of_url(url: str) -> Iterator[tuple[str, str]]:
    """The texts in which something is looked for in one URL: field and text."""
    parts = url_parts(pl.Series([url]))
    table = pl.concat([_url_fields(parts), parts.drop_nulls("host").select("url", field=pl.lit("host"), text="host")])
    return table.select("field", "text").iter_rows()


def _match_beginnings(urls: pl.Series, file: DomainFile, site_list: SiteList) -> pl.DataFrame:
    """The addresses of which a long list names the beginning: `VALUE_HITS`."""
    found = sites.listed_urls(urls, site_list).rename({"url": "value", "path": "text"})
    hits = _of_file(found, file, site_list).with_columns(
        column=pl.lit("url"), field=pl.lit("path"), start=pl.lit(0, pl.Int64), view=pl.lit("prefix")
    )
    return hits.select(list(VALUE_HITS))


def _url_fields(parts: pl.DataFrame) -> pl.DataFrame:
    """The texts in URLs: the words of a search or else the query, and the path; url, field, text."""
    searches = search_terms(parts).select("url", text="search_text", field=pl.lit("search_text"))
    others = parts.select("url", "query", "path").join(searches, on="url", how="anti")
    fields = [searches.select("url", "field", "text")]
    for name, plus in (("path", False), ("query", True)):
        table = others.select("url", pl.lit(name).alias("field"), text=name).drop_nulls("text")
        fields.append(table.with_columns(text=unescape(table["text"], plus_is_blank=plus)))
    return pl.concat(fields)


# ---------------------------------------------------------------- examples


def check_examples(lists: Watchlists, matcher: Matcher) -> None:
    """Try every rule on its own examples. Raises `WatchlistError` for the first that does not do as it says."""
    text_rules = [(rule, rule.fields[0]) for each in lists.lists for rule in each.text_rules]
    pairs = {(field, text) for rule, field in text_rules for text in (*rule.match, *rule.no_match)}
    table = pl.DataFrame(sorted(pairs), schema={"field": pl.String, "text": pl.String}, orient="row")
    hits = match_texts(table, matcher)
    found = set(zip(hits["rule_id"], hits["field"], hits["text"], strict=True))
    for rule, field in text_rules:
        _check(rule, {text for text in (*rule.match, *rule.no_match) if (rule.id, field, text) in found})
    domain_rules = [rule for each in lists.lists for rule in each.domain_rules]
    hosts = {host for rule in domain_rules for host in (*rule.match, *rule.no_match)}
    host_hits = match_hosts(pl.Series(sorted(hosts), dtype=pl.String), matcher, long_lists=False)
    listed = set(zip(host_hits["rule_id"], host_hits["host"], strict=True))
    for domain_rule in domain_rules:
        examples = (*domain_rule.match, *domain_rule.no_match)
        _check(domain_rule, {host for host in examples if (domain_rule.id, host) in listed})


def _check(rule: Any, found: set[str]) -> None:
    missed = [text for text in rule.match if text not in found]
    wrong = [text for text in rule.no_match if text in found]
    if missed or wrong:
        what = f"rule {rule.id!r} " + (f"misses its own example {missed[0]!r}." if missed else f"finds {wrong[0]!r}.")
        remedy = "Change the terms, or the example."
        raise WatchlistError(what, path=rule.place.path, line=rule.place.line, remedy=remedy)
