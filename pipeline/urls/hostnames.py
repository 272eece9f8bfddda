"""Host names: both ways of writing an international one, and which entries of a data file a host belongs to.

In: distinct hosts in lower case, as `text.hosts_of` gives them. Out: a table, or the numbers of the entries. Refuses
nothing: a label that cannot be written the other way stays as it is, for a log holds what somebody sent.
"""

from __future__ import annotations

import encodings.idna
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from pipeline.text import public_suffix

FORMS = pl.Schema({"host": pl.String, "unicode": pl.String, "ascii": pl.String})
_PREFIX = "xn--"
#: What else ends a label, to a browser.
_FULL_STOPS = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))
#: No label of the internet is longer; punycode takes time that grows with the square.
_LONGEST_LABEL = 63
#: No pattern of a data file has so many labels; a line of a log may.
_MOST_LABELS = 12


def forms(hosts: pl.Series) -> pl.DataFrame:
    """The international hosts among distinct `hosts`: each with its Unicode and its ASCII form, a table of `FORMS`.

    A host of plain ASCII labels is both of its forms already and has no row.
    """
    named = hosts.cast(pl.String).drop_nulls().rename("host")
    plain = (named.str.len_bytes() == named.str.len_chars()) & ~named.str.contains(_PREFIX, literal=True)
    rows = [(host, unicode_form(host), ascii_form(host)) for host in named.filter(~plain)]
    return pl.DataFrame(rows, schema=FORMS, orient="row")


def unicode_form(host: str) -> str:
    """The host with its A-labels (`xn--`) written out; a label that is none is left alone."""
    return ".".join(map(_read_label, host.lower().translate(_FULL_STOPS).split(".")))


def ascii_form(host: str) -> str:
    """The host as a name server is asked for it; a label that cannot be written so is left alone."""
    return ".".join(map(_write_label, host.lower().translate(_FULL_STOPS).split(".")))


def _read_label(label: str) -> str:
    if not label.startswith(_PREFIX) or not label.isascii() or len(label) > _LONGEST_LABEL:
        return label
    try:
        # By punycode alone: IDNA of 2003 would refuse labels that browsers show.
        read = label.removeprefix(_PREFIX).encode("ascii").decode("punycode")
        read.encode("utf-8")
    except (UnicodeError, ValueError, OverflowError):
        return label
    # A hidden dot or slash would make another host of it.
    return label if not read or read.isascii() or any(each in "./:@ " for each in read) else read


def _write_label(label: str) -> str:
    if label.isascii() or len(label) > _LONGEST_LABEL:
        return label
    try:
        return encodings.idna.ToASCII(label).decode("ascii")
    except (UnicodeError, ValueError):
        return _by_punycode(label)


def _by_punycode(label: str) -> str:
    """For letters that are younger than IDNA of 2003."""
    try:
        return _PREFIX + label.encode("punycode").decode("ascii")
    except UnicodeError:
        return label


@dataclass(frozen=True)
class Patterns:
    """Names of sites, each with the numbers of the entries that have it; see `patterns`."""

    exact: dict[str, tuple[int, ...]]
    any_suffix: dict[str, tuple[int, ...]]
    anywhere: tuple[int, ...]

    def of(self, host: str) -> tuple[int, ...]:
        """The entries that a host belongs to, in their order."""
        found = {*self.anywhere, *_below(host, self.exact)}
        if any(f"{name}." in host for name in self.any_suffix):
            suffix = public_suffix(host)
            found |= {*_below(host.removesuffix(f".{suffix}"), self.any_suffix)} if suffix else set()
        return tuple(sorted(found))

    def among(self, hosts: pl.Series) -> pl.Series:
        """A quick sieve over distinct hosts: all that belong to an entry, and a few that do not."""
        return hosts.filter(hosts.str.contains_any(self.texts()))

    def texts(self) -> list[str]:
        """What every host holds that belongs to an entry with names."""
        return [*self.exact, *(f"{name}." for name in self.any_suffix)]


def _below(host: str, names: dict[str, tuple[int, ...]]) -> list[int]:
    labels = host.rsplit(".", _MOST_LABELS)[-_MOST_LABELS:]
    return [number for at in range(len(labels)) for number in names.get(".".join(labels[at:]), ())]


def patterns(entries: Iterable[Sequence[str]]) -> Patterns:
    """The sites of each entry, ready to be looked up.

    `name.example` is that host and everything below it, `name.*` the name directly under any public suffix and
    everything below it, `*` any host.
    """
    exact: dict[str, tuple[int, ...]] = {}
    any_suffix: dict[str, tuple[int, ...]] = {}
    anywhere: list[int] = []
    for number, names in enumerate(entries):
        for name in names:
            if name == "*":
                anywhere.append(number)
                continue
            table = any_suffix if name.endswith(".*") else exact
            key = name.removesuffix(".*")
            table[key] = (*table.get(key, ()), number)
    return Patterns(exact, any_suffix, tuple(anywhere))
