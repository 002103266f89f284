"""Text as searches compare it: lower case, without accents, folded by functions of the database (see migration 0002)."""

from django.db.models import Func, TextField


class SearchText(Func):
    """What searches look through of an account. Kept in a column that the database fills, and read from end to end: 100,000 accounts take
    25 ms, while a trigram index, which takes 5 ms, made the first run of 100,000 students a second longer or more.
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
    """A text folded alike."""

    function = "students_fold"
    output_field = TextField()
