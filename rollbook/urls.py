"""Addresses; each screen's own are in `web`."""

from django.urls import include, path

handler500 = "rollbook.web.errors.server_error"  # a database that is away is a 503 that says so
urlpatterns = [path("", include("rollbook.web.urls"))]
