"""What can be tried without a night: texts, a log, changed rules, an invented school.

In: what somebody hands to the command line. Out: what the night would make of it, and why; nothing is kept.
"""
