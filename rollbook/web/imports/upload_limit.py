"""Stops files that nobody asked for or that are too large, so that they fill no memory or disk."""

from typing import IO, Any, Final

from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler

from rollbook.config import config

# The key in `request.META` that says why a form arrived without its file.
TOO_LARGE: Final = "rollbook.upload_too_large"
# The names of the addresses whose forms have a file.
PAGES_WITH_FILES: Final = frozenset({"import-file"})


class LimitedUpload(TemporaryFileUploadHandler):
    """Django's own handler, with a limit for all files of a request together.

    The rest of a larger file is read and dropped, so that the form around it stays whole. So is
    every file that somebody sends who isn't signed in, or sends to a page that takes none: Django
    reads a form, for its CSRF token, before a page is asked.
    """

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: Any,
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        self._meta = META
        self._bytes = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if not self._is_expected():
            raise SkipFile
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._bytes += len(raw_data)
        if self._bytes > config.upload_bytes:
            self._meta[TOO_LARGE] = True
            raise SkipFile
        super().receive_data_chunk(raw_data, start)

    def _is_expected(self) -> bool:
        request = self.request
        page = getattr(request, "resolver_match", None)
        user = getattr(request, "user", None)
        is_signed_in = user is not None and user.is_authenticated
        return page is not None and page.url_name in PAGES_WITH_FILES and is_signed_in
