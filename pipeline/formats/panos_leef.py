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

from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._carriers import uncarried
from pipeline.formats._cells import blank_apart, parted, said, skips
from pipeline.formats._leef import Source, taken_apart
from pipeline.formats._panos import OPEN, kind, seen, somebody, unquoted, verdict
from pipeline.formats._worded import Order
from pipeline.localtime import Running
from pipeline.monthnames import from_named_month

_AHEAD: Final = ("cat", "Subtype", "SubType", "devTime", "src", "usrName", "SourceUser", "action", "Action")
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
#: The beginnings of pairs: literals are found many times as quickly as one pattern of them all.
_BARS: Final = [f"|{key}{blank}=" for key in (*_KEYS, *_OTHERS) for blank in ("", " ")]
_TABS: Final = [f"\t{key}=" for key in (*_KEYS, *_OTHERS) for _ in range(2)]
#: A record whose first pair ends at a bar; the header of version 2.0 names it.
_BARRED: Final = r"LEEF: ?(?:1\.[0-9]\|(?:[^|]*\|){4}|2\.[0-9]\|(?:[^|]*\|){4}0?x7[Cc]\|)[A-Za-z]+ ?=[^\t|]*(?:\||$)"
#: The tab in place of the bar before the first pair.
_FIRST: Final = r"(LEEF: ?[12]\.[0-9]\|(?:[^|\t]*\|){3}[^|\t]*(?:\|0?x7[Cc])?)\t"
_NAMED: Final = r"(LEEF: ?2\.[0-9]\|(?:[^|]*\|){4})0?x7[Cc]\|"
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "url", "app", "verdict",
    "vendor_category", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
claims = _SOURCE.claims


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(uncarried(lines))
    ours, cells = _is_url(), _with_faults(_apart(texts).with_columns(url=_written_url()))
    good = pl.col("reason").is_null()
    records = cells.filter(good & ours).drop("reason", "detail")
    stamps, running = records["devTime"], Running.from_text(carry)
    stamped, after = from_named_month(stamps, declared.timezone, declared.last_change, running)
    read = pl.concat([records, stamped], how="horizontal").lazy().select(_event()).collect()
    rows = pl.concat([read, cells.filter(~good).select("line", "reason", "detail")], how="diagonal")
    return parted(rows, _COLUMNS, [blank, skips(cells.filter(good & ~ours), "other-record")], after.to_text())


def _apart(texts: pl.DataFrame) -> pl.DataFrame:
    """The cells of each line, and whether bars part its pairs and a tab is among them."""
    text = pl.col("text")
    marked = texts.with_columns(barred=text.str.contains(_BARRED), tab=text.str.contains("\t", literal=True))
    tabbed = text.str.replace_many(_BARS, _TABS).str.replace(_FIRST, "${1}|").str.replace(_NAMED, "${1}|")
    by_tabs = marked.select("line", text=pl.when("barred").then(tabbed).otherwise(text))
    return pl.concat([taken_apart(by_tabs, _SOURCE), marked.select("barred", "tab")], how="horizontal")


def _with_faults(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with the reason and detail of a reject where something in a line is not as it should be."""
    ours = _is_url()
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
        (ours & said(unquoted(pl.col("url"))).is_null(), "missing-column", "has no URL"),
    ]
    for fault, reason, detail in faults:
        new = fault & pl.col("reason").is_null()
        cells = cells.with_columns(
            reason=pl.when(new).then(pl.lit(reason)).otherwise("reason"),
            detail=pl.when(new).then(pl.lit(detail)).otherwise("detail"),
        )
    return cells


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
