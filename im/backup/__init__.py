"""``run.py backup`` and ``run.py restore``: all that a database holds, in one file."""
