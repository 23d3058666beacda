"""The jobs a county asks for, each from files to files, each in a module of its own."""

from app.jobs.check import CheckOrder, StandardsCheck, check
from app.jobs.demonstrate import demonstrate
from app.jobs.draw import draw
from app.jobs.inputs import Inputs
from app.jobs.sides import GridSides, NoticeCheck, SidesDone, SidesOrder, sides
from app.jobs.split import FailedCommunity, SplitDone, SplitOrder, split
from app.jobs.steps import OnStep
from app.jobs.verify import Check, verify

__all__ = [
    "Check",
    "CheckOrder",
    "FailedCommunity",
    "GridSides",
    "Inputs",
    "NoticeCheck",
    "OnStep",
    "SidesDone",
    "SidesOrder",
    "SplitDone",
    "SplitOrder",
    "StandardsCheck",
    "check",
    "demonstrate",
    "draw",
    "sides",
    "split",
    "verify",
]
