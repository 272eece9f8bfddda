"""What Cisco Umbrella means by its words, in its CSV and in the JSON of its API.

In: nothing. Out: verdicts by the words of the log, which types of identity are devices, and where the account of a
person stands in the name. Refuses nothing.

`Proxied` DNS is sent on to the web proxy, and so passed. Of `Ann Smith (asmith@example.org)` the address is the
account.
Source: Cisco Umbrella User Guide, "Log Formats and Versioning"; Umbrella API, "Reporting".
"""

from __future__ import annotations

from typing import Final

VERDICTS: Final = {"allowed": "allowed", "blocked": "blocked", "proxied": "allowed"}
#: How the types of devices end.
OF_DEVICES: Final = ("computers", "computer", "roaming client", "mobile devices", "mobile device", "chromebooks")
#: How the types of people end.
OF_PEOPLE: Final = ("user", "users")
ACCOUNT: Final = r"\(([^()\s@]+@[^()\s@]+)\)$"
