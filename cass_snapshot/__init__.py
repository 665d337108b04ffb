"""cass-snapshot: copy Cassandra tables into MySQL, complete, resumable, verified."""

__version__ = "0.1.0"
