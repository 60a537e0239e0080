"""Errors that carry one sentence for the user and details for the developer."""

from __future__ import annotations


class AstroLocError(Exception):
    """An error that stops the work; ``str(error)`` is one clear sentence for the user.

    Attributes:
        details: more for a developer; may be empty.
    """

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details


class InputError(AstroLocError):
    """Bad input or bad usage: says what is wrong, with which value, and what to do (exit status 2)."""


class Cancelled(AstroLocError):
    """The user asked to stop."""

    def __init__(self, message: str = "Cancelled.") -> None:
        super().__init__(message)
