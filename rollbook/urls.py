"""Addresses; each screen's own are in `web`."""

from django.urls import include, path

urlpatterns = [path("", include("rollbook.web.urls"))]
