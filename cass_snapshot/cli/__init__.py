"""The command line: parse, load, one call, render."""
