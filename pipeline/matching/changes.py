"""The rules as the layers of policy leave them: other weights, other severities, some taken out.

In: watchlists, the folders that each layer brought them in, the policies of all layers (`policy`), the school's last.
Out: the watchlists that hold. Refuses a change of what nobody has, and one that weakens what a layer above has locked:
with file and line, and the name of that layer.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pipeline.errors import ConfigError
from pipeline.schema import LEVELS
from pipeline.settings.policy import Change, Policy
from pipeline.settings.tomlplace import Key
from pipeline.watchlist import DomainRule, TextRule, Watchlist, Watchlists

_Rule = TextRule | DomainRule
_Kind = TypeVar("_Kind", TextRule, DomainRule)


def changed(lists: Watchlists, policies: Sequence[Policy], above: Mapping[Path, int]) -> Watchlists:
    """The lists with the changes of all layers. Raises `ConfigError`.

    `above` says of a folder which layer brought it, counted as in `policies`; what is not in it came before all layers.
    """
    for at, policy in enumerate(policies):
        for number, change in enumerate(policy.tables.change):
            _refuse_unknown(lists, policy, number, change)
            refuse_locked(lists, policies[: at + 1], ("change", number), change, above)
            lists = replace(lists, lists=tuple(_list_after(each, change, policy) for each in lists.lists))
            if lists.weighted and change.off:
                lists = replace(lists, weighted=lists.weighted.without(change.rule, change.category))
    return lists


def _rules(watchlist: Watchlist) -> list[_Rule]:
    return [*watchlist.text_rules, *watchlist.domain_rules]


def _refuse_unknown(lists: Watchlists, policy: Policy, number: int, change: Change) -> None:
    weighted = lists.weighted.rules if lists.weighted else {}
    rules = [*(rule.id for each in lists.lists for rule in _rules(each)), *weighted]
    known = list(lists.categories) if change.category else rules
    name, kind = (change.category, "category") if change.category else (change.rule or "", "rule")
    if name not in known:
        close = difflib.get_close_matches(str(name), known, n=1)
        remedy = f"Did you mean {close[0]!r}?" if close else "See the watchlists for their names."
        raise ConfigError(
            f"there is no {kind} {name!r} to change.", **policy.place("change", number, kind), remedy=remedy
        )
    if name in weighted and not change.off:
        what, remedy = f"{name!r} has no weight of its own.", "Write off = true in its place, or leave it as it is."
        raise ConfigError(what, **policy.place("change", number, kind), remedy=remedy)


def refuse_locked(
    lists: Watchlists, policies: Sequence[Policy], key: Key, change: Change, above: Mapping[Path, int]
) -> None:
    """Raise for a change by the last of some layers, at a key of its file, that weakens what one above has locked."""
    weakened = list(_weakened(lists, change))
    for at, locking in enumerate(policies[:-1]):
        for number_of_lock, lock in enumerate(locking.tables.lock):
            for category, rule_id, folder in weakened:
                # A lock holds what was there when it was made, not what a lower layer adds to the same category.
                later = folder is not None and above.get(folder, -1) > at
                if (lock.category == category or (rule_id is not None and lock.rule == rule_id)) and not later:
                    what = f"rule {rule_id!r}" if rule_id is not None else f"the category {category!r}"
                    where = f"{locking.layer} ({locking.path}:{locking.line('lock', number_of_lock)})"
                    raise ConfigError(
                        f"{what} is locked by {where}.", **policies[-1].place(*key),
                        remedy="Take the change out: what is locked may be made stricter, never weaker.",
                    )  # fmt: skip


def _weakened(lists: Watchlists, change: Change) -> Iterable[tuple[str, str | None, Path | None]]:
    """Category, rule and its folder of what a change makes weaker; no rule where it is the category itself."""
    for each in lists.lists:
        category = each.category
        severity = change.severity if category.id == change.category else None
        if severity and LEVELS.index(severity) > LEVELS.index(category.severity):
            yield category.id, None, None
        for rule in _rules(each):
            if _is_meant(rule, change) and (change.off or (change.weight or 0) < rule.weight):
                yield category.id, rule.id, rule.place.path.parent
    if change.off and (words := lists.weighted):
        for rule_id, name in words.rules.items():
            if rule_id == change.rule or name == change.category:
                yield name, rule_id, words.path.parent


def _is_meant(rule: _Rule, change: Change) -> bool:
    """Whether a change touches a rule: it is named, or all of its category is taken out."""
    return rule.id == change.rule or (change.off and rule.category == change.category)


def _list_after(watchlist: Watchlist, change: Change, policy: Policy) -> Watchlist:
    category = watchlist.category
    if change.severity and category.id == change.category:
        category = replace(category, severity=change.severity)
    texts = tuple(_rules_after(watchlist.text_rules, change))
    domains = tuple(_rules_after(watchlist.domain_rules, change))
    after = replace(watchlist, category=category, text_rules=texts, domain_rules=domains)
    if after == watchlist:
        return watchlist
    # A hit says by this with which rules it was found.
    both = hashlib.sha256(f"{watchlist.sha256}|{policy.sha256}".encode()).hexdigest()
    return replace(after, sha256=both)


def _rules_after(rules: Iterable[_Kind], change: Change) -> Iterable[_Kind]:
    for rule in rules:
        if not _is_meant(rule, change):
            yield rule
        elif not change.off:
            yield replace(rule, weight=rule.weight if change.weight is None else change.weight)
