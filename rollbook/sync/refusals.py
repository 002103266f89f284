"""Why a setting can't be saved or a run can't be started. Nothing was changed."""


class SettingRefused(Exception):
    """A setting can't be saved. `field` is its key, `what` the sentence to show beside it."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(what)
        self.field = field
        self.what = what


class RunRefused(Exception):
    """A run can't be started. `code` is stable, `what` says why and `remedy` what to do."""

    def __init__(self, code: str, what: str, remedy: str) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.remedy = remedy
