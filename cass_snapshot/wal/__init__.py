"""The durable log on local disk."""
