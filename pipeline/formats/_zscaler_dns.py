"""What Zscaler Internet Access says of a DNS query, in the JSON of its DNS feed.

In: one row for each record with the cells of `DNS_NAMES`, null where there is none. Out: the verdict.

`dns_req` is the name that was asked for, `clt_sip` the client, `category` that of the name, `durationms` how long the
answer took. `reqaction` is what was done to the request (`REQ_ALLOW`, `REQ_BLOCK`, `Allow`), `resaction` what was done
to the answer: a name is blocked where one of the two says so, and allowed where the request was allowed and nothing
else is said of the answer. A redirect leads the client elsewhere; whether to a page that says no, the word does not
tell (`unknown`). That there is no such name (`error`, `dns_resp`) is no block.
Source: Zscaler's help, "NSS Feed Output Format: DNS Logs".
"""

from __future__ import annotations

from typing import Final

import polars as pl

#: Each column by the names that it has in the templates.
DNS_NAMES: Final = {
    "name": ("dns_req",), "asked": ("reqaction",), "answered": ("resaction",), "topic": ("category",),
    "took": ("durationms",),
}  # fmt: skip
#: The document shows the third word cut off.
_BLOCKS: Final = ("block", "req_block", "res_bloc", "res_block")
_ALLOWS: Final = ("allow", "req_allow", "res_allow")


def dns_verdict(asked: str, answered: str) -> pl.Expr:
    """The verdict of what was done to the request and to its answer."""
    request, answer = pl.col(asked).str.to_lowercase(), pl.col(answered).str.to_lowercase()
    blocked = request.is_in(_BLOCKS).fill_null(value=False) | answer.is_in(_BLOCKS).fill_null(value=False)
    allowed = request.is_in(_ALLOWS).fill_null(value=False) & answer.is_in(_ALLOWS).fill_null(value=True)
    word = pl.when(allowed).then(pl.lit("allowed")).otherwise(pl.lit("unknown"))
    return pl.when(blocked).then(pl.lit("blocked")).otherwise(word)
