"""Where the rows are: tokens and the ranges that tile the ring."""
