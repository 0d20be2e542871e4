"""What strangers can send, as bytes that nobody thought of: see ``tests.fuzz.run``."""
