"""The records of every product whose clients have a say in its log, with the places that are theirs.

To add one, put it into one of the lists: a record as the product writes it, the places marked, and how it writes what
it puts there. A place where nothing is escaped needs no more than its mark.
"""

from __future__ import annotations

from tests.hostile_names import NAMES, NETWORK, TABLES
from tests.hostile_pairs import EVENTS, FIREWALLS, FORCEPOINT
from tests.hostile_proxies import CLOUD, SQUID, W3C

EVERY = [*W3C, *SQUID, *FIREWALLS, *FORCEPOINT, *EVENTS, *CLOUD, *NAMES, *NETWORK, *TABLES]
