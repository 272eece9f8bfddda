"""The registers of the filter: changes that were asked for, checks that were made, what the logs say of both.

In: actions of people and the counts of nights. Out: how each request and each check stands, and the sites with which
the filter does something that nobody asked for.
"""
