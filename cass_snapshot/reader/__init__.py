"""Gets rows from Cassandra, as the bytes of their cells."""
