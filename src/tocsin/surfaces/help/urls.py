"""Addresses of the help centre."""

from django.urls import path

from tocsin.surfaces.help import following, home, letters, reporting

app_name = "help"
urlpatterns = [
    path("", home.home, name="home"),
    path("privacy/", home.privacy, name="privacy"),
    path("hours.json", home.hours_json, name="hours"),
    path("leave/", home.leave, name="leave"),
    path("report/", reporting.choose, name="choose"),
    path("report/<str:code>/", reporting.report, name="report"),
    path("report/<str:code>/score/", reporting.score, name="score"),
    path("follow-up/", following.sign_in, name="follow-up"),
    path("follow-up/report/", following.status, name="status"),
    path("follow-up/report/message/", following.message, name="message"),
    path("follow-up/report/unsafe/", following.unsafe, name="unsafe"),
    path("follow-up/report/withdraw/", following.withdraw, name="withdraw"),
    path("follow-up/end/", following.end, name="end"),
    path("notice/", letters.find, name="letters"),
    path("notice/<str:notice_id>", letters.letter, name="letter"),
]
