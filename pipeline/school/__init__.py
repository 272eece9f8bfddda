"""The school's own lists of people and devices: account names, client addresses, the roll, the CSV files they are in.

In: CSV files that a school keeps or exports. Out: who has which user name, and what belongs to whom.
`pipeline.people` and `pipeline.who` tell by it who it was; lessons are in `pipeline.timetable`.
"""
