"""Synthetic logs, safe to publish, one folder for each format. There is no code here."""
