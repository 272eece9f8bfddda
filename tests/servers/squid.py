"""A real Squid with a school's usual rules, in front of the small web.

In: the port of the web. Out: a running Squid with two doors (one that asks for a login and logs as a school's does,
one for the filter in front of it), its log, and the means to turn it over. Nothing that it does leaves loopback: every
name is answered by the web as its parent, and its name server is an address of loopback where nobody answers.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.servers.client import Login
from tests.servers.processes import free_port, give, program, run, running

_HELPER = Path("/usr/lib/squid/basic_ncsa_auth")
_NUMBERS = count(1)

_CONFIGURATION = """\
auth_param basic program {helper} {folder}/passwords
auth_param basic children 2 startup=1
auth_param basic realm School

acl from_the_filter myportname behind
acl logged_in proxy_auth REQUIRED
acl blocked_for_all dstdomain -n .early.example.test
acl blocked dstdomain -n .blocked.example.test
acl sent_elsewhere dstdomain -n .redirected.example.test
acl programs rep_mime_type application/x-msdownload
acl direct dstdomain -n direct.example.test dead.example.test

http_port 127.0.0.1:{port}
http_port 127.0.0.1:{behind} name=behind
{sixth}
access_log daemon:{folder}/logs/access.log squid !from_the_filter
access_log daemon:{folder}/behind.log squid from_the_filter
strip_query_terms off
logfile_rotate 3

http_access deny blocked_for_all
http_access deny !logged_in
http_access deny blocked
http_access deny sent_elsewhere
deny_info 302:http://www.example.test/blocked-page sent_elsewhere
http_access allow all
http_reply_access deny programs

cache_peer 127.0.0.1 parent {web} 0 no-query no-digest no-netdb-exchange
always_direct allow direct
never_direct deny direct
never_direct allow all
hosts_file {folder}/hosts
dns_nameservers 127.213.0.53
pinger_enable off

cache_mem 8 MB
visible_hostname proxy.example.test
pid_filename {folder}/squid.pid
cache_log {folder}/cache.log
coredump_dir {folder}
"""


@dataclass(frozen=True)
class Squid:
    """A running Squid. `port` is for people (`sixth` the same over IPv6, if there is any), `behind` for a filter."""

    port: int
    behind: int
    sixth: int | None
    folder: Path
    control: tuple[str, ...]

    @property
    def log(self) -> Path:
        return self.folder / "logs" / "access.log"

    def rotate(self) -> None:
        """`squid -k rotate`: what was `access.log` is now `access.log.0`."""
        done = run([*self.control, "-k", "rotate"])
        assert done.returncode == 0, done.stderr


@contextmanager
def squid(web: int, logins: Sequence[Login], folder: Path) -> Iterator[Squid]:
    """Squid, for as long as it is wanted."""
    port, behind = free_port(), free_port()
    sixth = free_port() if _has_sixth() else None
    (folder / "logs").mkdir()
    (folder / "hosts").write_text("127.0.0.1 direct.example.test dead.example.test\n", encoding="utf-8")
    # Squid lower-cases what is typed before it is looked up; its helper takes MD5 in hexadecimal digits.
    passwords = [f"{login.typed.lower()}:{_md5(login.password)}\n" for login in logins]
    (folder / "passwords").write_text("".join(passwords), encoding="utf-8")
    (folder / "squid.conf").write_text(
        _CONFIGURATION.format(
            port=port, behind=behind, folder=folder, web=web, helper=_HELPER,
            sixth=f"http_port [::1]:{sixth}" if sixth else "",
        ),
        encoding="utf-8",
    )  # fmt: skip
    for path in (folder, *folder.iterdir()):
        give(path)
    name = f"esafety{os.getpid()}x{next(_NUMBERS)}"
    control = (program("squid"), "-n", name, "-f", str(folder / "squid.conf"))
    try:
        with running([*control, "-N"], port, folder, goes_when_asked=False):
            yield Squid(port, behind, sixth, folder, control)
    finally:
        # What it shares with other processes of Squid lies apart from its folder, and it had no time to clear up.
        for shared in Path("/dev/shm").glob(f"{name}-*"):  # noqa: S108 - where the C library keeps it
            shared.unlink()


def _md5(password: str) -> str:
    return hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()


def _has_sixth() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
