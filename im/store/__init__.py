"""Persistence layer: the database, its tables and the numbered log. It knows no rules.

A module per group of tables holds its SQL in plain functions that take a ``Cursor`` first; services
run them with ``Database.read`` and ``Database.write``. Entries of the log go through ``LogWriter``.
"""
