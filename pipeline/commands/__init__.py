"""Commands over the lake and the casebook together."""
