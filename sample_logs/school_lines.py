"""How each product of the invented school writes what happened: one function for each kind of log.

In: an `Event`. Out: the line, or the row of an export, that the product would write of it; and the damage that its
files hold besides. Nothing is drawn by lot that is not drawn from the `Dice` that comes with the event.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


class Dice:
    """Chance that falls the same way on every machine and in every Python: it uses `random()` alone."""

    def __init__(self, *names: object) -> None:
        self._random = random.Random("|".join(str(name) for name in names))  # noqa: S311 - made-up data, no secret

    def below(self, limit: int) -> int:
        """A whole number from 0 up to, not including, `limit`."""
        return int(self._random.random() * limit)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both possible."""
        return low + self.below(high - low + 1)

    def pick(self, things: Sequence[T]) -> T:
        """One of these."""
        return things[self.below(len(things))]

    def chance(self, share: float) -> bool:
        """Yes, in this share of all cases."""
        return self._random.random() < share


@dataclass(frozen=True)
class Event:
    """One thing that somebody, or a program, did. `what`: open, blocked, connect, challenge, typed or background."""

    at: datetime
    source: str
    what: str
    address: str
    #: As the log writes it; '' for nobody.
    user: str = ""
    url: str = ""
    #: The filter's own category, or the rule of the monitoring software.
    category: str = ""
    content_type: str = "text/html"
    typed: str = ""
    app: str = ""
    device: str = ""
    severity: str = ""

    @property
    def dice(self) -> Dice:
        """The chance that belongs to this event alone."""
        return Dice(self.at, self.source, self.address, self.url, self.typed)


def squid(event: Event) -> bytes:
    """Squid's native layout. The time is the end of the request."""
    dice = event.dice
    millis = dice.below(1000)
    elapsed, size = dice.between(15, 900), dice.between(900, 60_000)
    user = event.user or "-"
    peer = f"HIER_DIRECT/203.0.113.{dice.between(1, 60)}"
    method, url, kind = "GET", event.url, event.content_type
    result = "TCP_MISS/200" if dice.chance(0.9) else "TCP_MEM_HIT/200"
    if result != "TCP_MISS/200":
        peer = "HIER_NONE/-"
    if event.what == "connect":
        method, url, kind, result = "CONNECT", f"{urlsplit(event.url).hostname}:443", "-", "TCP_TUNNEL/200"
        peer = f"HIER_DIRECT/203.0.113.{dice.between(1, 60)}"
    elif event.what in {"blocked", "challenge"}:
        result = "TCP_DENIED/403" if event.what == "blocked" else "TCP_DENIED/407"
        elapsed, size, peer, kind = 0, 3900 + dice.below(80), "HIER_NONE/-", "text/html"
    seconds = int(event.at.timestamp())
    line = f"{seconds}.{millis:03} {elapsed:6} {event.address} {result} {size} {method} {url} {user} {peer} {kind}"
    return line.encode()


def e2guardian(event: Event) -> bytes:
    """e2guardian's layout 8: 22 columns parted by tabs."""
    dice = event.dice
    blocked = event.what == "blocked"
    columns = [
        f"{int(event.at.timestamp())}.{dice.below(1000):03}",
        "proxy-library",
        event.user or "-",
        event.address,
        event.address,
        event.url,
        "CONNECT" if event.what == "connect" else "GET",
        "403" if blocked else "200",
        "0" if blocked else str(dice.between(900, 60_000)),
        "-" if blocked else event.content_type,
        "-",
        "-",
        str(dice.between(2, 900)),
        "-",
        "500" if blocked else "0",
        f"*DENIED* Banned site: {urlsplit(event.url).hostname}" if blocked else "-",
        "0",
        event.category or "-",
        "library",
        "1",
        "-",
        "8080:PM:library",
    ]
    return "\t".join(columns).encode()


def fortigate(event: Event) -> bytes:
    """FortiGate's key=value layout. Lines of sessions stand between those of the web filter."""
    dice = event.dice
    nanos = int(event.at.timestamp()) * 10**9 + dice.below(10**9)
    begin = (
        f'date={event.at:%Y-%m-%d} time={event.at:%H:%M:%S} devname="FW-PARK" devid="FGT00EXAMPLE0001" '
        f'eventtime={nanos} tz="+0000" '
    )
    ports = (
        f'srcip={event.address} srcport={dice.between(49152, 65535)} srcintf="guest" '
        f"dstip=203.0.113.{dice.between(1, 60)}"
    )
    if event.what == "background":
        rest = (
            f'logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" {ports} dstport=443 '
            f'proto=6 action="close" policyid=7 service="HTTPS" sentbyte={dice.between(400, 9000)} rcvdbyte=0'
        )
        return (begin + rest).encode()
    blocked = event.what == "blocked"
    logid, kind, level = ("0316013056", "ftgd_blk", "warning") if blocked else ("0317013312", "ftgd_allow", "notice")
    action = "blocked" if blocked else "passthrough"
    said = "denied" if blocked else "allowed"
    rest = (
        f'logid="{logid}" type="utm" subtype="webfilter" eventtype="{kind}" level="{level}" vd="root" policyid=7 '
        f'sessionid={dice.between(100000, 999999)} {ports} dstport=443 dstintf="wan1" proto=6 service="HTTPS" '
        f'hostname="{urlsplit(event.url).hostname}" profile="guests" action="{action}" reqtype="direct" '
        f'url="{event.url}" sentbyte={dice.between(300, 2000)} rcvdbyte={0 if blocked else dice.between(900, 60000)} '
        f'direction="outgoing" msg="URL belongs to a category that is {said} in policy" catdesc="{event.category}"'
    )
    return (begin + rest).encode()


SENSO_HEADER = (
    "Date/Time",
    "Site",
    "Device Name",
    "IP Address",
    "Username",
    "Phrase",
    "Severity",
    "Rule Set",
    "Application",
    "Resolved",
)


def senso(event: Event) -> tuple[str, ...]:
    """A row of an export in the manner of Senso's violation log; local time, the day first."""
    return (
        f"{event.at:%d/%m/%Y %H:%M:%S}",
        "Example Park",
        event.device,
        event.address,
        event.user,
        event.typed,
        event.severity,
        event.category,
        event.app,
        "No",
    )


_FILTER = b"10.20.9.4 TCP_MISS/200 900 GET http://news.example.com/"
_REST = b" - HIER_NONE/- text/html"
_FIREWALL = b'devname="FW-PARK" type="utm" subtype="webfilter"'
#: Lines that no program should trip over: the file, when, and the bytes, with @ for the time in seconds. The last
#: two of the filter can be read for all their stray bytes, and the blank line says nothing; the rest are damage.
DAMAGE: tuple[tuple[str, str, bytes], ...] = (
    ("filter", "Tue 02:00:00", b"@.0"),
    ("filter", "Tue 02:00:01", b""),
    ("filter", "Thu 03:00:00", b"Nov 12 03:00:00 proxy squid[812]: logfileRotate: access.log"),
    ("filter", "Thu 03:00:01", b"@.100   soon " + _FILTER + _REST),
    ("filter", "Thu 03:00:02", b"@.100     31 10.20.9.4 TCP_MISS/200"),
    ("filter", "Fri 03:00:00", b"@.100     31 " + _FILTER.replace(b"TCP_MISS/200", b"200-MISS") + _REST),
    ("filter", "Fri 03:00:05", b"@.100     31 " + _FILTER + b"caf\xe9" + _REST),
    ("filter", "Fri 03:00:06", b"@.100     31 " + _FILTER + b"\x1b[2J\x1b[31mred" + _REST),
    ("guardian", "Wed 03:00:00", b"@.000\tproxy-library\t-\t10.30.0.9"),
    ("firewall", "Wed 03:00:00", b"date=2026-11-11 " + _FIREWALL + b' hostname="news.exam'),
    ("firewall", "Thu 03:00:00", b"date=2026-13-12 time=03:00:00 " + _FIREWALL + b' hostname="news.example.com"'),
)


def damaged(at: datetime, raw: bytes) -> bytes:
    """A line of `DAMAGE` with its time."""
    return raw.replace(b"@", str(int(at.timestamp())).encode())
