"""What both logs of Skyhigh Secure Web Gateway (McAfee Web Gateway) say in the same way.

In: expressions over the status, the number of the block (`Block.ID`), the method and the content type. Out: verdict and
kind. Refuses nothing. The number is 0 where no rule blocked; 1 and 3 are failures of the gateway itself; all others,
also those that a school gives its own rules, are blocks. A login is asked for with 407, or by the gateway with 401.
Source: Web Gateway product guide, "List of block reason IDs".
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats._cells import is_background
from pipeline.formats._keyed import number

_FAILURES: Final = (1, 3)
#: CERTVERIFY is the gateway's own word for the look at a certificate before a CONNECT is opened up.
_NAMES_ONLY: Final = ("CONNECT", "CERTVERIFY")


def verdict(status: pl.Expr, block: pl.Expr) -> pl.Expr:
    """What the gateway did; `block` is the text of the number."""
    reason = number(block)
    login = (status == 407) | ((status == 401) & (reason > 0))
    return (
        pl.when(login)
        .then(pl.lit("challenge"))
        .when(reason.is_null())
        .then(pl.lit("unknown"))
        .when(reason == 0)
        .then(pl.lit("allowed"))
        .when(reason.is_in(_FAILURES))
        .then(pl.lit("error"))
        .otherwise(pl.lit("blocked"))
    )


def kind(method: pl.Expr, content_type: pl.Expr) -> pl.Expr:
    """Host only, part of a page, or page."""
    return (
        pl.when(method.is_in(_NAMES_ONLY).fill_null(value=False))
        .then(pl.lit("host-only"))
        .when(is_background(content_type))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )
