"""The watchlists, one TOML file for each category. There is no code here: README.md says how a file is written."""
