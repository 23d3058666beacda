"""What can go wrong with the store, as a branch of the tree of failures.

JiexiangError
└── StoreError             the store cannot do what was asked
    ├── NotFound           there is no such thing, or none that may be seen
    ├── Conflict           it contradicts what is there, or somebody else was quicker
    │   └── NotAdjacent    one worker for two grids that share no border
    ├── Refused            it breaks a rule that the store keeps, whoever asks
    └── StoreUnavailable   the store cannot be used now; asking again later may help
        └── NoAnswer       the database does not answer
"""

from __future__ import annotations

from app.geo.errors import JiexiangError

__all__ = ["Conflict", "NoAnswer", "NotAdjacent", "NotFound", "Refused", "StoreError", "StoreUnavailable"]


class StoreError(JiexiangError):
    """Base of what the store reports; `str` says it in Chinese, `english` in English."""

    def __init__(self, message: str, english: str = "") -> None:
        super().__init__(message)
        self.english = english or message

    def say(self, language: str = "zh") -> str:
        """Say it in Chinese (`zh`) or English (`en`)."""
        return str(self) if language == "zh" else self.english

    @property
    def told(self) -> tuple[str, str]:
        """In Chinese and in English, what whoever asks the service is told."""
        return str(self), self.english


class NotFound(StoreError):  # noqa: N818  the words of the tree, as routes name them
    """There is no such thing, or none that may be seen."""


class Conflict(StoreError):  # noqa: N818
    """It contradicts what is there, or somebody else was quicker."""


class NotAdjacent(Conflict):
    """One worker for two grids that share no border."""


class Refused(StoreError):  # noqa: N818
    """It breaks a rule that the store keeps."""


class StoreUnavailable(StoreError):  # noqa: N818
    """The store cannot be used now."""


class NoAnswer(StoreUnavailable):
    """The database does not answer.

    What its driver says of it may name hosts, accounts and files: that is for those who run the service, and `told` is
    without it.
    """

    BRIEF = "数据库没有应答", "the database does not answer"

    def __init__(self, said: str) -> None:
        chinese, english = self.BRIEF
        super().__init__(f"{chinese}（{said}）", f"{english} ({said})")

    @property
    def told(self) -> tuple[str, str]:
        """In Chinese and in English, what whoever asks the service is told."""
        return self.BRIEF
