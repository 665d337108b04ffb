"""Between the bytes of a cell, a WAL line and a value."""
