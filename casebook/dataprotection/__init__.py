"""What the casebook owes the people in it: what is held on one person, and erasure when the time is up.

In: the casebook. Out: what may be handed out to somebody, and receipts for what was erased. What keeps the logs is
`casebook.holds`.
"""
