"""Why the watchlists find something in a text, or nothing; and what is doubtful in the watchlists themselves.

In: a text or URL, and compiled watchlists. Out: lines for a person: each rule that finds something, the characters, the
view, and how its weight came about, also of rules that a context has silenced. For the watchlists: faults that do not
stop a run, with file and line. Refuses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import polars as pl

from pipeline.match import (
    LOWERED,
    OF_PAGES,
    RAISED,
    fields_of_url,
    hits_in,
    is_of_a_stranger,
    least,
    weighing_of,
    yields,
)
from pipeline.matching.matcher import Matcher, Rule
from pipeline.matching.matchsites import match_hosts
from pipeline.output.record import shown
from pipeline.priority import FIELD_FACTORS, LevelBounds, with_levels
from pipeline.schema import BY_WORDS
from pipeline.spelling.views import NAMED, WEIGHT, hides
from pipeline.text import fold_one
from pipeline.watchlist import TextRule, Watchlists
from pipeline.words import weighted
from pipeline.words.beside import Beside
from pipeline.words.finding import Find, found_in
from pipeline.words.phrases import contexts
from pipeline.words.weighted import Weighing

#: The fields of a rule about the filter's own words, which nobody has written.
_BY_FILTER = frozenset(["vendor_category"])


def explained(kind: str, text: str, matcher: Matcher, bounds: LevelBounds) -> list[str]:
    """What is found in a text of this field, or in a URL (`url`), in lines."""
    fields = [(kind, text)] if kind != "url" else list(fields_of_url(text))
    helps = any(field == "host" and matcher.helps(said) for field, said in fields)
    lines = list(chain.from_iterable(_in_field(*each, matcher, bounds, helps=helps) for each in fields))
    return lines or ["Nothing is found."]


def _in_field(field: str, text: str, matcher: Matcher, bounds: LevelBounds, *, helps: bool) -> Iterator[str]:
    weighing = weighing_of(field, text, matcher)
    found = found_in(text, matcher.phrases, typed=field not in OF_PAGES, hides=hides(text))
    for find in sorted(found, key=lambda each: (each.start, each.rule)):
        if matcher.rules[find.rule].fields != _BY_FILTER:
            reads = helps and field == "path"
            yield from _of_find(field, text, find, matcher, bounds, weighing, on_help_page=reads)
    if weighing:
        yield from _of_words(field, text, weighing, matcher, bounds)
    if field == "host":
        for hit in match_hosts(pl.Series([text]), matcher, long_lists=False).iter_rows(named=True):
            name = text[hit["start"] :]
            yield f"{hit['rule_id']} ({hit['category']}): {shown(name)} is a listed site; weight {hit['weight']:g}"


def _of_words(field: str, text: str, weighing: Weighing, matcher: Matcher, bounds: LevelBounds) -> Iterator[str]:
    """What the words say together, and whether that counts beside what the rules find."""
    counts = next((hit for hit in hits_in(field, text, matcher, hides=hides(text)) if hit[-2] == BY_WORDS), None)
    found = weighing.found({counts[3]} if counts else frozenset())
    if not found:
        return
    said = ", ".join(f"{shown(name)!r} {points:+}" for name, points in found.telling)
    where = f"{found.rule_id} ({found.category}): {shown(text[found.start : found.end])!r} in {field}"
    sums = f"{found.in_favour:+} for it in all, {found.against} against it, and {found.needed} are needed"
    what = "silent, because what rules find is enough"
    if counts:
        what = f"weight {_levelled(counts[-1], field, BY_WORDS, bounds)}"
    if counts and counts[-1] >= weighted.ENOUGH:
        what += ", for a rule finds something as well, or a child may be at risk"
    yield f"{where}: {said}; {sums}; {what}"


def _levelled(weight: float, field: str, view: str, bounds: LevelBounds) -> str:
    """The score and level that a find gets."""
    hit = pl.DataFrame({"weight": [round(weight, 2)], "field": [field], "view": [view], "kind": ["typed"]})
    row = with_levels(hit, bounds).row(0, named=True)
    return f"{row['score']:g}, {row['level']}"


def _of_find(
    field: str,
    text: str,
    find: Find,
    matcher: Matcher,
    bounds: LevelBounds,
    weighing: Weighing | None,
    *,
    on_help_page: bool,
) -> Iterator[str]:
    rule = matcher.rules[find.rule]
    where = f"{rule.rule_id} ({rule.category}): {shown(text[find.start : find.end])!r} in {field}"
    if rule.translation:
        where += f", in {shown(rule.translation)}"
    silent = _silent(field, find, rule)
    if silent:
        yield f"{where}: silent, because {silent}"
        return
    weight, steps = rule.weight, [f"weight {rule.weight:g}"]
    for words, factor, verb in ((rule.lowers, LOWERED, "lowered"), (rule.raises, RAISED, "raised")):
        met = _met(words, find)
        if met:
            weight *= factor
            steps.append(f"{verb} by {met!r} x {factor:g}")
    weight = min(weight, 100.0)
    if weighing and yields(find, weight, weighing, matcher):
        weight *= LOWERED
        steps.append(f"lowered by its other words, which are those of ordinary texts, x {LOWERED:g}")
    if find.view.name != "words":
        weight *= WEIGHT[find.view.name]
        named = "him or her in place of the name" if find.view.of_somebody else ""
        hidden = f"hidden ({find.view.name})" if find.view.name != NAMED else ""
        seen = ", ".join(filter(None, [named, hidden]))
        steps.append(f"{seen} x {WEIGHT[find.view.name]:g}")
    kept = least(find, Beside(find.beside), matcher)
    if weight < kept:
        weight = kept
        steps.append(f"never less than {kept:g}, because somebody speaks of himself or herself")
    if on_help_page:
        weight *= LOWERED
        steps.append(f"on the page of a site that helps x {LOWERED:g}")
    if FIELD_FACTORS.get(field, 1.0) != 1.0:
        steps.append(f"in {field} x {FIELD_FACTORS[field]:g}")
    nearby = "; it makes what is graver nearby more urgent" if rule.imminent else ""
    yield f"{where}: {', '.join(steps)} = {_levelled(weight, field, find.view.name, bounds)}{nearby}"


def _silent(field: str, find: Find, rule: Rule) -> str:
    if field not in rule.fields:
        return f"it does not look into {field}"
    cancelled = _met(rule.unless, find)
    if cancelled:
        return f"{cancelled!r} stands beside it"
    if rule.needs and not _met(rule.needs, find):
        return "none of the words that it needs stands beside it"
    if is_of_a_stranger(find, field, Beside(find.beside)):
        return "it is about a name, and nothing beside it says that the writer knows who that is"
    return ""


def _met(words: Sequence[str], find: Find) -> str:
    """The first of some contexts that is there."""
    return next((each.strip() for each in words if each in find.beside), "")


# ---------------------------------------------------------------- the lists themselves


def doubtful(lists: Watchlists, dictionary: Iterable[str] = ()) -> list[str]:
    """What is no error, and probably not meant: in the order of the files, each with file and line.

    `dictionary` are ordinary words, in which no stem and no phrase without its blanks should be found.
    """
    rules = [rule for each in lists.lists for rule in each.text_rules]
    found = [*_twice(rules), *_never(rules), *_in_ordinary_words(rules, frozenset(dictionary))]
    return [f"{rule.place.path}:{rule.place.line}: rule {rule.id!r}: {what}" for rule, what in found]


def _keys(rule: TextRule) -> set[str]:
    return set(contexts(phrase for term in rule.terms if len(term.parts) == 1 for phrase in term.parts[0]))


def _twice(rules: Sequence[TextRule]) -> Iterator[tuple[TextRule, str]]:
    """Phrases that two rules of one category both have; not where one needs other words beside it: that is meant."""
    owners: defaultdict[tuple[str, str], list[TextRule]] = defaultdict(list)
    for rule in rules:
        for key in sorted(_keys(rule)):
            owners[rule.category, key].append(rule)
    for (_, key), (first, *others) in owners.items():
        for other in (each for each in others if set(each.fields) & set(first.fields) and each.needs == first.needs):
            yield other, f"{key.strip()!r} stands in {first.id!r} as well"


def _never(rules: Sequence[TextRule]) -> Iterator[tuple[TextRule, str]]:
    """Phrases in which a word that silences the rule stands itself."""
    for rule in rules:
        silencing = contexts(rule.unless)
        for key in sorted(_keys(rule)):
            met = next((each for each in silencing if each in key), None)
            if met is not None:
                yield rule, f"{key.strip()!r} is never found: its own words hold {met.strip()!r} of 'unless'"


def _in_ordinary_words(rules: Sequence[TextRule], dictionary: frozenset[str]) -> Iterator[tuple[TextRule, str]]:
    words = [fold_one(word)[0] for word in sorted(dictionary)]
    for rule in rules:
        known = {key.strip() for key in _keys(rule)}
        for key in sorted(_keys(rule)):
            if key.startswith(" ") and key.endswith(" "):
                continue
            inside = [word.strip() for word in words if key in word and word.strip() not in known]
            if inside:
                shortest = ", ".join(sorted(inside, key=len)[:5])
                yield rule, f"the stem {key.strip()!r} is found in ordinary words: {shortest}"
