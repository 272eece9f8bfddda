"""The pages for people: one folder for each report."""
