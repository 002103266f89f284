"""What a browser calls itself, in words for people."""

from typing import Final

from django.http import HttpRequest
from django.utils.translation import gettext as _

# What a User-Agent has, and what it means. The first that is there counts: most browsers name
# others too.
BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def words_of(request: HttpRequest) -> str:
    """Return such as "Firefox on Windows"."""
    agent = request.META.get("HTTP_USER_AGENT") or ""
    browser = next((name for sign, name in BROWSERS if sign in agent), _("A browser"))
    system = next((name for sign, name in SYSTEMS if sign in agent), "")
    if not system:
        return browser
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
