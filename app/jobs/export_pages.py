"""The pages of a plan as a folder: overview, map, facilities and checkup, to be opened from disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.files.messages import Note
from app.geo.rules import Rules
from app.jobs.checkup import draw_checkup
from app.jobs.steps import OnStep, Steps
from app.jobs.verify import verify_in_steps
from app.jobs.views import Gathered, MapInputs, gather_views
from app.maps.facility_page import count_covered, draw_facilities, make_facility_page
from app.maps.languages import speak
from app.maps.overview import count_figures, list_communities
from app.maps.plan_page import draw_plan
from app.maps.served_pages import Frame, draw_overview
from app.output import refuse_to_overwrite, write_whole

__all__ = ["OVERVIEW", "export_pages"]

OVERVIEW, PLAN, FACILITIES, CHECKUP = "index.html", "plan.html", "facilities.html", "checkup.html"


def export_pages(
    order: MapInputs, folder: Path, *, language: str, attribution: str, force: bool, on_step: OnStep
) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """Write the pages that can be made of what was given, whole or not at all.

    Returns
    -------
    The names of the pages, the first one first, and what was noted while reading.

    Raises
    ------
    InputError, UsageError
        Nothing is written then.
    """
    steps = Steps(on_step)
    names = [OVERVIEW, PLAN]
    names += [FACILITIES] if order.rooms else []
    names += [CHECKUP] if order.before else []
    refuse_to_overwrite(folder, names, force=force)
    gathered = gather_views(replace(order, language=language), steps)
    with steps.take("draw"):
        links = tuple(
            (key, page)
            for key, page in (("overview", OVERVIEW), ("plan", PLAN), ("facilities", FACILITIES), ("checkup", CHECKUP))
            if page in names
        )
        frame = Frame(language, OVERVIEW, links, home=OVERVIEW, exported=True)
        pages = {
            OVERVIEW: _overview(gathered, frame),
            PLAN: draw_plan(
                gathered.plan,
                language=language,
                attribution=attribution,
                views=gathered.views,
                places=gathered.places,
                overlays=gathered.overlays,
                home=OVERVIEW,
            ),
        }
        if FACILITIES in names:
            pages[FACILITIES] = _facilities(gathered, replace(frame, here=FACILITIES))
    if CHECKUP in names:
        low, high = (int(gathered.plan.about[name]) for name in ("min_households", "max_households"))
        rules = Rules(min_households=low, max_households=high)
        check, drawn, layers = verify_in_steps(order.before, gathered.inputs, rules, only=(), steps=steps)
        pages[CHECKUP] = draw_checkup(drawn, layers, rules, check, language=language, home=OVERVIEW)
    with write_whole(folder, names, force=force) as part:
        for name in names:
            (part / name).write_text(pages[name], "utf-8")
    return tuple(names), gathered.notes


def _overview(gathered: Gathered, frame: Frame) -> str:
    plan = gathered.plan
    posts = gathered.posts
    if posts is not None:
        general = plan.grids.loc[plan.grids["kind"] == "general", "grid_code"]
        posts = posts[posts["grid_code"].isin(general)]
    found = gathered.check.assessment if gathered.check else None
    walked, language = gathered.walked, frame.language
    covered = count_covered(walked, f"{PLAN}#view=walk-{walked.kind}", language) if walked is not None else None
    figures = count_figures(
        plan,
        posts,
        map_address=PLAN,
        found=found,
        facilities_address=FACILITIES,
        covered=covered,
        language=language,
    )
    software = speak(language)("划分软件", "Divided with")
    brief = f"{software} {plan.about['software']} {plan.about['version']}"
    return draw_overview(frame, brief, figures, list_communities(plan, posts, PLAN, found, language))


def _facilities(gathered: Gathered, frame: Frame) -> str:
    if gathered.check is None:  # the page is drawn only where there are rooms
        raise AssertionError("no rooms were checked")
    page = make_facility_page(
        gathered.check.assessment,
        gathered.check.standards,
        map_address=PLAN,
        walked=gathered.walked,
        language=frame.language,
    )
    return draw_facilities(frame, page)
