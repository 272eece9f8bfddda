"""Policy in layers: what a region or a trust lays down for its schools, and what they may change of it.

In: the folders of the layers, the widest first, each with a `policy.toml`; last the school's own tables. Out: the
limits that hold, and for the rules what each layer changes and locks (`changes` applies that; what it adds to the
routes, `casebook.response.routelayers`). A layer inherits what
lies above it, may add and tighten, and may not weaken what a layer above has locked: refused, with file and line and
the name of the layer that locked it.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ValidationError, model_validator

from pipeline.errors import ConfigError
from pipeline.schema import LEVELS
from pipeline.settings.limits import Name, Percent, Retention, Table, Thresholds, YesOrNo
from pipeline.settings.localroutes import ContactTable, RouteStep
from pipeline.settings.tomlfaults import Models, first_of
from pipeline.settings.tomlplace import line_of

#: The file of a layer's folder that is no watchlist.
POLICY: Final = "policy.toml"
_TABLES: Final[dict[str, type[Table]]] = {"thresholds": Thresholds, "retention": Retention}
#: What may be locked, and the way in which it is stricter: lower, higher, further down the levels, or only as it is.
_STRICTER: Final = {
    "thresholds.urgent": "lower", "thresholds.high": "lower", "thresholds.medium": "lower", "thresholds.low": "lower",
    "thresholds.draft": "level", "thresholds.small_number": "higher", "thresholds.episode_gap_minutes": "same",
    "thresholds.drafts_on_page": "same", "watchlists.shipped": "same",
    # What was nothing may go sooner, and a draft be told of sooner. All else is evidence as much as it is personal.
    "retention.events_days": "same", "retention.dismissed_days": "lower", "retention.incidents_days": "same",
    "retention.staff_incidents_days": "same", "retention.drafts_unreviewed_days": "lower",
    "retention.registers_days": "same",
}  # fmt: skip
_WORDS: Final = {
    "lower": "only a lower number is stricter", "higher": "only a higher number is stricter",
    "level": "only a less urgent level is stricter", "same": "it must stay as it is",
}  # fmt: skip

Severity = Literal["urgent", "high", "medium", "low", "record"]


class Change(Table):
    """`[[change]]`: another weight for one rule of a layer above, or none of it; another severity for a category."""

    rule: Name | None = None
    category: Name | None = None
    weight: Percent | None = None
    severity: Severity | None = None
    off: YesOrNo = False

    @model_validator(mode="after")
    def _says_what(self) -> Change:
        if (self.rule is None) == (self.category is None):
            raise ValueError("a change names either a rule or a category; write one of the two")
        if self.rule is not None and self.severity is not None:
            raise ValueError("a rule has a weight; a severity belongs to a category")
        if self.category is not None and self.weight is not None:
            raise ValueError("a category has a severity; a weight belongs to a rule")
        if not self.off and self.weight is None and self.severity is None:
            raise ValueError("a change says what becomes different: weight or severity = …, or off = true")
        return self


class Lock(Table):
    """`[[lock]]`: what no layer below may weaken."""

    rule: Name | None = None
    category: Name | None = None
    #: One of `_STRICTER`, or all that begin with `thresholds` or `retention`.
    setting: Name | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Lock:
        if [self.rule, self.category, self.setting].count(None) != 2:
            raise ValueError("a lock names one of rule, category and setting")
        if self.setting is not None and not settings_of(self):
            close = difflib.get_close_matches(self.setting, _STRICTER, n=1)
            known = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(_STRICTER)}"
            raise ValueError(f"there is no setting {self.setting!r}; {known}")
        return self


class PolicyTables(Table):
    """All of a `policy.toml`."""

    thresholds: Thresholds = Thresholds()
    retention: Retention = Retention()
    change: tuple[Change, ...] = ()
    lock: tuple[Lock, ...] = ()
    route_step: tuple[RouteStep, ...] = ()
    contact: tuple[ContactTable, ...] = ()


_MODELS: Models = {
    "": PolicyTables, "thresholds": Thresholds, "retention": Retention, "change": Change, "lock": Lock,
    "route_step": RouteStep, "contact": ContactTable,
}  # fmt: skip


@dataclass(frozen=True)
class Policy:
    """What one layer lays down, and where it stands."""

    layer: str
    path: Path
    text: str
    tables: PolicyTables

    @property
    def sha256(self) -> str:
        """Of its text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def place(self, *key: str | int) -> dict[str, Any]:
        """Path and line of a key, as errors take them."""
        return {"path": self.path, "line": self.line(*key)}

    def line(self, *key: str | int) -> int:
        """The line of a key."""
        return line_of(self.text, key)


def settings_of(lock: Lock) -> list[str]:
    """The settings that a lock holds."""
    return [each for each in _STRICTER if lock.setting is not None and f"{each}.".startswith(f"{lock.setting}.")]


def read(layer: str, folder: Path) -> Policy:
    """The policy of a folder; one without a `policy.toml` only adds watchlists. Raises `ConfigError`."""
    path = folder / POLICY
    if not path.is_file():
        return Policy(layer, path, "", PolicyTables())
    try:
        text = path.read_text("utf-8-sig")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"cannot be read as TOML: {error}.", path=path, remedy="Correct the file.") from error
    try:
        return Policy(layer, path, text, PolicyTables.model_validate(data))
    except ValidationError as error:
        raise first_of(error, path, text, _MODELS) from error


def limits(policies: Sequence[Policy]) -> tuple[Thresholds, Retention]:
    """The limits that hold where each layer has changed those above it. Raises `ConfigError`."""
    holds = {name: model().model_dump() for name, model in _TABLES.items()}
    for at, policy in enumerate(policies):
        for table, key, value in _given(policy):
            setting = f"{table}.{key}"
            if not _is_stricter(setting, holds[table][key], value):
                refuse_weaker(policies[: at + 1], setting, policy.line(table, key))
            holds[table][key] = value
    try:
        return Thresholds(**holds["thresholds"]), Retention(**holds["retention"])
    except ValidationError as error:
        what = "the thresholds of all layers together do not fall from urgent through high and medium to low."
        last = next(each for each in reversed(policies) if each.tables.thresholds.model_fields_set)
        raise ConfigError(what, path=last.path, line=last.line("thresholds"), remedy="Correct them here.") from error


def laid_down_by(policies: Sequence[Policy], table: str, key: str) -> str:
    """The name of the layer whose word on a limit holds."""
    return next(
        (each.layer for each in reversed(policies) if key in getattr(each.tables, table).model_fields_set),
        "the program",
    )


def _given(policy: Policy) -> Iterator[tuple[str, str, Any]]:
    """Table, key and value of the limits that a layer sets itself."""
    for name, model in _TABLES.items():
        table = getattr(policy.tables, name)
        yield from ((name, key, getattr(table, key)) for key in model.model_fields if key in table.model_fields_set)


def _is_stricter(setting: str, before: Any, after: Any) -> bool:
    """Whether a value is as strict as the one above it, or stricter."""
    way = _STRICTER[setting]
    if way == "level":
        return LEVELS.index(after) >= LEVELS.index(before)
    return bool(after == before or (way == "lower" and after < before) or (way == "higher" and after > before))


def refuse_weaker(policies: Sequence[Policy], setting: str, line: int) -> None:
    """Raise `ConfigError` for the last of some policies, which weakens a setting, if one above it has locked that."""
    for policy in policies[:-1]:
        for at, lock in enumerate(policy.tables.lock):
            if setting in settings_of(lock):
                raise ConfigError(
                    f"{setting} is locked by {policy.layer} ({policy.path}:{policy.line('lock', at)}).",
                    path=policies[-1].path, line=line, remedy=f"Take the line out: {_WORDS[_STRICTER[setting]]}.",
                )  # fmt: skip
