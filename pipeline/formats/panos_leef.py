r"""Palo Alto Networks URL filtering in LEEF: PAN-OS with the log format for QRadar, and the Strata Logging Service.

In: lines such as `<14>Mar 15 16:07:32 fw LEEF:2.0|Palo Alto Networks|PAN-OS Syslog Integration|10.2.4|(9999)|x7C|
ReceiveTime=2026/03/15 16:07:32|cat=THREAT|Subtype=url|devTime=Mar 15 2026 16:07:32 GMT|src=10.2.3.4|...|
usrName=school\dee|...|Application=ssl|...|dstPort=443|...|action=block-url|Miscellaneous="h/p"|ThreatID=(9999)|
URLCategory=games|...`, also as version 1.0, whose header has no column for the bar; and from the service (also for
Prisma Access) `LEEF:2.0|Palo Alto Networks|Next Generation Firewall|10.1|games|<tab>|...<tab>cat=threat<tab>SubType=url
<tab>...`, whose category is the event of the header. Every other record of the product is a skip (`other-record`).

A bar parts pairs only where a key of the template follows it, since a URL may hold bars; the URL then stands in quotes,
and must close them. `devTime` is the time of receipt in PAN-OS, of the record itself in the service; both name GMT. The
URL has no scheme. What the actions mean, `_panos` says; LEEF is read as `_leef` says. The product writes user and
action before the URL. Out: `_COLUMNS`. Refuses lines that are no such records, those with a tab among bars or a bar
in the user, and those whose time cannot be read.
Source: IBM, QRadar DSM guide, "Palo Alto PA Series" (PAN-OS 3.0 to 10.x); Strata Logging Service, Log Reference, "URL
LEEF Fields".
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._alike import common
from pipeline.formats._carriers import MAY_BE, uncarried
from pipeline.formats._cells import blank_apart, divided, parted, said, skips
from pipeline.formats._cut import Keys, Shape, by_marks, cut
from pipeline.formats._leef import Source, is_harmless, keys_of, marks, no_pairs, taken_apart, values
from pipeline.formats._panos import OPEN, kind, seen, somebody, unquoted, verdict
from pipeline.formats._worded import Order
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month

_AHEAD: Final = ("cat", "Subtype", "SubType", "devTime", "src", "usrName", "SourceUser", "action", "Action")
_NO_URL: Final = ("", "-", '""', '"-"')
#: No name of an account has a bar.
_WHO: Final = ("src", "usrName", "SourceUser")
_CLIENT: Final = ("Miscellaneous", "URL", "UserAgent", "Referer")
_KEYS: Final = (
    *_AHEAD, "Application", "dstPort", *_CLIENT, "URLCategory", "ContentType", "RequestMethod", "HTTPMethod",
    "SourceDeviceHost",
)  # fmt: skip
_SOURCE: Final = Source(
    vendor="Palo Alto Networks",
    product="PAN-OS[^|]*|Next Generation Firewall",
    keys=_KEYS,
    once=_KEYS,
    order=Order(client=_CLIENT, ahead=_AHEAD),
)
#: The other keys of the templates, before which a bar parts as well.
_OTHERS: Final = (
    "ReceiveTime", "TimeReceived", "SerialNumber", "DeviceSN", "Type", "dst", "srcPostNAT", "dstPostNAT", "RuleName",
    "DestinationUser", "VirtualSystem", "SourceZone", "DestinationZone", "IngressInterface", "EgressInterface",
    "LogForwardingProfile", "SessionID", "RepeatCount", "srcPort", "srcPostNATPort", "dstPostNATPort", "Flags", "proto",
    "ThreatID", "sev", "Severity", "Direction", "sequence", "ActionFlags", "SourceLocation", "DestinationLocation",
    "PCAP_ID", "FileDigest", "Cloud", "URLIndex", "URLCounter", "FileType", "identSrc", "XForwardedFor", "Sender",
    "SenderEmail", "Subject", "Recipient", "RecipientEmail", "ReportID", "vSrcName",
    "DeviceGroupHierarchyL1", "DeviceGroupHierarchyL2", "DeviceGroupHierarchyL3", "DeviceGroupHierarchyL4",
    "DeviceName", "SrcUUID", "DstUUID", "TunnelID", "MonitorTag", "ParentSessionID", "ParentStartTime", "TunnelType",
    "ThreatCategory", "ContentVer", "HTTPHeaders", "URLCategoryList", "RuleUUID", "HTTP2Connection",
)  # fmt: skip
#: Keys before which a bar parts.
_PARTS: Final = (*_KEYS, *_OTHERS)
#: The beginnings of pairs: literals are found many times as quickly as one pattern of them all.
_BARS: Final = [f"|{key}{blank}=" for key in _PARTS for blank in ("", " ")]
_TABS: Final = [f"\t{key}=" for key in _PARTS for _ in range(2)]
#: A record whose first pair ends at a bar; the header of version 2.0 names it.
_BARRED: Final = r"LEEF: ?(?:1\.[0-9]\|(?:[^|]*\|){4}|2\.[0-9]\|(?:[^|]*\|){4}0?x7[Cc]\|)[A-Za-z]+ ?=[^\t|]*(?:\||$)"
#: The tab in place of the bar before the first pair.
_FIRST: Final = r"(LEEF: ?[12]\.[0-9]\|(?:[^|\t]*\|){3}[^|\t]*(?:\|0?x7[Cc])?)\t"
_NAMED: Final = r"(LEEF: ?2\.[0-9]\|(?:[^|]*\|){4})0?x7[Cc]\|"
#: The first piece of a header between bars, of which there are five; in version 2.0 a sixth names the bar.
_BEGINNING: Final = re.compile(r"LEEF: ?([12])\.[0-9]$")
_HEAD: Final = {"1": 5, "2": 6}
_BAR: Final = "^0?x7[Cc]$"
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "url", "app", "verdict",
    "vendor_category", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
claims = _SOURCE.claims


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(uncarried(lines))
    ours, cells = pl.col("ours"), _with_faults(_apart(texts).with_columns(url=_written_url(), ours=_is_url()))
    good = pl.col("reason").is_null()
    records = cells.filter(good & ours).drop("reason", "detail")
    stamps, running = records["devTime"], Running.from_text(carry)
    stamped, after = from_named_month(stamps, declared.timezone, declared.last_change, running)
    read = pl.concat([records, stamped], how="horizontal").lazy().select(_event()).collect()
    rows = pl.concat([read, cells.filter(~good).select("line", "reason", "detail")], how="diagonal")
    return parted(rows, _COLUMNS, [blank, skips(cells.filter(good & ~ours), "other-record")], after.to_text())


def _apart(texts: pl.DataFrame) -> pl.DataFrame:
    """The cells of each line, and whether bars part its pairs and a tab is among them."""
    done, rest = _usual(texts)
    if rest.is_empty():
        return done.sort("line")
    text = pl.col("text")
    marked = rest.sort("line").with_columns(
        barred=text.str.contains(_BARRED), tab=text.str.contains("\t", literal=True)
    )
    tabbed = text.str.replace_many(_BARS, _TABS).str.replace(_FIRST, "${1}|").str.replace(_NAMED, "${1}|")
    by_tabs = marked.select("line", text=pl.when("barred").then(tabbed).otherwise(text))
    others = pl.concat([taken_apart(by_tabs, _SOURCE), marked.select("barred", "tab")], how="horizontal")
    return pl.concat([others, done], how="diagonal").sort("line")


def _usual(texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells of lines of common shapes whose pairs bars part, and the other lines."""
    text = pl.col("text")
    plain, others = divided(texts, ~(text.str.contains("\t", literal=True) | text.str.contains(f"^(?:{MAY_BE})")))
    often = common(plain["text"], {r"=[^|]*": "="}, _keys_of)
    readers = [by_marks(_shape(keys)) for keys in often if _is_harmless(keys)]
    found, rest = cut(plain, "text", "|", readers)
    nothing = [pl.lit(None, pl.String).alias(name) for name in ("event", *_KEYS, "reason", "detail")]
    done = pl.concat([texts.clear().select("line", *nothing), *found], how="diagonal")
    return done.with_columns(barred=True, tab=False), pl.concat([rest, others])


def _keys_of(text: str) -> Keys | None:
    """What the pieces of a line between its bars are: `LEEF:` with its version, and the keys of its pairs."""
    begins, *pieces = text.split("|")
    found = _BEGINNING.search(begins)
    if found is None:
        return None
    keys = keys_of(pieces[_HEAD[found[1]] - 1 :])
    return (found[0], *(key if key in _PARTS else "" for key in keys))


def _is_harmless(keys: Keys) -> bool:
    """Whether `_BARRED` is true of such lines, there are two pairs or more, and nothing else has to be asked."""
    pairs = [key for key in keys[1:] if key]
    return len(pairs) > 1 and keys[1].isalpha() and is_harmless(keys, _SOURCE)


def _shape(keys: Keys) -> Shape:
    """How such lines are read; what a line ends in is cut off as `_leef` does."""
    head = _HEAD[keys[0].removeprefix("LEEF:").strip()[0]]
    pairs = ("",) * head + keys[1:]
    begins, vendor, _, release, event, *bar = (pl.col(f"field_{place}") for place in range(head))
    checks = [
        begins.str.ends_with(keys[0]), vendor == _SOURCE.vendor, *(each.str.contains(_BAR) for each in bar),
        *(~each.str.contains("=", literal=True) for each in (release, event)), *no_pairs(pairs, _PARTS, head),
    ]  # fmt: skip
    cells = values(pairs, _KEYS, "|")
    if [key for key in pairs if key][-1] in _KEYS:
        cells[-1] = cells[-1].str.strip_chars_end(" \x00")
    beginnings = marks(pairs)
    beginnings[2] = "PAN-OS"
    return Shape(beginnings, checks, [pl.col("line"), event.alias("event"), *cells])


def _with_faults(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with the reason and detail of a reject where something in a line is not as it should be."""
    ours = pl.col("ours")
    mixed = pl.any_horizontal(pl.col(key).str.contains("|", literal=True) for key in _WHO).fill_null(value=False)
    opened = ours & pl.col("url").str.contains(OPEN).fill_null(value=False)
    faults = [
        (pl.col("barred") & pl.col("tab"), "bad-field", "has a tab, though bars part its pairs"),
        (pl.col("cat").is_null(), "missing-column", "has no cat"),
        (
            ours & pl.col("barred") & mixed,
            "bad-field",
            "has a bar in the user or the address, or a key behind it that is not known",
        ),
        (opened, "unclosed-quote", "its URL's quotes stay open"),
        (ours & (pl.col("url").is_null() | pl.col("url").is_in(_NO_URL)), "missing-column", "has no URL"),
    ]
    new = [(fault & pl.col("reason").is_null(), reason, detail) for fault, reason, detail in faults]
    return (
        cells.lazy()
        .with_columns(
            reason=pl.coalesce("reason", *(pl.when(fault).then(pl.lit(reason)) for fault, reason, _ in new)),
            detail=pl.coalesce("detail", *(pl.when(fault).then(pl.lit(detail)) for fault, _, detail in new)),
        )
        .collect()
    )


def _is_url() -> pl.Expr:
    kind_of_log = pl.col("cat").str.to_lowercase()
    subtype = pl.coalesce("Subtype", "SubType").str.to_lowercase()
    return ((kind_of_log == "url") | ((kind_of_log == "threat") & (subtype == "url"))).fill_null(value=False)


def _written_url() -> pl.Expr:
    """The URL, in its quotes if it has any."""
    return pl.coalesce("Miscellaneous", "URL").str.strip_chars_end(" ")


def _event() -> list[pl.Expr]:
    url, method = said(unquoted(pl.col("url"))), seen(pl.coalesce("HTTPMethod", "RequestMethod"))
    # The header of PAN-OS's records holds the number of the threat there, such as (9999).
    headed = pl.when(~pl.col("event").str.contains(r"^\(?[0-9]+\)?$")).then(pl.col("event"))
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        somebody(pl.coalesce(said(pl.col("usrName")), said(pl.col("SourceUser")))).alias("user_raw"),
        said(pl.col("src")).alias("client_ip"),
        said(pl.col("SourceDeviceHost")).alias("device"),
        method.alias("method"),
        url.alias("url"),
        said(pl.col("Application")).alias("app"),
        verdict(pl.coalesce("action", "Action")).alias("verdict"),
        pl.coalesce(said(pl.col("URLCategory")), said(headed)).alias("vendor_category"),
        said(pl.col("ContentType")).alias("content_type"),
        said(unquoted(pl.col("UserAgent"))).alias("user_agent"),
        said(unquoted(pl.col("Referer"))).alias("referrer"),
        kind(url, method, pl.col("Application"), pl.col("dstPort"), pl.col("ContentType")).alias("kind"),
        pl.col("reason"),
        pl.col("detail"),
    ]


FORMAT: Final = Format(
    name="panos_leef",
    title="Palo Alto Networks URL filtering, LEEF (PAN-OS, Strata Logging Service)",
    document="https://docs.paloaltonetworks.com/strata-logging-service/log-reference/network-logs/network-url-log/"
    "network-url-leef-fields",
    claims=claims,
    parse=parse,
    gives="user, client address, URL without its scheme, verdict, category, application, content type; method, user "
    "agent and referrer where HTTP header logging is on",
    cannot="the page behind TLS that is not decrypted; status and bytes; records of a template of the school's own",
)
