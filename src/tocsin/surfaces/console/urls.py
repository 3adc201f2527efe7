"""Addresses of the console."""

from django.urls import path

from tocsin.surfaces.console import case_posts, case_views, lookups
from tocsin.surfaces.console.desk import by_method

app_name = "console"
_CASE = "case/<str:reference>/"

urlpatterns = [
    path("", case_views.home, name="home"),
    path("queue/", case_views.queue, name="queue"),
    path("queue/rows/", case_views.queue_rows, name="queue_rows"),
    path(_CASE, case_views.case, name="case"),
    path(_CASE + "body/", case_views.case_body, name="case_body"),
    path(_CASE + "links.json", case_views.case_graph, name="case_graph"),
    path(_CASE + "decide/", by_method(GET=case_views.decide_form, POST=case_posts.decide), name="decide"),
    path(_CASE + "proposal/", case_views.proposal, name="proposal"),
    path(_CASE + "take/", case_posts.take, name="take"),
    path(_CASE + "note/", case_posts.note, name="note"),
    path(_CASE + "message/", case_posts.message, name="message"),
    path(_CASE + "severity/", case_posts.severity, name="severity"),
    path(_CASE + "protect/", case_posts.protect, name="protect"),
    path(_CASE + "lift/", case_posts.lift, name="lift"),
    path(_CASE + "close/", case_posts.close, name="close"),
    path(_CASE + "reopen/", case_posts.reopen, name="reopen"),
    path(_CASE + "second-reading/", case_posts.second_read, name="second_read"),
    path(_CASE + "reverse/", case_posts.reverse, name="reverse"),
    path(_CASE + "glass/", case_posts.glass, name="glass"),
    path(
        _CASE + "reveal/<str:account_id>/<str:field>/",
        by_method(GET=case_views.reveal_form, POST=case_posts.reveal),
        name="reveal",
    ),
    *lookups.urlpatterns,
]
