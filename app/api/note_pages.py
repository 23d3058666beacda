"""The page of notes on borders: what phones sent from the area, and a form for what came of each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.api.areas import ROLES_WITH_NOTES, Caller
from app.api.bodies import LARGEST, SAYS_SOMETHING
from app.api.errors import Forbidden
from app.api.identity import refuse_other_sites
from app.api.note_lines import list_notes
from app.api.pages import POLICY, page_frame, page_response, signed_in
from app.api.routing import StrictRoute
from app.api.service import Changing, Service, Serving
from app.maps.notes_page import draw_notes
from app.store.errors import Conflict
from app.store.notes import count_notes, handle_note, read_notes

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

MOST_LISTED = 200
MOST_DONE = 30


@router.get("/notes")
async def notes(request: Request, service: Serving, lang: str = "zh") -> Response:
    """Show the notes of the area that wait, and those that were dealt with lately."""
    caller = await signed_in(request)
    if isinstance(caller, Response):
        return caller
    return page_response(request, await _draw(service, _reader(caller), lang))


@router.post("/notes/{number}")
async def handled(
    request: Request,
    service: Serving,
    changing: Changing,
    number: Annotated[int, Path(ge=1, le=LARGEST)],
    outcome: Annotated[str, Form(min_length=1, max_length=300, pattern=SAYS_SOMETHING)],
    lang: str = "zh",
) -> Response:
    """Take the form: write down what came of a note, once; what somebody else has dealt with is told on the page."""
    caller = await signed_in(request)
    if isinstance(caller, Response):
        return caller
    refuse_other_sites(request.scope)
    _reader(caller)
    try:
        async with changing() as connection:
            await handle_note(connection, number, outcome, by=caller.label, area=caller.area)
    except Conflict as error:
        fault = error.english if lang == "en" else str(error)
        return HTMLResponse(
            await _draw(service, caller, lang, fault),
            409,
            {"Cache-Control": "no-store", "Content-Security-Policy": POLICY},
        )
    return RedirectResponse("/notes?lang=en" if lang == "en" else "/notes", 303)


async def _draw(service: Service, caller: Caller, lang: str, fault: str = "") -> str:
    board = service.boards.current
    async with service.store.reading() as connection:
        waiting = await read_notes(connection, area=caller.area, handled=False, most=MOST_LISTED)
        count = await count_notes(connection, area=caller.area, handled=False)
        done = await read_notes(connection, area=caller.area, handled=True, most=MOST_DONE, newest=True)
    frame = page_frame(caller, "/notes", lang)
    lines = (list_notes(board, found, frame.language) for found in (waiting, done))
    return draw_notes(frame, *lines, count=count, fault=fault)


def _reader(caller: Caller) -> Caller:
    if caller.role not in ROLES_WITH_NOTES:
        raise Forbidden("您的角色不处理边界意见", "your role does not deal with notes on borders")
    return caller
