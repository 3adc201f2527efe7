"""Addresses of the console."""

from django.urls import path

from tocsin.surfaces.console import (
    case_verbs,
    case_views,
    decide_views,
    evidence_views,
    glass_views,
    letter_views,
    link_views,
    lookups,
    why_views,
)
from tocsin.surfaces.console.desk import by_method

app_name = "console"
_CASE = "case/<str:reference>/"
_ITEM = "evidence/<str:evidence_id>/"

urlpatterns = [
    path("", case_views.home, name="home"),
    path("nav/", case_views.nav, name="nav"),
    path("queue/", case_views.queue, name="queue"),
    path("queue/rows/", case_views.queue_rows, name="queue_rows"),
    path(_CASE, case_views.case, name="case"),
    path(_CASE + "body/", case_views.case_body, name="case_body"),
    path(_CASE + "here/", case_views.here, name="here"),
    path(_CASE + "support/", case_views.case_support, name="support"),
    path(_CASE + "links.json", case_views.case_graph, name="case_graph"),
    path(_CASE + "links/", by_method(GET=link_views.links, POST=link_views.keep), name="links"),
    path(
        _CASE + "decide/",
        by_method(GET=decide_views.decide_form, POST=decide_views.decide),
        name="decide",
    ),
    path(_CASE + "proposal/", decide_views.proposal, name="proposal"),
    path(_CASE + "take/", case_verbs.take, name="take"),
    path(_CASE + "assign/", case_verbs.assign, name="assign"),
    path(_CASE + "note/", case_verbs.note, name="note"),
    path(_CASE + "message/", case_verbs.message, name="message"),
    path(_CASE + "severity/", case_verbs.severity, name="severity"),
    path(_CASE + "protect/", case_verbs.protect, name="protect"),
    path(_CASE + "lift/", case_verbs.lift, name="lift"),
    path(_CASE + "close/", case_verbs.close, name="close"),
    path(_CASE + "reopen/", case_verbs.reopen, name="reopen"),
    path(_CASE + "merge/", case_verbs.merge, name="merge"),
    path(_CASE + "second-reading/", case_verbs.second_read, name="second_read"),
    path(_CASE + "reverse/", case_verbs.reverse, name="reverse"),
    path(_CASE + "alert/", case_verbs.alert, name="alert"),
    path(_CASE + "why/", why_views.why, name="why"),
    path(_CASE + "letter/", letter_views.letter, name="letter"),
    path(_CASE + "glass/", by_method(GET=glass_views.ask, POST=glass_views.open_), name="glass"),
    path(
        _CASE + "evidence/",
        by_method(GET=evidence_views.upload_form, POST=evidence_views.upload),
        name="upload",
    ),
    path(
        _CASE + "reveal/<str:account_id>/<str:field>/",
        by_method(GET=decide_views.reveal_form, POST=decide_views.reveal),
        name="reveal",
    ),
    path(_ITEM, evidence_views.evidence, name="evidence"),
    path(_ITEM + "custody/", evidence_views.custody, name="custody"),
    *lookups.urlpatterns,
]
