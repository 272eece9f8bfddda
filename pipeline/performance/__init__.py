"""What makes large logs quick: threads that work ahead, slices for every core, memory given back.

In: work and columns as they are. Out: the same results, sooner or in less memory. Nothing here knows what a log is.
"""
