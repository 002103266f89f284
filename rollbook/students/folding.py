"""Text as searches compare it. Migration 0008 has the functions, `roster.names.fold` the rules."""

from django.db.models import Func, TextField


class SearchText(Func):
    """The text of an account that searches read, in a column that the database fills.

    It is read from end to end: 100,000 accounts take 25 ms. A trigram index takes 5 ms, but made
    the first run of 100,000 students a second longer or more.
    """

    function = "students_search_text"
    output_field = TextField()

    def __init__(self) -> None:
        super().__init__(
            "first_name",
            "last_name",
            "middle_name",
            "preferred_name",
            "email",
            "student_number",
            "sis_id",
        )

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        return ("rollbook.students.folding.SearchText", [], {})


class Folded(Func):
    """A text in lower case, without accents, apostrophes and hyphens."""

    function = "students_fold"
    output_field = TextField()
