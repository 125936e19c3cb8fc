"""Telling apart what goes wrong in the database: the disk's doing, or one row's."""

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from securechat.errors import StorageError

ROW_FAULTS = (SQLAlchemyError, sqlite3.Error, ValueError, TypeError, OverflowError)
"""What storing one row can raise: constraints, and values that cannot be bound (a lone surrogate is a ValueError)."""


def is_general(error: BaseException) -> bool:
    """Whether `error` concerns the whole database (full disk, I/O, locked, damaged), not just what was to be stored."""
    original = error.orig if isinstance(error, DBAPIError) else error
    # A bare DatabaseError is SQLite's "malformed" or "not a database"; its other subclasses blame a row.
    return isinstance(original, sqlite3.OperationalError) or type(original) is sqlite3.DatabaseError


def as_storage_error(error: BaseException, doing: str) -> StorageError:
    """Return one line for the operator: `doing` ("store", "read") and the driver's own words, without SQL or values."""
    if isinstance(error, StorageError):
        return error
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, (sqlite3.Error, OSError)):
        return StorageError(f"the database cannot {doing}: {original}")
    # Any other text may quote the value that could not be stored.
    return StorageError(f"the database cannot {doing}: {type(original).__name__}")
