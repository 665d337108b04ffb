"""Key order: windows of WAL, applied in the order of the target's key.

    gather   token ranges into the WAL, each batch sorted and cut into blocks    a worker a range
    cut      the key's space into slices, by the first key of every block        one worker
    load     each slice: its part of every batch, sorted, without a checkpoint   a worker a slice
    advance  the checkpoints of all ranges of the window, in one transaction     one worker

A process that dies before the last step leaves checkpoints where they were: the next one gathers
the same batches from the WAL, reads on, and applies the whole window again, which changes nothing.
"""
