"""A Django view that acts for whoever sends the request. In a project this is `views.py`.

The process has one client; each request takes a light one of its own with `as_user`, so threads
and users never meet. `MENTORKIT = {"url": ..., "key": ...}` stands in the settings.
"""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import path

from mentorkit import Mentorkit, MentorkitError


@cache
def kit() -> Mentorkit:
    """The client of this process; made by the first request, after a server has forked."""
    return Mentorkit(settings.MENTORKIT["url"], settings.MENTORKIT["key"])


def upcoming(request: HttpRequest) -> JsonResponse:
    """The sessions to come of the user whose token came along."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token:
        return JsonResponse({"code": "not_signed_in"}, status=401)
    with kit().as_user(token) as me:
        try:
            sessions = me.sessions.upcoming()
        except MentorkitError as fault:
            return JsonResponse({"code": fault.code, "message": str(fault)}, status=409)
    return JsonResponse(
        {"sessions": [{"title": row.title, "at": row.scheduled_time} for row in sessions]}
    )


urlpatterns = [path("upcoming/", upcoming)]
