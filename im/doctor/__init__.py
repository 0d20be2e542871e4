"""``run.py doctor``: why two machines don't see each other, in words, with what mends it."""
