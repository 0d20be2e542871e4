"""A reliable, encrypted broadcast between the nodes of a cluster, and who is in it.

``bus.Bus`` is the interface. The package imports nothing of the messenger and can be used alone.
"""
