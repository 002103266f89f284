"""The addresses of the site; those of the screens are in `web`."""

from django.urls import include, path

handler500 = "rollbook.web.errors.server_error"  # without its database a page is a 503 that says so
urlpatterns = [path("", include("rollbook.web.urls"))]
