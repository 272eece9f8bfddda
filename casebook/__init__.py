"""The incident log and the routes by which a school answers a concern."""
