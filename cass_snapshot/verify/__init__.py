"""Sees whether the rows arrived; uses neither WAL nor checkpoint (I11)."""
