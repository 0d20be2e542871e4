"""Everything of one person, packed while it is read: see ``exports``."""
