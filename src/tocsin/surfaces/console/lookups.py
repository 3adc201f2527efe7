"""The desks beside the queue: where each address leads."""

from django.urls import path

from tocsin.surfaces.console import (
    appeal_views,
    export_views,
    govern_views,
    own_keys_views,
    people_views,
    rule_views,
    run_views,
)
from tocsin.surfaces.console.desk import by_method

urlpatterns = [
    path("export/", export_views.export, name="export"),
    path("alerts/", people_views.alerts, name="alerts"),
    path("appeals/", appeal_views.appeals, name="appeals"),
    path("appeals/<str:appeal_id>/", appeal_views.appeal, name="appeal"),
    path("appeals/<str:appeal_id>/take/", appeal_views.take, name="appeal_take"),
    path("appeals/<str:appeal_id>/answer/", appeal_views.answer, name="appeal_answer"),
    path("appeals/<str:appeal_id>/hand-on/", appeal_views.hand_on, name="appeal_hand_on"),
    path("lookup/", people_views.lookup, name="lookup"),
    path("entity/<str:kind>/<str:entity_id>/", people_views.entity, name="entity"),
    path("entity/<str:kind>/<str:entity_id>/links.json", people_views.entity_graph, name="entity_graph"),
    path("palette.json", people_views.palette, name="palette"),
    path("policies/", govern_views.policies_page, name="policies"),
    path("rules/", rule_views.rules, name="rules"),
    path("rules/new/", by_method(GET=rule_views.blank, POST=rule_views.begin), name="new_rule"),
    path("rules/<str:name>/", rule_views.rule, name="rule"),
    path("rules/<str:name>/write/", rule_views.write, name="write_rule"),
    path("rules/<str:name>/problems/", rule_views.problems, name="rule_problems"),
    path("rules/<str:name>/ask/", rule_views.ask, name="ask_rule"),
    path("rules/<str:name>/step/", rule_views.step, name="step_rule"),
    path("access/", govern_views.access, name="access"),
    path("access/review/", govern_views.review_glass, name="review_glass"),
    path("audit/", govern_views.audit, name="audit"),
    path("undelivered/", run_views.outbox, name="outbox"),
    path("undelivered/resend/", run_views.resend, name="resend"),
    path("staff/", by_method(GET=run_views.staff, POST=run_views.add_staff), name="staff"),
    path("staff/keys/", run_views.make_key, name="make_key"),
    path("staff/keys/revoke/", run_views.revoke_key, name="revoke_key"),
    path("keys/", by_method(GET=own_keys_views.own_keys, POST=own_keys_views.make_own_key), name="own_keys"),
    path("keys/revoke/", own_keys_views.revoke_own_key, name="revoke_own_key"),
    path("purpose/", by_method(GET=run_views.purpose, POST=run_views.set_purpose), name="purpose"),
]
