"""A real e2guardian in front of the real Squid, as schools run the two.

In: the port that Squid keeps for it, the layout of its log. Out: a running e2guardian. It starts from a copy of the
configuration that the package ships, with what a test needs changed; its names are checked by Squid behind it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.processes import account, folder, free_port, give, program, run, running
from tests.servers.web import BANNED_PHRASE

_SHIPPED = Path("/etc/e2guardian")
#: Written in the local time of a zone that knows no summer time, so that no night of the year is ambiguous.
ZONE = "Asia/Karachi"
_ENVIRONMENT = {"TZ": "PKT-5"}
_LISTS = {
    "bannedsitelist": '#listcategory: "Games"\nblocked.example.test\nbing.com\n',
    "bannedsslsitelist": '#listcategory: "Games"\nblocked.example.test\n',
    "bannedphraselist": f'#listcategory: "Banned phrases"\n<{BANNED_PHRASE}>\n',
    "weightedphraselist": "",
    "exceptionphraselist": "",
    "bannedsearchlist": "bomb\n",
    "bannedextensionlist": ".exe\n",
    "exceptionsitelist": "trusted.example.test\n",
}  # fmt: skip


@dataclass(frozen=True)
class E2guardian:
    """A running e2guardian."""

    port: int
    log: Path


@contextmanager
def e2guardian(behind: int, layout: str) -> Iterator[E2guardian]:
    """e2guardian, for as long as it is wanted."""
    with folder() as place:
        port = free_port()
        configuration = _configured(
            place, {"filterports": str(port), "proxyport": str(behind), "logfileformat": layout}
        )
        command = [program("e2guardian"), "-N", "-c", str(configuration)]
        with running(command, port, place, _ENVIRONMENT, goes_when_asked=False):
            yield E2guardian(port, place / "logs" / "access.log")


def refusal_of(layout: str) -> str:
    """What e2guardian says when it will not start with a layout of its log."""
    with folder() as place:
        changed = {"logfileformat": layout, "filterports": str(free_port()), "proxyport": str(free_port())}
        done = run([program("e2guardian"), "-N", "-c", str(_configured(place, changed))])
        return done.stdout + done.stderr


def _configured(place: Path, changed: dict[str, str]) -> Path:
    """A copy of what the package ships, in a folder that the servers' account can use."""
    copy = place / "e2guardian"
    shutil.copytree(_SHIPPED, copy, ignore=shutil.ignore_patterns("phraselists", "languages", "private"))
    for path in [path for path in copy.rglob("*") if path.is_file()]:
        path.write_bytes(path.read_bytes().replace(str(_SHIPPED).encode() + b"/", str(copy).encode() + b"/"))
    for name, text in _LISTS.items():
        (copy / "lists" / name).write_text(text, encoding="utf-8")
    (place / "logs").mkdir()
    owner = account()
    settings = {
        "filterip": "127.0.0.1", "proxyip": "127.0.0.1", "loguseragent": "on", "httpworkers": "20",
        "daemonuser": f"'{owner.user}'", "daemongroup": f"'{owner.group}'", "filecachedir": f"'{place}'",
        "loglocation": f"'{place}/logs/access.log'", "rqloglocation": f"'{place}/request.log'",
        "dstatlocation": f"'{place}/dstats.log'", "pidfilename": f"'{place}/e2guardian.pid'",
        "authplugin": f"'{copy}/authplugins/proxy-basic.conf'", **changed,
    }  # fmt: skip
    configuration = copy / "e2guardian.conf"
    shipped = configuration.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    kept = [line for line in shipped if _key(line) not in {*settings, "transparenthttpsport"}]
    lines = [*kept, *[f"{key} = {value}" for key, value in settings.items()], ""]
    configuration.write_text("\n".join(lines), encoding="utf-8", errors="surrogateescape")
    for path in (place, place / "logs", *place.rglob("*")):
        give(path)
    return configuration


def _key(line: str) -> str:
    found = re.match(r"\s*(\w+)\s*=", line)
    return found[1] if found else ""
