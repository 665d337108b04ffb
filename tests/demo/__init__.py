"""What bin/demo fills Cassandra with, and what it says."""
