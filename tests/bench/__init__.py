"""Speed against the peers, side by side; run by bin/bench."""
