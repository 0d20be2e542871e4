"""The messenger: protocol, store, services and the socket side of the access layer."""
