"""The made-up district: staff, courses, terms, sections, enrolments, and the caches of answers."""

from collections.abc import Callable, Sequence
from threading import RLock
from typing import NamedTuple

from rollbook.standins import people
from rollbook.standins.homes import EVERYWHERE, Homes
from rollbook.standins.people import GRADUATES, School, Student
from rollbook.standins.roster import Roster

STAFF_PER_SCHOOL, ENROLMENTS = 12, 4
_SUBJECTS = (
    "Algebra",
    "Geometry",
    "Biology",
    "Chemistry",
    "English",
    "Literature",
    "World History",
    "Geography",
    "Art",
    "Music",
    "Spanish",
    "French",
    "Computer Science",
    "Physical Education",
)
CACHED_BYTES = 200_000_000


class Staff(NamedTuple):
    dcid: int
    local_id: str
    first_name: str
    last_name: str
    email: str
    phone: str
    school: School


class Course(NamedTuple):
    dcid: int
    number: str
    name: str


class Term(NamedTuple):
    dcid: int
    local_id: int
    name: str
    abbreviation: str
    portion: int
    start_date: str
    end_date: str
    school: School


class Section(NamedTuple):
    dcid: int
    number: str
    expression: str
    course: Course
    term: Term
    staff: Staff


class Enrolment(NamedTuple):
    dcid: int
    student: Student
    section: Section


class District:
    """One made-up district: the roster, and the staff and classes of its schools."""

    def __init__(
        self, roster: Roster, single_object: bool = True, homes: Homes = EVERYWHERE
    ) -> None:
        self.roster, self.single_object, self.homes = roster, single_object, homes
        schools = self.schools = roster.schools
        self.school_by_number = {school.number: school for school in (*schools, GRADUATES)}
        self.staff = [
            _staff(roster.seed, at, schools[at // STAFF_PER_SCHOOL])
            for at in range(len(schools) * STAFF_PER_SCHOOL)
        ]
        self.courses = [
            Course(31 + at, f"C{100 + at * 10}", name) for at, name in enumerate(_SUBJECTS)
        ]
        self.terms = [term for school in schools for term in _terms(school)]
        sections = [section for school in schools for section in self._sections(school)]
        self.sections = sorted(
            sections, key=lambda one: (one.number, one.course.number, one.term.dcid)
        )
        self.sections_of = {
            school.number: [section for section in self.sections if section.term.school is school]
            for school in schools
        }
        self.fragments = Fragments()
        self._lock = RLock()
        self._indexes: dict[object, Sequence[int]] = {}
        self._indexed = -1

    def index(self, key: object, build: Callable[[], Sequence[int]]) -> Sequence[int]:
        """Return the numbers that a search yields, computed once until the roster changes.

        At most 100 searches are cached.
        """
        with self._lock:
            if self._indexed != self.roster.version or len(self._indexes) > 100:
                self._indexed, self._indexes = self.roster.version, {}
            if key not in self._indexes:
                self._indexes[key] = build()
            return self._indexes[key]

    def enrolment(self, dcid: int) -> Enrolment | None:
        """Return a class that a student takes, or None.

        Each active student of a school with sections takes four.
        """
        number, at = divmod(dcid, 10)
        if at >= ENROLMENTS or number not in self.roster:
            return None
        who = self.roster.student(number)
        sections = self.sections_of.get(who.school_number)
        if not sections or who.enroll_status != people.ACTIVE:
            return None
        return Enrolment(dcid, who, sections[(who.dice[at] + at) % len(sections)])

    def enrolments(self, section: Section) -> list[Enrolment]:
        """Return the students who take a class."""
        enrolments = []
        for number in self.roster.numbers():
            if self.roster.brief(number).school_number != section.term.school.number:
                continue
            for at in range(ENROLMENTS):
                enrolment = self.enrolment(number * 10 + at)
                if enrolment and enrolment.section == section:
                    enrolments.append(enrolment)
        return enrolments

    def _sections(self, school: School) -> list[Section]:
        staff = [person for person in self.staff if person.school is school]
        year = next(term for term in self.terms if term.school is school)
        return [
            Section(
                school.dcid * 1000 + at,
                str(at % 3 + 1),
                f"{at % 7 + 1}(A-E)",
                course,
                year,
                staff[at % len(staff)],
            )
            for at, course in enumerate(self.courses * 2)
        ]


class Fragments:
    """A cache of JSON pieces by variant (the columns asked for) and student number.

    It is emptied when the roster changes or its size passes the limit.
    """

    def __init__(self, limit: int = CACHED_BYTES) -> None:
        self._limit, self._size, self._version = limit, 0, -1
        self._cache: dict[object, dict[int, bytes]] = {}

    def pieces(
        self, version: int, variant: object, numbers: Sequence[int], make: Callable[[int], bytes]
    ) -> list[bytes]:
        """Return one piece for each number; `make` is called for those not cached."""
        if version != self._version or self._size > self._limit:
            self._cache, self._size, self._version = {}, 0, version
        by_number = self._cache.setdefault(variant, {})
        pieces = []
        for number in numbers:
            piece = by_number.get(number)
            if piece is None:
                by_number[number] = piece = make(number)
                self._size += len(piece) + 120
            pieces.append(piece)
        return pieces


def _staff(seed: int, at: int, school: School) -> Staff:
    who = people.student(seed, 5_000_000 + at, clean=True)
    local_id = f"{who.first_name}.{who.last_name[:1]}" if at % 6 == 5 else str(at + 1)
    email = f"{who.username.rstrip('0123456789')}{at + 1}@staff.school.example"
    return Staff(
        51 + at,
        local_id,
        who.first_name,
        who.last_name,
        email,
        f"555-02{at % 100:02d}",
        school,
    )


def _terms(school: School) -> list[Term]:
    """Return the terms by portion and start date, as the API sorts them (OD via LAS)."""
    base = school.dcid * 10
    return [
        Term(base, 3600, "2026-2027", "26-27", 1, "2026-09-01", "2027-06-18", school),
        Term(base + 1, 3601, "Semester 1", "S1", 2, "2026-09-01", "2027-01-22", school),
        Term(base + 2, 3602, "Semester 2", "S2", 2, "2027-01-25", "2027-06-18", school),
    ]
