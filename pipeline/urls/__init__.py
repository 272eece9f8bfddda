"""What a URL says: its host, the URL within it, the words that were searched for.

In: distinct hosts and URLs. Out: names in one spelling, where a redirector leads, the terms of a search. Search engines
and redirectors are data, in the TOML files here.
"""
