"""Routing of requests by the last part of their path, and the nearest path to a wrong one."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from domain.mistakes import models_in, names_of


class RoutesByName(BaseRoute):
    """Finds routes by the last part of their path: one look-up instead of trying a hundred routes in turn."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = {_last(route.path): route for route in routes}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        route = self._routes.get(_last(scope["path"]))
        if route is None:
            return Match.NONE, {}
        match, found = route.matches(scope)
        return match, {**found, "route": route}

    def all(self) -> Iterable[Route]:
        return self._routes.values()

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["route"].handle(scope, receive, send)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def methods_allowed(app: FastAPI, scope: Scope) -> list[str]:
    """Return the methods that any route allows at a path; none if there is no such path."""
    found = {"OPTIONS"}
    for route in app.router.routes:
        match, matched = route.matches({**scope, "root_path": ""})
        if match is not Match.NONE:
            found |= getattr(matched.get("route", route), "methods", None) or {"GET"}
    return sorted(found | {"HEAD"} if "GET" in found else found)


CLOSE_ENOUGH = 0.7
"""How similar a part of a path must be to the right one to count as mistyped, from 0 to 1."""
LONGEST_PART = 100
MOST_PARTS = 12


def nearest_path(app: FastAPI, path: str) -> str | None:
    """Return the path that the caller probably meant if one part of it is wrong; values in it stay as they wrote
    them."""
    written = path.split("/")
    if len(written) > MOST_PARTS:
        return None
    meant: dict[str, tuple[str, str]] = {}
    for template in _templates(app):
        wrong = _parts_that_differ(template.split("/"), written)
        if len(wrong) == 1:
            [(ours, theirs)] = wrong
            meant.setdefault(ours, (theirs[:LONGEST_PART], template))
    for theirs in {theirs for theirs, _ in meant.values()}:
        words = [ours for ours, (word, _) in meant.items() if word == theirs]
        for close in get_close_matches(theirs, words, 1, CLOSE_ENOUGH):
            return _filled_in(meant[close][1], written)
    return None


def _templates(app: FastAPI) -> Iterator[str]:
    for route in app.router.routes:
        inner = route.all() if isinstance(route, RoutesByName) else [route]
        yield from (each.path for each in inner if isinstance(each, Route))


def _parts_that_differ(template: Sequence[str], written: Sequence[str]) -> list[tuple[str, str]]:
    """Return the parts in which a path differs from a template, as pairs of the template's part and the path's. All
    parts differ if their lengths do."""
    if len(template) != len(written):
        return [(ours, "") for ours in template]
    pairs = zip(template, written, strict=True)
    return [(ours, theirs) for ours, theirs in pairs if ours != theirs and not (ours.startswith("{") and theirs)]


def _filled_in(template: str, written: Sequence[str]) -> str:
    pairs = zip(template.split("/"), written, strict=True)
    return quote("/".join(theirs if ours.startswith("{") else ours for ours, theirs in pairs))


def build_models(app: FastAPI) -> None:
    """Build the response models, which pydantic would otherwise build at their first use. The largest takes as long as
    some fifty requests."""
    routes = (route for route in app.router.routes if isinstance(route, APIRoute))
    for model in {model for route in routes for model in models_in(route.response_model)}:
        model.model_rebuild()


def parameters_of(request: Request) -> list[str]:
    """Return the names of the query parameters of a request's route."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return []
    return [name for each in _dependants(route.dependant) for field in each.query_params for name in _names(field)]


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for each in dependant.dependencies:
        yield from _dependants(each)


def _names(field: Any) -> list[str]:
    models = list(models_in(field.field_info.annotation))
    return [name for model in models for name in names_of(model)] or [field.alias]
