"""Objects in which log shippers put a line become that line, and the time at which the shipper had it.

In: an object, already read, of
- Filebeat and others of Elastic, and Logstash (`{"@timestamp":"2026-03-15T16:07:32.003Z", ... "message":"..."}`, the
  line as it was also as `event.original`, which counts where it is there),
- Vector (`{"file":"/var/log/squid/access.log","message":"...","source_type":"file","timestamp":"..."}`),
- Fluent Bit (`{"date":1773590852.101,"log":"..."}`, with names for the containers of Kubernetes),
- or of any that keeps nothing but the line (`{"message":"..."}`, `{"log":"..."}`).
Out: the time, empty where there is none, and the line without its line end. Null for all other objects, such as records
of a product that has a `message` of its own, and for a text with a line end inside.
Source: Elastic Common Schema, "Base fields" and "Event fields"; Logstash's documentation of `ecs_compatibility`;
Vector's documentation of the source `file`; Fluent Bit's documentation of `json_lines` and of the input `tail`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

#: What such an object begins with. Elastic's begins with the time; Logstash's with any of its keys.
BEGINS: Final = (
    r'(?:@timestamp|@version|@metadata|message|log)" ?:|date" ?: ?[0-9]{10}\.|file" ?: ?"/'
    r'|(?:agent|ecs|event|host|input)" ?: ?\{ ?"(?:dataset|ephemeral_id|hostname|id|ip|name|original|type|version)" ?:'
)
_STAMP: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
#: One of these stands beside the time in what Elastic's programs and Logstash write.
_OF_ELASTIC: Final = frozenset({"@version", "@metadata", "agent", "ecs", "input"})
_OF_FLUENT_BIT: Final = frozenset({"date", "log", "stream", "time", "_p", "kubernetes"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = 253402300799


def shipped(found: Mapping[str, Any]) -> tuple[str, str] | None:
    """The time and the line of a shipper's object; null for anything else."""
    keys = found.keys()
    if "@timestamp" in keys and keys & _OF_ELASTIC:
        event = found.get("event")
        original = event.get("original") if isinstance(event, Mapping) else None
        return _told(found["@timestamp"], found.get("message") if original is None else original)
    if keys >= {"message", "timestamp", "source_type"}:
        return _told(found["timestamp"], found["message"])
    if {"date", "log"} <= keys <= _OF_FLUENT_BIT:
        return _told(_from_epoch(found["date"]), found["log"])
    if len(keys) == 1 and keys <= {"message", "log"}:
        return _told("", next(iter(found.values())))
    return None


def _told(time: object, text: object) -> tuple[str, str] | None:
    if not isinstance(text, str) or not isinstance(time, str) or (time and not _STAMP.fullmatch(time)):
        return None
    line = text.rstrip("\r\n")
    return None if "\n" in line else (time, line)


def _from_epoch(seconds: object) -> str | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _LAST:
        return None
    return (_EPOCH + timedelta(seconds=seconds)).isoformat(timespec="microseconds")
