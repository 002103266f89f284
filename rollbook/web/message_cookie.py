"""Keeps the messages for the next page in a cookie with the prefix of the others."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class MessageCookie(CookieStorage):
    """Django's own cookie, under a name that no other host can use."""

    cookie_name = f"{settings.COOKIE_PREFIX}messages"


class Messages(FallbackStorage):
    """The cookie, and the session where messages are too long for it."""

    storage_classes = (MessageCookie, SessionStorage)
