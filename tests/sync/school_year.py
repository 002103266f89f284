"""The weeks of a school year: what happens in the SIS, and what the person decides about a hold."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, NamedTuple

from rollbook.standins.roster import Known
from rollbook.standins.standin import StandIn

FIRST_DAY: Final = date(2026, 8, 10)
LAST_WEEK: Final = 54
PEOPLE: Final = 230  # in the stand-in; most of them join later or never


class Town:
    """The students of a town in the stand-in of a SIS; those at school are enrolled."""

    def __init__(self, sis: StandIn) -> None:
        self.sis = sis
        self.next = 0
        self.kept: list[Known] = []  # what the SIS had before something that is put right later
        self.ids = []
        for number, one in enumerate(sis.roster()):
            self.ids.append(one.dcid)
            sis.edit(
                one.dcid,
                enroll_status=2,
                school_number=5,
                last_name=f"{one.last_name}ham-{number}",
                email=f"s{number}@lincoln.example",
                gender="F",
            )

    def everybody(self) -> list[Known]:
        return [one for one in self.sis.roster() if one.enroll_status == 0]

    def some(self, number: int, start: int = 0) -> list[Known]:
        """Return so many of those at school, spread over the classes."""
        return self.everybody()[start : start + 3 * number : 3]

    def join(self, number: int, *, grade: int | None = None, year: int | None = None) -> None:
        """Enrol so many new students: over grades 9 to 12, or all in one grade."""
        ids = self.ids[self.next : self.next + number]
        for at, dcid in enumerate(ids, self.next):
            level = grade or 9 + at % 4
            self.sis.edit(
                dcid, enroll_status=0, grade_level=level, graduation_year=year or 2039 - level
            )
        self.next += number

    def leave(self, people: list[Known]) -> None:
        for one in people:
            self.sis.edit(one.dcid, enroll_status=2)

    def put_right(self) -> None:
        """Give those who are kept the values from before."""
        for one in self.kept:
            fields = ("first_name", "last_name", "email", "birth_date", "gender")
            values = {name: getattr(one, name) for name in (*fields, "graduation_year")}
            self.sis.edit(one.dcid, enroll_status=one.enroll_status, **values)
        self.kept = []


Deed = Callable[[Town], None]


class Week(NamedTuple):
    """A week in which something happens. `holds` are the codes of the alarms of its run.

    `decides` is approve, additions or discard. The texts are a row of docs/school-year.md.
    """

    deed: Deed
    happens: str
    does: str
    holds: frozenset[str] = frozenset()
    decides: str = ""


def first_classes(town: Town) -> None:
    town.join(100)


def late_enrolments(town: Town) -> None:
    town.join(4)


def no_shows(town: Town) -> None:
    town.kept = town.some(7)
    town.leave(town.kept)
    town.join(1)


def transfers(town: Town) -> None:
    town.join(2)
    town.leave(town.some(1, 30))


def one_is_back(town: Town) -> None:
    town.kept = town.kept[:1]
    town.put_right()


def renames(town: Town) -> None:
    for number, one in enumerate(town.some(25)):
        email = f"renamed{number}@lincoln.example"
        town.sis.edit(one.dcid, last_name=f"{one.last_name}-Lee", email=email)
    town.join(1)


def new_domain(town: Town) -> None:
    for one in town.everybody():
        town.sis.edit(one.dcid, email=one.email.replace("lincoln", "students.lincoln"))
    town.sis.edit(town.some(1, 50)[0].dcid, first_name="Newname")
    town.join(1)


def nothing(_town: Town) -> None:
    """Nothing happens in the SIS."""


def names_swapped(town: Town) -> None:
    town.kept = town.everybody()
    for one in town.kept:
        town.sis.edit(one.dcid, first_name=one.last_name, last_name=one.first_name)
    town.join(1)


def put_right(town: Town) -> None:
    town.put_right()


def merger(town: Town) -> None:
    town.join(40)


def emails_of_the_others_gone(town: Town) -> None:
    town.kept = town.everybody()[-36:]
    for one in town.kept:
        town.sis.edit(one.dcid, email="")
    town.join(1)


def genders_blank(town: Town) -> None:
    town.kept = town.everybody()
    for one in town.kept[1:]:
        town.sis.edit(one.dcid, gender="")
    town.join(1)


def half_is_gone(town: Town) -> None:
    town.kept = town.everybody()[::2]
    town.leave(town.kept)
    town.join(1)


def ids_reused(town: Town) -> None:
    town.kept = town.some(10)
    for number, one in enumerate(town.kept):
        names = {"first_name": "Other", "last_name": f"Person-{number}"}
        email = f"other{number}@lincoln.example"
        town.sis.edit(one.dcid, birth_date="2001-02-03", email=email, **names)
    town.join(1)


def seniors_leave(town: Town) -> None:
    town.leave([one for one in town.everybody() if one.grade_level == 12])


def roll_over(town: Town) -> None:
    """The grades move on as they should, and the graduation years as well, as they should not."""
    town.kept = town.everybody()
    for one in town.kept:
        grade, year = one.grade_level + 1, one.graduation_year + 1
        town.sis.edit(one.dcid, grade_level=grade, graduation_year=year)


def incoming_class(town: Town) -> None:
    town.join(28, grade=9, year=2031)


def quiet(number: int) -> Deed:
    """Return what happens in a week without an event: a transfer now and then."""

    def deed(town: Town) -> None:
        if number % 3 == 0:
            town.join(1)
        if number % 8 == 4:
            town.leave(town.some(1, number))

    return deed


YEAR: Final[dict[int, Week]] = {
    1: Week(
        first_classes,
        "The first 100 students are enrolled.",
        "Makes 100 accounts. The first run has no newcomers.",
    ),
    2: Week(late_enrolments, "Four enrol late.", "Makes four accounts."),
    3: Week(
        no_shows,
        "Seven never came and are removed; one enrols.",
        "On hold: leavers.",
        frozenset({"leavers"}),
        "approve",
    ),
    4: Week(
        transfers,
        "Two join, one leaves.",
        "Makes two accounts. The seven hold no run again.",
    ),
    6: Week(one_is_back, "One of the seven comes after all.", "Her absence ends."),
    8: Week(
        renames,
        "25 students get another last name, and an e-mail with it; one joins.",
        "On hold: names, e-mails.",
        frozenset({"names", "emails"}),
        "approve",
    ),
    10: Week(
        new_domain,
        "The e-mails move to another domain, too early. One student is renamed; one joins.",
        "On hold: e-mails.",
        frozenset({"emails"}),
        "additions",
    ),
    11: Week(
        nothing,
        "The domain is ready.",
        "On hold: the e-mails are still undecided. The rename and the new student are in.",
        frozenset({"emails"}),
        "approve",
    ),
    14: Week(
        names_swapped,
        "An import swaps first and last names; one joins.",
        "On hold: names.",
        frozenset({"names"}),
        "discard",
    ),
    15: Week(put_right, "The names are put right.", "Makes the account of the one who waited."),
    20: Week(
        merger,
        "Another school merges: 40 students join.",
        "On hold: newcomers.",
        frozenset({"newcomers"}),
        "approve",
    ),
    22: Week(
        emails_of_the_others_gone,
        "36 of them lose their e-mails for some weeks; one joins.",
        "On hold: errors.",
        frozenset({"errors"}),
        "approve",
    ),
    26: Week(put_right, "The e-mails are back.", "The settled errors end."),
    28: Week(
        nothing,
        "The school closes leavers from now on, after three runs and seven days.",
        "Closes those who left before, without another hold.",
    ),
    32: Week(
        genders_blank,
        "An update blanks a field for all but one; its blank clears. One joins.",
        "On hold: blanks.",
        frozenset({"blanks"}),
        "discard",
    ),
    33: Week(put_right, "The field is back.", "Makes the account of the one who waited."),
    36: Week(
        half_is_gone,
        "Rollbook loses the right to see half of the students; one joins.",
        "On hold: leavers, overlap.",
        frozenset({"leavers", "overlap"}),
        "discard",
    ),
    37: Week(put_right, "The right is given back.", "Makes the account of the one who waited."),
    40: Week(
        ids_reused,
        "Ten SIS IDs are given to other people by mistake; one joins.",
        "On hold: other people.",
        frozenset({"other_people"}),
        "approve",
    ),
    43: Week(put_right, "The IDs are put right.", "The ten are up to date again."),
    47: Week(
        seniors_leave,
        "The seniors graduate and leave the SIS.",
        "On hold: leavers, vanished.",
        frozenset({"leavers", "vanished"}),
        "approve",
    ),
    48: Week(
        roll_over,
        "The SIS rolls over: grades move on, and by mistake the graduation years.",
        "On hold: graduation years.",
        frozenset({"years"}),
        "discard",
    ),
    49: Week(put_right, "The graduation years are put right.", "Changes nothing that was right."),
    50: Week(nothing, "Nothing.", "Closes the seniors as graduated, without another hold."),
    52: Week(incoming_class, "28 new ninth-graders.", "Makes 28 accounts."),
    53: Week(
        nothing,
        "The school changes to Veracross. One student is entered late.",
        "On hold: moved accounts.",
        frozenset({"moved"}),
        "approve",
    ),
    54: Week(
        nothing,
        "The late one is in Veracross.",
        "Links the account, without another hold.",
    ),
}


def week_of(number: int) -> Week:
    return YEAR.get(number) or Week(quiet(number), "", "")


def day_of(number: int) -> date:
    return FIRST_DAY + timedelta(days=7 * (number - 1))
