r"""Lines out of files of collectors become what the collector got, behind a header of syslog where it had none.

In: lines of
- Kiwi Syslog Server (`2026-03-15 16:07:32`, a tab, `Local7.Info`, a tab, `192.0.2.1`, a tab, the message; the day may
  stand first or second, `15-03-2026` or `03-15-2026`),
- the archives of OSSEC and Wazuh (`2026 Mar 15 16:07:32 manager->192.0.2.1 `, `2026 Mar 15 16:07:32 (agent)
  any->/var/log/squid/access.log `),
- Docker's json-file (`{"log":"...\n","stream":"stdout","time":"2026-03-15T16:07:32.003Z"}`), and of containers by CRI
  (`2026-03-15T16:07:32.003Z stdout F `),
- journald as JSON (`journalctl -o json`: `MESSAGE`, `SYSLOG_IDENTIFIER`, `__REALTIME_TIMESTAMP` ...), and as text with
  an epoch (`journalctl -o short-unix`: `1773590852.101234 gateway dnsmasq[812]: `),
- Filebeat, Logstash, Vector and Fluent Bit: objects, as `_shippers` says.
Out: the message. Where it begins with a time of its own, it is given as it is; else the collector's time and the name
of the sender stand before it, as syslog would write them (`<13>Mar 15 2026 16:07:32 192.0.2.1 `), since some products
leave the time to syslog. Which of Kiwi's dates has the day first is not told by the line, so such a time is not given.
Refuses nothing: all other lines stay as they are, also a piece of a line that Docker or CRI has cut in two, and an
object that says a key twice. What a message holds is not looked at, and only the beginning of a line is a collector's.
Sources: SolarWinds, "Syslog data format" of Security Event Manager; Lire::Syslog(3pm); `OS_Store` of OSSEC's and
Wazuh's `analysisd`; Docker's documentation of the driver json-file; Kubernetes' format of CRI logs; journalctl(1),
systemd.journal-fields(7).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from pipeline.formats._shippers import BEGINS, shipped

_CLOCK: Final = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"
_KIWI: Final = (
    rf"(?:(?P<kiwi>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} {_CLOCK})|[0-9]{{2}}-[0-9]{{2}}-[0-9]{{4}} {_CLOCK})"
    r"\t[A-Z][A-Za-z0-9]+\.[A-Z][a-z]+\t(?P<sender>[^\t ]+)\t"
)
_ARCHIVE: Final = (
    rf"(?P<year>[0-9]{{4}}) (?P<day>[A-Z][a-z]{{2}} [0-9]{{2}}) (?P<clock>{_CLOCK}) "
    r"(?:[^ >]+->)?(?:\([^)]*\) )?[^ >]+->[^ ]+ "
)
_CRI: Final = (
    rf"(?P<cri>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T{_CLOCK}(?:\.[0-9]{{1,9}})?(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})) "
    r"std(?:out|err) F "
)
_UNIX: Final = r"[0-9]{10}\.[0-9]{6} [A-Za-z0-9_][^ :]* [A-Za-z0-9_(][^ :]*: "
_ENTRY: Final = r"(?P<unix>[0-9]{10}\.[0-9]{6}) (?P<entry>[A-Za-z0-9_][^ :]* [A-Za-z0-9_(][^ :]*: .*)"
_LINE: Final = rf"^(?:(?:{_KIWI}|{_ARCHIVE}|{_CRI})(?P<message>.*)|{_ENTRY})$"
#: What an object of Docker's, journald's or a shipper's begins with.
_OBJECT: Final = rf'\{{ ?"(?:{BEGINS}|_{{0,2}}[A-Z][A-Z_]{{2,}}")'
#: What a collector's line begins with, for the look whether there is any.
MAY_BE: Final = (
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?: {_CLOCK}\t|T[^ ]+ std(?:out|err) F )|[0-9]{{2}}-[0-9]{{2}}-[0-9]{{4}} "
    rf"{_CLOCK}\t|[0-9]{{4}} [A-Z][a-z]{{2}} [0-9]{{2}} [0-9]|{_UNIX}|{_OBJECT}"
)
_MAY_BE: Final = re.compile(MAY_BE)
#: Times with which a message may begin; with one of these it needs no other.
_OWN: Final = (
    r"^(?:<[0-9]{1,3}>)?(?:[1-9] )?(?:(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ 0-9]?[0-9] (?:[0-9]{4} )?[0-9]{2}:[0-9]{2}:"
    r"|[0-9]{4}[-:][0-9]{2}[-:][0-9]{2}[T -][0-9]{2}:[0-9]{2}:|[0-9]{1,2}-[A-Z][a-z]{2}-[0-9]{4} [0-9]{2}:)"
)
_PRIORITY: Final = r"^<[0-9]{1,3}> ?"
_OF_DOCKER: Final = frozenset({"log", "stream", "time"})
_WORD: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:%-]*")
_PROGRAM: Final = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_./-]{0,47}|\([A-Za-z0-9_][A-Za-z0-9_./-]{0,47}\))")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS: Final = re.compile("[0-9]{1,17}")


def uncarried(texts: pl.DataFrame) -> pl.DataFrame:
    """The same table with its column `text` without what collectors have put around records."""
    text = pl.col("text")
    if not texts.select(text.str.contains(f"^(?:{MAY_BE})").any()).item():
        return texts
    objects = texts["text"].str.contains(f"^{_OBJECT}").any()
    table = texts.with_columns(text.map_batches(_unpacked, return_dtype=pl.String)) if objects else texts
    apart = table.select(text, text.str.extract_groups(_LINE).alias("apart")).unnest("apart")
    whole = pl.when(pl.col("message").is_not_null()).then(_rewritten()).when(pl.col("entry").is_not_null())
    plain = apart.select(whole.then(_entry()).otherwise("text").alias("text"))
    return texts.with_columns(plain["text"])


def uncarried_lines(lines: Sequence[str]) -> Sequence[str]:
    """The same for the first lines of a file, for `Format.claims`."""
    if not any(map(_MAY_BE.match, lines)):
        return lines
    return uncarried(pl.DataFrame({"text": lines}, schema={"text": pl.String}))["text"].to_list()


def _rewritten() -> pl.Expr:
    """The message, with the collector's header if it has no time of its own."""
    message = pl.col("message")
    written = pl.col("kiwi").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).dt.strftime("%b %e %Y %H:%M:%S")
    header = pl.coalesce(
        pl.format("<13>{} {} ", written, "sender"),
        pl.format("<13>{} {} {} archive ", "day", "year", "clock"),
        pl.format("<13>{} container ", "cri"),
        pl.lit(""),
    )
    # Some collectors leave the priority where it was.
    return pl.when(message.str.contains(_OWN)).then(message).otherwise(header + message.str.replace(_PRIORITY, ""))


def _entry() -> pl.Expr:
    """An entry of the journal with an epoch before it, as syslog writes it."""
    micros = pl.col("unix").str.replace(".", "", literal=True).cast(pl.Int64)
    return pl.format("<13>{}Z {}", pl.from_epoch(micros, "us").dt.strftime("%Y-%m-%dT%H:%M:%S%.6f"), "entry")


def _unpacked(texts: pl.Series) -> pl.Series:
    """Objects of Docker, journald and shippers as lines.

    A loop over rows, because such an object can have its keys in any order, and each must be there but once.
    """
    return pl.Series([_unpacked_line(text) if text and text[0] == "{" else text for text in texts], dtype=pl.String)


def _unpacked_line(text: str) -> str:
    if not _MAY_BE.match(text):
        return text
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return text
    line = _from_docker(found) or _from_journal(found) or _from_shipper(found)
    return text if line is None else line


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = "a key is said twice"
        raise ValueError(twice)
    return found


def _from_docker(found: dict[str, Any]) -> str | None:
    """As a line of CRI; null for anything else, and for a piece of a line."""
    log, time = found.get("log"), found.get("time")
    if found.keys() - {"attrs"} != _OF_DOCKER or not isinstance(log, str) or not isinstance(time, str):
        return None
    line = log.rstrip("\r\n")
    return f"{time} stdout F {line}" if log.endswith("\n") else None


def _from_shipper(found: dict[str, Any]) -> str | None:
    """As a line of CRI, or as it is where the shipper tells no time; null for anything else."""
    told = shipped(found)
    return told and (f"{told[0]} stdout F {told[1]}" if told[0] else told[1])


def _from_journal(found: dict[str, Any]) -> str | None:
    """As syslog writes it; null for anything else. A message that is no text (bytes as a list) is none."""
    message, micros = found.get("MESSAGE"), found.get("__REALTIME_TIMESTAMP")
    if not isinstance(message, str) or not isinstance(micros, str) or not _MICROSECONDS.fullmatch(micros):
        return None
    host = _word(_WORD, found.get("_HOSTNAME")) or "journal"
    program = _word(_PROGRAM, found.get("SYSLOG_IDENTIFIER") or found.get("_COMM"))
    process = _word(_MICROSECONDS, found.get("SYSLOG_PID") or found.get("_PID"))
    tag = f"{program}[{process}]: " if program and process else f"{program}: " if program else ""
    try:
        time = (_EPOCH + timedelta(microseconds=int(micros))).isoformat(timespec="microseconds")
    except OverflowError:
        return None
    return f"<13>{time} {host} {tag}{message}"


def _word(shape: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and shape.fullmatch(value) else ""
