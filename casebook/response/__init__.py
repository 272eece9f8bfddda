"""The response routes: what a school does about a concern, step by step, and whom it calls.

In: `routes.toml` and `contacts.toml`, those of the layers and of the school. Out: routes with their contacts, and what
is next on one after what was answered. Nothing here knows an incident.
"""
