"""What the navigation of a school shows besides its links: the open page, and two counts."""

from typing import Final

from django.utils.functional import cached_property

from rollbook.schools import emergency
from rollbook.schools.models import EmergencyAccess, School
from rollbook.sync.report import work_list
from rollbook.sync.setup import link_decisions
from rollbook.sync.words.text import number

# The entry of the navigation under which a page lies, by the name of the page.
SECTIONS: Final = {
    "select-mapping": "configure-sis",
    "schedule": "configure-sis",
    "pauses": "configure-sis",
    "leavers": "configure-sis",
    "freed-emails": "limits",
    "import-settings": "import-file",
    "import-columns": "import-file",
    "run": "history",
    "report": "history",
    "person": "people",
    "person-change": "people",
    "delete-school": "school-settings",
    "disconnect": "school-settings",
    "why": "problems",
    "links": "problems",
    "student": "students",
    "students-bulk": "students",
    "student-columns": "students",
    "student-edit": "students",
    "student-erase": "students",
    "student-free-email": "students",
    "student-protect": "students",
    "student-merge": "students",
    "never-import": "students",
    "lookalikes": "students",
}


class Navigation:
    """The navigation around one page. A count is asked for when it is shown, and only once."""

    def __init__(self, school: School, page: str, *, is_visited: bool = False) -> None:
        self._school = school
        self._is_visited = is_visited
        self.section = SECTIONS.get(page, page)

    @cached_property
    def visits(self) -> list[EmergencyAccess]:
        """The operators who have emergency access to the school now."""
        return emergency.open_accesses(self._school) if self._is_visited else []

    @cached_property
    def open_problems(self) -> str:
        """How many problems are open, as a text; "" for none. Large numbers are not counted."""
        count = work_list.count_open(self._school)
        if count > work_list.COUNTED:
            return f"{number(work_list.COUNTED)}+"
        return number(count) if count else ""

    @cached_property
    def undecided_links(self) -> int:
        """How many possible links of existing accounts to students wait for a decision."""
        return link_decisions.undecided(self._school).count()
