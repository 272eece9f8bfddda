"""A real Unbound and a real BIND that refuse some names, by zones and by a response policy.

In: the port of the name server behind them. Out: the running server and its log. They keep to loopback and to a
configuration of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.processes import folder, free_port, give, program, running, wait_until

#: BIND writes the local time of a zone that knows no summer time, so that no night of the year is ambiguous.
ZONE = "Asia/Karachi"
_ENVIRONMENT = {"TZ": "PKT-5"}
_POLICY = """\
$ORIGIN policy.invalid.
@ 3600 IN SOA localhost. root.localhost. 1 3600 600 86400 60
@ 3600 IN NS localhost.
refused.example.test CNAME .
*.refused.example.test CNAME .
nodata.example.test CNAME *.
dropped.example.test CNAME rpz-drop.
elsewhere.example.test CNAME www.example.org.
allowed.example.test CNAME rpz-passthru.
"""
_UNBOUND = """\
server:
  interface: 127.0.0.1
  port: {port}
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  pidfile: ""
  directory: {folder}
  logfile: {folder}/logs/unbound.log
  log-queries: yes
  log-replies: yes
  log-local-actions: yes
  do-not-query-localhost: no
  module-config: "respip iterator"
  local-zone: "test." nodefault
  local-zone: "nothing.example.test." always_null
  local-zone: "printer.example.test." static
rpz:
  name: policy.invalid.
  zonefile: {folder}/policy
  rpz-log: yes
  rpz-log-name: "a list"
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{behind}
remote-control:
  control-enable: no
"""
_BIND = """\
options {{
  directory "{folder}"; managed-keys-directory "{folder}"; pid-file none; session-keyfile none;
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion yes; dnssec-validation no; forward only; forwarders {{ 127.0.0.1 port {behind}; }};
  response-policy {{ zone "policy.invalid" log yes; }} qname-wait-recurse no;
}};
controls {{ }};
zone "policy.invalid" {{ type primary; file "{folder}/policy"; allow-query {{ none; }}; }};
logging {{
  channel all {{ file "{folder}/logs/query.log"; print-time yes; print-category yes; print-severity yes; }};
  category queries {{ all; }}; category rpz {{ all; }}; category rpz-passthru {{ all; }};
  category query-errors {{ all; }};
  channel own {{ file "{folder}/general"; }};
  category default {{ own; }};
}};
"""


@dataclass(frozen=True)
class NameServer:
    """A running name server."""

    port: int
    log: Path


@contextmanager
def unbound(behind: int) -> Iterator[NameServer]:
    """Unbound, for as long as it is wanted."""
    with _started(_UNBOUND, behind, [program("unbound"), "-d", "-c"], "unbound.log") as server:
        yield server


@contextmanager
def bind(behind: int) -> Iterator[NameServer]:
    """BIND, for as long as it is wanted."""
    with _started(_BIND, behind, [program("named", "bind9"), "-f", "-n", "1", "-c"], "query.log") as server:
        # It answers before it has its policy.
        general = server.log.parent.parent / "general"
        wait_until(lambda: _says(general, "policy.invalid: reload done"), "the policy")
        yield server


@contextmanager
def _started(configuration: str, behind: int, command: list[str], log: str) -> Iterator[NameServer]:
    with folder() as place:
        port = free_port()
        (place / "logs").mkdir()
        (place / "policy").write_text(_POLICY, encoding="utf-8")
        settings = place / "configuration"
        settings.write_text(configuration.format(port=port, behind=behind, folder=place), encoding="utf-8")
        for path in (place, *place.iterdir()):
            give(path)
        with running([*command, str(settings)], port, place, _ENVIRONMENT):
            yield NameServer(port, place / "logs" / log)


def _says(log: Path, words: str) -> bool:
    return log.is_file() and words in log.read_text("utf-8")
