"""What can go wrong with the store, as a branch of the tree of failures.

JiexiangError
└── StoreError             the store cannot do what was asked
    ├── NotFound           there is no such thing, or none that may be seen
    ├── Conflict           it contradicts what is there, or somebody else was quicker
    │   └── NotAdjacent    one worker for two grids that share no border
    ├── Refused            it breaks a rule that the store keeps, whoever asks
    └── StoreUnavailable   the database does not answer; asking again later may help
"""

from __future__ import annotations

from app.geo.errors import JiexiangError

__all__ = ["Conflict", "NotAdjacent", "NotFound", "Refused", "StoreError", "StoreUnavailable"]


class StoreError(JiexiangError):
    """Base of what the store reports; `str` says it in Chinese, `english` in English."""

    def __init__(self, message: str, english: str = "") -> None:
        super().__init__(message)
        self.english = english or message

    def say(self, language: str = "zh") -> str:
        """Say it in Chinese (`zh`) or English (`en`)."""
        return str(self) if language == "zh" else self.english


class NotFound(StoreError):  # noqa: N818  the words of the tree, as routes name them
    """There is no such thing, or none that may be seen."""


class Conflict(StoreError):  # noqa: N818
    """It contradicts what is there, or somebody else was quicker."""


class NotAdjacent(Conflict):
    """One worker for two grids that share no border."""


class Refused(StoreError):  # noqa: N818
    """It breaks a rule that the store keeps."""


class StoreUnavailable(StoreError):  # noqa: N818
    """The database does not answer."""
