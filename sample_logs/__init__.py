"""Synthetic logs, safe to publish: one folder for each format, and `school`, which `make_school` makes."""
