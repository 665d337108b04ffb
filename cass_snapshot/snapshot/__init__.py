"""The copy itself: plan, capture, apply, replay, and the processes that do it."""
