"""Why a change of people or their access was refused. Nothing was changed."""


class PeopleRefused(Exception):
    """A change of people was refused. `code` is stable, `what` is the sentence to show."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
