"""What a SonicWall says of a web site, whichever way its log is written down.

In: the columns of a record (the number of its message, the service, the user). Out: verdict, kind, scheme and user.

- The number of the message says what the record is: 14 is access denied, 16 access allowed, 97 a site visited. With
  `fw_action` set to `drop` the firewall let nothing through.
- The user is `Unknown (...)` where the device could not find out.
- Of an encrypted site the name is known, and no path.
Source: SonicOS Log Events Reference Guide 5.8 to 7.1.
"""

from __future__ import annotations

from typing import Final

import polars as pl

#: The messages of web sites, and what they say of the request.
VERDICTS: Final = {"14": "blocked", "16": "allowed", "97": "allowed"}
_SCHEMES: Final = {"tcp/http": "http://", "tcp/https": "https://"}


def scheme() -> pl.Expr:
    """What stands before the name of the site, where the service `proto` has a scheme."""
    return pl.col("proto").replace_strict(_SCHEMES, default="", return_dtype=pl.String)


def known(user: pl.Expr) -> pl.Expr:
    """The user, but for the device's words for nobody."""
    return pl.when(~user.str.contains(r"^Unknown(?: \(.*\))?$")).then(user)


def verdict(number: str, action: pl.Expr) -> pl.Expr:
    """What was done, by the message's number, and `fw_action` without its quotes."""
    word = pl.col(number).replace_strict(VERDICTS, default="unknown", return_dtype=pl.String).fill_null("unknown")
    return pl.when((action == "drop").fill_null(value=False)).then(pl.lit("blocked")).otherwise(word)


def kind(url: pl.Expr) -> pl.Expr:
    """A page, or a name only."""
    front = url.str.contains(r"^https://[^/?#]*/?$").fill_null(value=True)
    return pl.when(front).then(pl.lit("host-only")).otherwise(pl.lit("page"))
