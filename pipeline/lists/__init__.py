"""What may stand in a list: the keys of one watchlist file, long lists of sites or phrases, secret lists of hashes.

In: files. Out: their entries, checked and typed, of which `pipeline.watchlist` makes watchlists; and what may be said
of a find that comes from a secret one.
"""
