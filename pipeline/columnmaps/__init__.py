"""An export that no format knows: what its columns may hold, and the column map that is proposed for it.

In: the first rows of an unknown CSV or JSON export. Out: a map for `school.toml`, for a person to read and correct.
"""
