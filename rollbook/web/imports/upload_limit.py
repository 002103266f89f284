"""Stops taking in a file that is larger than an upload may be, while it arrives: neither memory nor disk fills up with it."""

from typing import IO, Any, Final

from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler

from rollbook.config import config

TOO_LARGE: Final = (
    "rollbook.upload_too_large"  # in `request.META`: the form came without its file for this reason
)


class LimitedUpload(TemporaryFileUploadHandler):
    """Django's own handler, with an end. The rest of the file is read past, so that the form around it stays whole."""

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
