"""Client addresses in one spelling, and the listed ranges that hold them.

In: addresses as logs and the school's device file write them. Out: the one spelling that each address has
(IPv6 lower case and compressed, an IPv4 address inside IPv6 as IPv4), or the ranges that hold it. What is no
address stays text: a log may well name a computer where an address is expected.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from functools import lru_cache
from typing import Final

import polars as pl

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Each seen address beside each listed range that holds it; `bits` is the length of the range's prefix.
HOLDING: Final = pl.Schema({"address": pl.String(), "range": pl.String(), "bits": pl.Int32()})


def read_address(text: str) -> Address:
    """The address; an IPv4 address mapped into IPv6 is the IPv4 address. Raises `ValueError`."""
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def normalise_addresses(raw: pl.Series) -> pl.Series:
    """A column of addresses in one spelling, worked out once per distinct value; a blank becomes null."""
    texts = raw.cast(pl.String).str.strip_chars()
    distinct = texts.drop_nulls().unique()
    spellings = [_spelling(text) for text in distinct.to_list()]
    return texts.replace_strict(distinct, pl.Series(spellings, dtype=pl.String), default=None, return_dtype=pl.String)


@lru_cache(maxsize=1 << 16)
def _spelling(text: str) -> str | None:
    return str(_or_none(text) or text) or None


def holding_ranges(seen: pl.Series, listed: pl.Series) -> pl.DataFrame:
    """Which of the listed addresses and ranges hold each seen address: a table of `HOLDING`.

    One look-up per distinct address and prefix length, because polars has no type for addresses.
    """
    texts: defaultdict[Network, list[str]] = defaultdict(list)
    for text in listed.drop_nulls().unique().to_list():
        texts[ipaddress.ip_network(text)].append(text)
    if not texts:
        return pl.DataFrame(schema=HOLDING)
    lengths = {(network.version, network.prefixlen) for network in texts}
    found = [
        (text, held, bits)
        for text in seen.drop_nulls().unique().to_list()
        if (address := _or_none(text)) is not None
        for version, bits in lengths
        if version == address.version
        for held in texts.get(ipaddress.ip_network((address, bits), strict=False), [])
    ]
    return pl.DataFrame(found, schema=HOLDING, orient="row")


def _or_none(text: str) -> Address | None:
    try:
        return read_address(text)
    except ValueError:
        return None
