"""Why two nodes don't hear each other: datagrams of its own, and an ear for those of the relay.

``examine.py`` runs it on sockets; ``examination.py`` is what it knows, without sockets and clock.
"""
