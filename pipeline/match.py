"""Distinct texts of events meet the terms of the watchlists, by automata.

In: the distinct URLs, hosts, typed texts and titles of some events, and compiled watchlists (`matcher`). Out: one row
for each rule that finds something in a value. Refuses nothing. Work is done per distinct value; a cheap sieve over
folded text leaves the few that the automaton then reads exactly. Offsets count characters of the field's decoded text.
Names of sites are the part of `matchsites`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from pipeline.errors import WatchlistError
from pipeline.matching.matcher import TEXT_HITS, VALUE_HITS, Matcher, Rule
from pipeline.matching.matchsites import match_hosts, match_names, read_as
from pipeline.performance.ahead import ahead
from pipeline.schema import BY_WORDS
from pipeline.spelling.names import is_one_of_us
from pipeline.spelling.views import WEIGHT, may_hide
from pipeline.text import is_ascii, unescape, url_parts
from pipeline.urls.redirects import HIDING, HIDING_HOST
from pipeline.urls.search_terms import may_search, search_terms
from pipeline.watchlist import Watchlists
from pipeline.words import weighted
from pipeline.words.beside import Beside
from pipeline.words.finding import Find, Several, found_in
from pipeline.words.sieve import holds_any, lots, worth_weighing
from pipeline.words.weighted import Weighing, WeightedWords

LOWERED, RAISED = 0.4, 1.3
_HIGHEST_WEIGHT: Final = 100.0
#: So few texts are read one by one before a sieve would be made.
_FEW = 20_000
#: So many go through the sieve together.
_LOT = 225_000
_FEW_URLS = 2_000
#: So many are read with the same automata.
_AT_ONCE = 20_000

# ---------------------------------------------------------------- texts


#: What stands in an address whose words are seen only when it is taken apart.
_HIDES = "|".join(map(re.escape, ["xn--", "&#", "%26%23", "%2526%2523", HIDING_HOST, *HIDING]))
#: Fields that nobody types: in them digits are numbers.
OF_PAGES = ("host", "path", "query")


def match_texts(texts: pl.DataFrame, matcher: Matcher) -> pl.DataFrame:
    """Every rule that finds a term in a text: the columns of `TEXT_HITS` and those of `texts`, a row a rule and row.

    `texts` has field and text, decoded, and any other columns. The longest, then the first match of a rule is shown.
    """
    if texts.height <= _FEW:
        return _read(texts, matcher)
    parts = (texts.slice(at, _LOT) for at in range(0, texts.height, _LOT))
    # The next lot goes through the sieve, which needs no interpreter, while what was left of the last is read.
    return pl.concat([_read(left, matcher) for left in ahead(_sifted(each, matcher) for each in parts)])


def _sifted(texts: pl.DataFrame, matcher: Matcher) -> pl.DataFrame:
    """The few in a hundred that may hold something."""
    typed = ~texts["field"].is_in(OF_PAGES)
    return texts.filter(holds_any(texts["text"], matcher.phrases, typed, matcher.weighted))


def _read(texts: pl.DataFrame, matcher: Matcher) -> pl.DataFrame:
    hides = ~is_ascii(pl.col("text")) | may_hide(pl.col("text"))
    distinct = texts.select("field", "text").unique().with_columns(hides.alias("hides"))
    # So many at a time, because their views are kept until all are read.
    rows = [row for lot in lots(distinct, _AT_ONCE) for row in _rows(lot, matcher)]
    return texts.join(pl.DataFrame(rows, schema=TEXT_HITS, orient="row"), on=["field", "text"], how="inner")


def _rows(distinct: pl.DataFrame, matcher: Matcher) -> Iterator[tuple[Any, ...]]:
    """Rows of `TEXT_HITS` for some texts: field, text, hides."""
    by_hand = distinct.filter(~pl.col("field").is_in(OF_PAGES))["text"].unique()
    several = Several(dict(distinct.select("text", "hides").iter_rows()), by_hand, matcher.phrases)
    # A loop over texts, because the automata read one at a time.
    for field, text, hidden in distinct.iter_rows():
        yield from hits_in(field, text, matcher, several, hides=hidden)


def hits_in(
    field: str, text: str, matcher: Matcher, among: Several | None = None, *, hides: bool = True
) -> Iterator[tuple[Any, ...]]:
    """Rows of `TEXT_HITS` for one text of a field; `among` and `hides` as `found_in` takes them."""
    known: dict[str, Beside] = {}
    strongest, told = 0.0, set[str]()
    weighing = weighing_of(field, text, matcher)
    finds = found_in(text, matcher.phrases, typed=field not in OF_PAGES, hides=hides, among=among)
    for find in finds:
        rule, beside = matcher.rules[find.rule], known.setdefault(find.beside, Beside(find.beside))
        if not _counts(find, rule, field, beside):
            continue
        full = _weight(rule, beside)
        if weighing and yields(find, full, weighing, matcher):
            full *= LOWERED
        weight = round(max(full * WEIGHT[find.view.name], least(find, beside, matcher)), 2)
        strongest = max(strongest, weight)
        # What is lowered says rather that it is nothing.
        if weight >= weighted.LEAST and full >= rule.weight:
            told.add(rule.category)
        yield (
            rule.rule_id, rule.watchlist, rule.watchlist_sha256, rule.category, field, text, find.start, find.end,
            find.view.name, weight,
        )  # fmt: skip
    if weighing and strongest < weighted.ENOUGH:
        yield from _weighed(field, weighing, matcher, told)


def _counts(find: Find, rule: Rule, field: str, beside: Beside) -> bool:
    if field not in rule.fields or rule.silencing.any_in(beside):
        return False
    if rule.needs and not rule.needed.any_in(beside):
        return False
    return not is_of_a_stranger(find, field, beside)


def is_of_a_stranger(find: Find, field: str, beside: Beside) -> bool:
    """Whether it is found of somebody who is named in a search or a title, and whom nothing says its writer knows."""
    strange = find.view.of_somebody and field != "typed_text"
    return strange and not is_one_of_us(beside.folded, beside.words)


def weighing_of(field: str, text: str, matcher: Matcher) -> Weighing | None:
    """What the words of a text say together, in the fields in which they are asked."""
    return matcher.weighted.weighing(text) if matcher.weighted and field in weighted.FIELDS else None


def _weighed(field: str, weighing: Weighing, matcher: Matcher, told: set[str]) -> Iterator[tuple[Any, ...]]:
    """What the words of a text say together; a category that rules have `told` only where that makes a draft."""
    found, words = weighing.found(told), weighing.list
    if not found:
        return
    weight = found.weight(with_a_rule=bool(told), at_risk=found.category in matcher.at_risk)
    if found.category not in told or weight >= weighted.ENOUGH:
        yield (
            found.rule_id, words.path.name, words.sha256, found.category, field, weighing.text, found.start, found.end,
            BY_WORDS, weight,
        )  # fmt: skip


def yields(find: Find, weight: float, weighing: Weighing, matcher: Matcher) -> bool:
    """Whether a find that weighs so much is lowered by the words around it, which are those of ordinary texts."""
    rule = matcher.rules[find.rule]
    # The points are of words as they are spelt.
    if not rule.yields or find.view.name != "words" or not weighted.is_doubtful(weight):
        return False
    return weighing.is_against(rule.category, at_risk=rule.category in matcher.at_risk)


def _weight(rule: Rule, beside: Beside) -> float:
    weight = rule.weight
    if rule.lowering.any_in(beside):
        weight *= LOWERED
    if rule.raising.any_in(beside):
        weight *= RAISED
    return min(weight, _HIGHEST_WEIGHT)


def least(find: Find, beside: Beside, matcher: Matcher) -> float:
    """What a find weighs at the least, whatever stands beside it.

    What a child at risk says of itself and would be drafted by itself stays a draft: it says so in a lesson as well.
    """
    rule = matcher.rules[find.rule]
    if rule.category not in matcher.at_risk or not beside.of_oneself:
        return 0.0
    by_itself = rule.weight * WEIGHT[find.view.name] * (RAISED if rule.raising.any_in(beside) else 1)
    return weighted.ENOUGH if by_itself >= weighted.ENOUGH else 0.0


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
                both = [_match_seeming(values, matcher), hits.select(list(TEXT_HITS))]
                hits = pl.concat(both).unique(["text", "rule_id"], keep="first", maintain_order=True)
            hits = hits.with_columns(value="text")
        found.append(hits.select(pl.lit(column).alias("column"), "value", *TEXT_HITS))
    return pl.concat(found)


def _texts_of(field: str, values: pl.Series) -> pl.DataFrame:
    """Values of one field as `match_texts` takes them; a file may well have none at all."""
    return values.cast(pl.String).to_frame("text").select(field=pl.lit(field), text="text")


def _match_urls(urls: pl.Series, matcher: Matcher) -> pl.DataFrame:
    """The terms in URLs: value and the columns of `TEXT_HITS`.

    Whole addresses go through the sieve; only the few that hold a term anywhere are taken apart.
    """
    whole = pl.DataFrame({"url": urls, "text": unescape(urls)})
    # Of a short log all are taken apart: a sieve takes longer to make.
    few = len(urls) <= _FEW_URLS
    searching = may_search(whole["url"])
    may = pl.Series([True]) if few else holds_any(whole["text"], matcher.phrases, searching)
    if not few and matcher.weighted:
        may |= _worth_weighing(whole["url"], searching & ~may, matcher.weighted)
    hides = whole["url"].str.contains(_HIDES)
    parts = url_parts(whole.filter(may | hides)["url"])
    hosts = parts.drop_nulls("host").select("url", field=pl.lit("host"), text="host")
    fields = pl.concat([_url_fields(parts), hosts]).rename({"url": "value"})
    seeming = hosts.select("url", "text").join(_match_seeming(hosts["text"], matcher), on="text", how="inner")
    found = _on_help_pages(match_texts(fields, matcher).select("value", *TEXT_HITS), hosts, matcher)
    both = pl.concat([seeming.select(pl.col("url").alias("value"), *TEXT_HITS), found])
    return both.unique(["value", "field", "rule_id"], keep="first", maintain_order=True)


def _worth_weighing(urls: pl.Series, among: pl.Series, words: WeightedWords) -> pl.Series:
    """Which of some URLs hold a search whose words together may be enough."""
    asked, found = urls.filter(among), [pl.Series(dtype=pl.String)]
    # Taken apart they are several times as long.
    for at in range(0, len(asked), _FEW):
        searches = search_terms(url_parts(asked.slice(at, _FEW)))
        found.append(searches.filter(worth_weighing(searches["search_text"], words))["url"])
    return urls.is_in(pl.concat(found).implode())


def _on_help_pages(hits: pl.DataFrame, hosts: pl.DataFrame, matcher: Matcher) -> pl.DataFrame:
    """The hits, lower where words stand in the path of a page that helps: to read about it is no offence.

    What stands behind the question mark may have been typed there, and counts in full.
    """
    known = [host for host in hosts["text"].unique() if matcher.helps(host)]
    if not known:
        return hits
    there = hosts.filter(pl.col("text").is_in(known))["url"]
    reads = pl.col("value").is_in(there.implode()) & (pl.col("field") == "path")
    return hits.with_columns(weight=pl.when(reads).then((pl.col("weight") * LOWERED).round(2)).otherwise("weight"))


def _match_seeming(hosts: pl.Series, matcher: Matcher) -> pl.DataFrame:
    """The terms in what hosts in ASCII seem to be: `TEXT_HITS`, of which each shows the whole host.

    Where a host stands in its own letters, its views show the same.
    """
    alike = read_as(hosts.filter(hosts.str.contains("xn--", literal=True)))
    hits = match_texts(alike.select("host", field=pl.lit("host"), text="latin"), matcher)
    length = pl.col("host").str.len_chars().cast(pl.Int64)
    weight = pl.when(view="words").then(pl.col("weight") * WEIGHT["look-alikes"]).otherwise("weight")
    view = pl.when(view="words").then(pl.lit("look-alikes")).otherwise("view")
    shown = hits.with_columns(text="host", start=pl.lit(0, pl.Int64), end=length, weight=weight, view=view)
    return shown.select(list(TEXT_HITS))


def fields_of_url(url: str) -> Iterator[tuple[str, str]]:
    """The texts in which something is looked for in one URL: field and text."""
    parts = url_parts(pl.Series([url]))
    table = pl.concat([_url_fields(parts), parts.drop_nulls("host").select("url", field=pl.lit("host"), text="host")])
    return table.select("field", "text").iter_rows()


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
