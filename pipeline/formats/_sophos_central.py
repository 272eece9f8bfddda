r"""What Sophos Central says of a site that the web control of Sophos Endpoint blocked or warned of, in either layout.

In: the type of an event and its name. Out: site, verdict, category and kind; what is wrong with them.

What was done to which address stands in the name, in words: `'URL' blocked due to category 'C'`; `'URL' warned due to
category 'C'`; `User bypassed category block to 'URL'`, who went on past a warning (`allowed`); `Access was blocked to
"URL" because of "T"`. The address is the client's, what follows it Sophos's, so the last such words count. An event in
other words is a reject, since its address cannot be told. `n/a` is nobody. A site without a path shows the host only.
Source: Sophos, "SIEM Integration API", and events that its users have published.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats._cells import refusal, said

#: The types of the events that are read.
TYPES: Final = ("Event::Endpoint::WebControlViolation", "Event::Endpoint::WebFilteringBlocked")
_BY_CATEGORY: Final = r"^'(?P<site>.*)' (?P<done>blocked|warned) due to category '(?P<category>[^']*)'\.?$"
_WENT_ON: Final = r"^User bypassed category block to '(.*)'\.?$"
_BY_THREAT: Final = r'^Access was blocked to "(.*)" because of "[^"]*"\.?$'
#: A host and no page of it.
_NO_PAGE: Final = r"^(?:[A-Za-z][A-Za-z0-9+.-]*://)?[^/?#]*/?$"


def in_words(records: pl.DataFrame) -> pl.DataFrame:
    """The records with what their `name` says, as columns for `said_of` and `faults`."""
    name = pl.col("name")
    return records.with_columns(
        name.str.extract_groups(_BY_CATEGORY).alias("words"),
        name.str.extract(_WENT_ON).alias("bypassed"),
        name.str.extract(_BY_THREAT).alias("threat"),
    ).unnest("words")


def said_of() -> list[pl.Expr]:
    """`url`, `verdict`, `vendor_category` and `kind`."""
    site = _site()
    return [
        site.alias("url"),
        pl.coalesce(
            "done",
            pl.when(pl.col("bypassed").is_not_null()).then(pl.lit("allowed")),
            pl.lit("blocked"),
        ).alias("verdict"),
        said(pl.col("category")).alias("vendor_category"),
        pl.when(site.str.contains(_NO_PAGE)).then(pl.lit("host-only")).otherwise(pl.lit("page")).alias("kind"),
    ]


def somebody(user: pl.Expr) -> pl.Expr:
    """The user, where there is one."""
    return pl.when(user.str.to_lowercase() != "n/a").then(said(user))


def faults() -> list[pl.Expr]:
    """`reason` and `detail`: a name in unknown words."""
    unknown = pl.col("reason").is_null() & said(_site()).is_null()
    known = "the name does not say in known words which site was blocked or warned of"
    return refusal([(unknown, "bad-field", known)], (pl.col("reason"), pl.col("detail")))


def _site() -> pl.Expr:
    return pl.coalesce("site", "bypassed", "threat")
