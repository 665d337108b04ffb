"""Everything that knows MySQL."""
