"""The jobs a county asks for, each from files to files, each in a module of its own."""

from app.jobs.cards import CardOrder, CardsDone, cards
from app.jobs.check import CheckOrder, StandardsCheck, check
from app.jobs.checkup import check_up
from app.jobs.coverage import CoverageDone, CoverageOrder, coverage
from app.jobs.demonstrate import DemoOrder, demonstrate
from app.jobs.draft import DraftDone, DraftOrder, Mapped, draft, locate
from app.jobs.draw import draw
from app.jobs.export import ExportDone, export
from app.jobs.export_pages import export_pages
from app.jobs.inputs import Inputs
from app.jobs.report import ReportDone, ReportOrder, report
from app.jobs.sides import GridSides, NoticeCheck, SidesDone, SidesOrder, sides
from app.jobs.site import SiteOrder, SitingDone, site
from app.jobs.split import FailedCommunity, SplitDone, SplitOrder, split
from app.jobs.steps import OnStep
from app.jobs.verify import Check, verify
from app.jobs.views import MapInputs

__all__ = [
    "CardOrder",
    "CardsDone",
    "Check",
    "CheckOrder",
    "CoverageDone",
    "CoverageOrder",
    "DemoOrder",
    "DraftDone",
    "DraftOrder",
    "ExportDone",
    "FailedCommunity",
    "GridSides",
    "Inputs",
    "MapInputs",
    "Mapped",
    "NoticeCheck",
    "OnStep",
    "ReportDone",
    "ReportOrder",
    "SidesDone",
    "SidesOrder",
    "SiteOrder",
    "SitingDone",
    "SplitDone",
    "SplitOrder",
    "StandardsCheck",
    "cards",
    "check",
    "check_up",
    "coverage",
    "demonstrate",
    "draft",
    "draw",
    "export",
    "export_pages",
    "locate",
    "report",
    "sides",
    "site",
    "split",
    "verify",
]
