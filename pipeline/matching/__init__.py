"""Watchlists made ready to be met: found in their folders, changed by policy, compiled, kept; and sites met by name.

In: watchlist folders, policies, distinct hosts and addresses. Out: the `Matcher` that `pipeline.match` uses for texts
too, and which rules find which host.
"""
