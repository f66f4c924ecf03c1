"""The names of `accounts.altering` that the migrations of this app import."""

from accounts.altering import add_columns, alter

__all__ = ["add_columns", "alter"]
