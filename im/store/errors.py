"""What a database says when it refuses, in one vocabulary for MySQL, MariaDB and SQLite.

Nothing here is for people: ``Database`` and ``LogWriter`` turn what means "away" into
``im.errors.Unavailable``; ``DuplicateKey`` goes up to the service that knows the field's name.
"""

from __future__ import annotations


class DatabaseFault(Exception):
    """A statement, a transaction or a connection failed.

    Attributes:
        code: the server's number (MySQL, MariaDB) or SQLite's extended result code; 0 if unknown.
    """

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class Retryable(DatabaseFault):
    """The transaction is to be rolled back and may then be run again as a whole."""


class ConnectionLost(Retryable):
    """The connection broke. After a COMMIT was sent the outcome is unknown."""


class OutOfService(DatabaseFault):
    """The database takes no work now, whatever the statement: away, full, or read-only."""


class DuplicateKey(DatabaseFault):
    """A row with this unique key exists.

    Attributes:
        key: the unique index, named after its columns joined by ``_`` on every database.
    """

    def __init__(self, message: str, code: int, key: str) -> None:
        super().__init__(message, code)
        self.key = key


class StaleEpoch(Exception):
    """The rights of a conversation changed since an entry was authorised; authorise it again.

    Attributes:
        epoch: the conversation's epoch now.
    """

    def __init__(self, epoch: int) -> None:
        super().__init__(f"the conversation is at epoch {epoch}")
        self.epoch = epoch


class UnusableDatabase(Exception):
    """The database must not be used as it is; says what to do."""


class UnfinishedRestore(UnusableDatabase):
    """A backup was being restored into the database, and that did not come to its end."""

    def __init__(self) -> None:
        super().__init__(
            "The database holds a part of a backup: restoring it was cut short, or is under way. "
            "Run `run.py restore FILE` again, which begins anew."
        )


class NewerSchema(UnusableDatabase):
    """The database was migrated by a newer version of this program, which must not touch it."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"The database has schema {found}, this program knows {known}: "
            "start the newer version of the program, or restore a backup."
        )
        self.found = found
        self.known = known
