"""What a source table becomes in MySQL: created, or planned from a table that is there."""
