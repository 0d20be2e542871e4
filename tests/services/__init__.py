"""Real private servers for tests: MariaDB, Redis, Chromium, nodes and networks of namespaces.

Nothing here touches a server that was already running: each gets a folder and ports of its own, and
is ended with the test session, or at the start of the next one if that was killed.
"""
