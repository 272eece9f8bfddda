"""What a school is to do: the routes as they hold there, with the contacts that it has entered.

In: the settings. Out: the seven routes, and what is missing from them in words. Refuses a broken file with file and
line.
"""

from __future__ import annotations

from collections.abc import Mapping

from casebook.response.contacts import load_contacts
from casebook.response.routelayers import with_layers
from casebook.response.routes import Route, load_routes
from pipeline.config import Settings


def routes_of(settings: Settings) -> dict[str, Route]:
    """The routes of the school: the program's, and what its layers and itself add. Raises `ConfigError`."""
    contacts = load_contacts(settings.policies, settings.casebook.contacts)
    return with_layers(load_routes(contacts=contacts), settings.policies, contacts)


def doubts(routes: Mapping[str, Route]) -> list[str]:
    """Which contacts of the steps nobody has entered a number for, and which routes name them; a sentence for each."""
    named: dict[str, dict[str, None]] = {}
    for route in routes.values():
        for contact in (each for step in route.steps for each in step.contacts if each.doubt):
            named.setdefault(contact.doubt, {})[route.id] = None
    return [f"Contacts: {doubt} (named by {', '.join(where)})." for doubt, where in named.items()]
