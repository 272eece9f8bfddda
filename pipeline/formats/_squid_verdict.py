"""What Squid did with a request, and what its line shows of a person.

In: the result (`TCP_MISS`), the status sent to the client, how the server was chosen (`HIER_DIRECT`) and the URL, as
expressions. Out: verdict and kind. Refuses nothing.

A 407 asks for a login and is no block; a redirector's redirect leads to the block page; what Squid answered without
asking anybody, with a status of failure, failed on the way.
Source: "Squid log files" in Squid's wiki; what Squid 5.7 wrote.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import polars as pl

#: How a server is chosen, in the words of all versions; `TIMEOUT_` may stand before each.
HIERARCHY: Final = (
    "HIER_DIRECT", "HIER_NONE", "DIRECT", "NONE", "FIRSTUP_PARENT", "FIRST_UP_PARENT", "ROUNDROBIN_PARENT",
    "DEFAULT_PARENT", "SINGLE_PARENT", "PARENT_HIT", "PARENT_MISS", "FIRST_PARENT_MISS", "CLOSEST_PARENT_MISS",
    "SIBLING_HIT", "ORIGINAL_DST", "PINNED", "CARP", "SOURCEHASH_PARENT", "USERHASH_PARENT", "ANY_OLD_PARENT",
    "ANY_PARENT", "CLOSEST_PARENT", "CLOSEST_DIRECT", "STANDBY_POOL", "SOURCE_FASTEST", "NO_DIRECT_FAIL",
    "CACHE_DIGEST_HIT", "CD_PARENT_HIT", "CD_SIBLING_HIT", "NO_CACHE_DIGEST_DIRECT",
)  # fmt: skip
#: What Squid answered without asking anybody.
_NO_PEER: Final = ("HIER_NONE", "NONE", "TIMEOUT_HIER_NONE", "TIMEOUT_NONE")


def verdict(result: pl.Expr, status: pl.Expr, hierarchy: pl.Expr, url: pl.Expr) -> pl.Expr:
    """The verdict; `result` and `hierarchy` may have more behind a slash."""
    denied = result.str.starts_with("TCP_DENIED") | result.str.starts_with("DENIED")
    login = (status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED) | (denied & (status == HTTPStatus.UNAUTHORIZED))
    nobody = pl.any_horizontal(hierarchy.str.starts_with(each) for each in _NO_PEER)
    own_failure = (status >= HTTPStatus.BAD_REQUEST) & (result.str.starts_with("NONE") | nobody)
    return (
        pl.when(login)
        .then(pl.lit("challenge"))
        .when(denied | result.str.starts_with("TCP_REDIRECT"))
        .then(pl.lit("blocked"))
        .when((status == 0) | own_failure | url.str.starts_with("error:"))
        .then(pl.lit("error"))
        .otherwise(pl.lit("allowed"))
    )
