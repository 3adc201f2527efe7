"""Where every address leads."""

from django.conf import settings
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="help:home", permanent=False)),
    path("accounts/", include("allauth.urls")),
    path("console/", include("tocsin.surfaces.console.urls")),
    path("help/", include("tocsin.surfaces.help.urls")),
    path("line/", include("tocsin.surfaces.line.urls")),
    path("v1/", include("tocsin.surfaces.api.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("tocsin.surfaces.ui.urls")),
]

handler400 = "tocsin.surfaces.ui.errors.bad_request"
handler403 = "tocsin.surfaces.ui.errors.forbidden"
handler404 = "tocsin.surfaces.ui.errors.not_found"
handler500 = "tocsin.surfaces.ui.errors.server_error"

if settings.TOCSIN_DEMO:
    urlpatterns += [path("demo/", include("tocsin.surfaces.console.demo_urls"))]

if settings.DEBUG:
    from django.contrib.staticfiles.urls import staticfiles_urlpatterns

    urlpatterns += staticfiles_urlpatterns()
