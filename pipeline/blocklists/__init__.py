"""Block lists that a school has already become lists of its own.

In: the files of another filter, in one of the syntaxes of `pipeline.listsyntax`. Out: watchlist files in the school's
folder, and a report on what was taken, what was not, and why.
"""
