"""A real dnsmasq that refuses some names, as small schools and Pi-hole run it.

In: the port of the name server behind it, and how it is to log. Out: a running dnsmasq and its log. It keeps to
loopback and to a configuration of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.processes import folder, free_port, give, program, running

#: Written in the local time of a zone that knows no summer time, so that no night of the year is ambiguous.
ZONE = "Asia/Karachi"
_ENVIRONMENT = {"TZ": "PKT-5"}
_CONFIGURATION = """\
port={port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
pid-file=
server=127.0.0.1#{behind}
log-facility={folder}/logs/dnsmasq.log
log-queries{how}
addn-hosts={folder}/blocked.hosts
address=/refused.example.test/0.0.0.0
address=/refused.example.test/::
address=/both.example.test/#
address=/gone.example.test/
address=/page.example.test/192.0.2.5
"""


@dataclass(frozen=True)
class Dnsmasq:
    """A running dnsmasq."""

    port: int
    log: Path


@contextmanager
def dnsmasq(behind: int, how: str) -> Iterator[Dnsmasq]:
    """dnsmasq, for as long as it is wanted; `how` is what follows `log-queries`."""
    with folder() as place:
        port = free_port()
        (place / "logs").mkdir()
        (place / "blocked.hosts").write_text("0.0.0.0 listed.example.test\n", encoding="utf-8")
        configuration = place / "dnsmasq.conf"
        configuration.write_text(
            _CONFIGURATION.format(port=port, behind=behind, folder=place, how=how), encoding="utf-8"
        )
        for path in (place, place / "logs", *place.iterdir()):
            give(path)
        command = [program("dnsmasq", "dnsmasq-base"), "--keep-in-foreground", f"--conf-file={configuration}"]
        with running(command, port, place, _ENVIRONMENT):
            yield Dnsmasq(port, place / "logs" / "dnsmasq.log")
