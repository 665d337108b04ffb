"""What is looked at before a run: ``plan`` and ``doctor``. Nothing here writes."""
