"""What a Palo Alto firewall says of a URL, whichever way its log is written down.

In: the columns of a record. Out: verdict, kind, user and method.

- `block-continue` shows a page with a button (`warned`), `continue` is the request after it was pressed;
  `block-override` asks for an administrator's code, `override` comes after it. `alert` let the page through and noted
  it.
- Where the firewall takes the address that a proxy forwards for a user name, the name is `x-fwd-for: ...`: nobody's.
- Where TLS is not decrypted the URL is the name in the certificate: `host-only`. Such a row has no method.
Source: PAN-OS Administrator's Guide 8.1 to 11.1, "URL Filtering Log Fields" and "Threat Log Fields".
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats._cells import is_background, said

_VERDICTS: Final = {
    "alert": "allowed", "allow": "allowed", "continue": "allowed", "override": "allowed", "block-continue": "warned",
    "block": "blocked", "block-url": "blocked", "block-ip": "blocked", "block-override": "blocked",
    "override-lockout": "blocked", "deny": "blocked", "drop": "blocked", "drop-packet": "blocked",
    "drop-all-packets": "blocked", "random-drop": "blocked", "reset-client": "blocked", "reset-server": "blocked",
    "reset-both": "blocked", "sinkhole": "blocked",
}  # fmt: skip
_FORWARDED: Final = "x-fwd-for:"
#: A value that begins with a quote and does not end with one.
OPEN: Final = r'^\\?"(?:|.*[^"])$'
#: The bytes of an empty value in escaped quotes.
_EMPTY: Final = 4
#: What stands for a method where none was seen.
_NO_METHOD: Final = "unknown"


def verdict(action: pl.Expr) -> pl.Expr:
    """What was done; an action that the documents do not list is `unknown`."""
    word = action.str.to_lowercase().replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String)
    return word.fill_null("unknown")


def somebody(user: pl.Expr) -> pl.Expr:
    """The user, but for a forwarded address."""
    return pl.when(~said(user).str.starts_with(_FORWARDED)).then(said(user))


def seen(method: pl.Expr) -> pl.Expr:
    """The method, where the firewall saw one."""
    return pl.when(method.str.to_lowercase() != _NO_METHOD).then(said(method))


def unquoted(cell: pl.Expr) -> pl.Expr:
    r"""A value without the quotes in which the firewall may put it, and which a profile may escape (`\"h/p\"`)."""
    quoted = cell.str.starts_with('"') & cell.str.ends_with('"') & (cell.str.len_bytes() > 1)
    escaped = cell.str.starts_with('\\"') & cell.str.ends_with('\\"') & (cell.str.len_bytes() >= _EMPTY)
    # Hardly any is escaped.
    bare = (
        pl.when(escaped)
        .then(cell)
        .str.strip_prefix('\\"')
        .str.strip_suffix('\\"')
        .str.replace_all('\\"', '"', literal=True)
    )
    plain = pl.when(quoted).then(cell.str.strip_prefix('"').str.strip_suffix('"')).otherwise(cell)
    return pl.when(escaped).then(bare).otherwise(plain)


def is_connect(method: pl.Expr) -> pl.Expr:
    """Whether a method is CONNECT, whatever its case."""
    return method.str.contains("^(?i:connect)$").fill_null(value=False)


def kind(url: pl.Expr, method: pl.Expr, app: pl.Expr, port: pl.Expr, content_type: pl.Expr) -> pl.Expr:
    """Encrypted, and no more than a name without a method: the firewall saw the certificate and no page."""
    encrypted = ((app == "ssl") | (port == "443")).fill_null(value=False)
    name_only = pl.when(encrypted & method.is_null()).then(url).str.contains("^[^/?]*/?$")
    return (
        pl.when(name_only.fill_null(value=False) | is_connect(method))
        .then(pl.lit("host-only"))
        .when(is_background(content_type))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )
