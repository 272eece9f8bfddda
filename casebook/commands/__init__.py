"""The commands over the casebook: parse arguments, call one function. `cli` loads a group when it is asked for."""
