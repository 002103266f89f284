"""Stops a file that is too large while it arrives, so that it fills neither memory nor disk."""

from typing import IO, Any, Final

from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler

from rollbook.config import config

# The key in `request.META` that says why a form arrived without its file.
TOO_LARGE: Final = "rollbook.upload_too_large"


class LimitedUpload(TemporaryFileUploadHandler):
    """Django's own handler, with a limit.

    The rest of a larger file is read and dropped, so that the form around it stays whole.
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

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > config.upload_bytes:
            self._meta[TOO_LARGE] = True
            raise SkipFile
        super().receive_data_chunk(raw_data, start)
