"""What the layouts of e2guardian's log have in common: the marks before the reason, and what follows from them.

In: the columns "what" (marks and reason), status, method and content type. Out: verdict and kind. Refuses nothing.

Read in the source of 5.3 to 5.5 and seen in what 5.3.5 writes:
- The marks stand first, each between asterisks and each in the language of the installation, with blanks in some of
  them: `*DENIED*`, `*Accès interdit*`, `*DENIED-POST*`, `*URLMOD* *DENIED*`. `*EXCEPTION*` became `*TRUSTED*` in 5.
- A 407 carries `*TRUSTED*` although nobody was trusted: it asks for a login, and its user is whatever was typed.
- A failure of the network carries `*NETERROR*` and the status 403, and is no block.
- A 403 without any mark comes from the web site.
- The column of the content type is a dash in 5.3.5 throughout.
- A TLS connection that was taken in transparently has no method, for there was no request, and only a host in its URL;
  where it was let through its status is 0, for no answer was seen (`handleTHTTPSConnection`).
- The plug-in that knows users by their addresses writes the client's address for a user, which is nobody's name.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import polars as pl

from pipeline.formats._cells import is_background, said

# The words of every language that ships with 5.3.5 and has its own; the rest write the English ones.
_DENIED: Final = (
    "*DENIED", "*INFECTED", "*Accès interdit", "*VERWEIGERT", "*INFIZIERT", "*NEGADO", "*INFECTADO", "*ЗАПРЕЩЕН",
    "*ЗАРАЖЕН",
)  # fmt: skip
_TRUSTED: Final = ("*EXCEPTION", "*TRUSTED", "*VERTRAUENSWÜRDIG", "*EXCEÇÃO", "*ИСКЛЮЧЕНИЕ")
_NET_ERROR: Final = ("*NETERROR", "*NETZWERKFEHLER")
#: Said of a row beside its verdict.
_BESIDE: Final = (
    "SCANNED", "CONTENTMOD", "URLMOD", "HEADERMOD", "HEADERADD", "ÜBERPRÜFT", "INHALT MODIFIZIERT", "URL MODIFIZIERT",
    "HEADER MODIFIZIERT", "HEADER HINZUGEFÜGT", "VERIFICADO", "ОТСКАНИРОВАН",
)  # fmt: skip
#: What `anonymizelogs` leaves of every address.
_NOBODY: Final = "0.0.0.0"  # noqa: S104 - nothing is bound to it
_MARKS: Final = r"^((?:\*[^*]+\* *)+)"
#: The URL of a TLS connection that was taken in transparently.
TRANSPARENT: Final = r"^https://[^/ \t]+$"


def verdict(what: pl.Expr, status: pl.Expr, method: pl.Expr) -> pl.Expr:
    """What e2guardian did, from the marks before the reason; an unknown mark with a 403 is taken for a block."""
    marks = what.str.extract(_MARKS)
    no_answer = (status == 0) & said(method).is_not_null()
    strange = marks.str.replace_many(list(_BESIDE), [""] * len(_BESIDE)).str.contains(r"\pL")
    return (
        pl.when(status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
        .then(pl.lit("challenge"))
        .when(marks.str.contains_any(list(_DENIED)))
        .then(pl.lit("blocked"))
        .when(marks.str.contains_any(list(_NET_ERROR)) | no_answer)
        .then(pl.lit("error"))
        .when(marks.str.contains_any(list(_TRUSTED)))
        .then(pl.lit("allowed"))
        .when(strange & (status == HTTPStatus.FORBIDDEN))
        .then(pl.lit("blocked"))
        .when(strange)
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("allowed"))
    )


def denied_later(what: pl.Expr) -> pl.Expr:
    """Whether the mark of a refusal stands anywhere but among the marks at the beginning."""
    known = what.str.extract(_MARKS).str.contains_any(list(_DENIED)).fill_null(value=False)
    return what.str.contains_any(list(_DENIED)).fill_null(value=False) & ~known


def kind(method: pl.Expr, content_type: pl.Expr) -> pl.Expr:
    """A CONNECT, or a connection without a request, shows the host only; a URL's ending is easily made up."""
    return (
        pl.when((method == "CONNECT") | said(method).is_null())
        .then(pl.lit("host-only"))
        .when(is_background(content_type))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


def user(who: pl.Expr, client: pl.Expr) -> pl.Expr:
    """The user; null where there is none, and where it is the address of the client."""
    return pl.when(who.ne_missing(client)).then(said(who))


def address(cell: pl.Expr) -> pl.Expr:
    """The client's address; null for a host name, and for the 0.0.0.0 that `anonymizelogs` leaves."""
    shaped = cell.str.contains(r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$")
    return pl.when(shaped & (cell != _NOBODY)).then(cell)


def device(cell: pl.Expr) -> pl.Expr:
    """The client's host name where reverse look-ups are on; null where the column repeats the address."""
    shaped = cell.str.contains(r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$")
    return pl.when(shaped & (cell != _NOBODY) & (cell != "DNSERROR") & address(cell).is_null()).then(cell)
