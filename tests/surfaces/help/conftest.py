"""Visitors of the help centre."""

from tests.support.web import plain_files, spanish_visitor, visitor

__all__ = ["plain_files", "spanish_visitor", "visitor"]
