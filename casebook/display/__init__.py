"""Incidents as the person who asks may see them: in a list, in full, on their route; and who looked at what.

In: the casebook, and who asks. Out: words and rows, with names that are no names where nobody has said why they must
know.
"""
