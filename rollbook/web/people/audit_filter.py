"""The filter of the audit log: who, what, when, and which student."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.db.models import Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from rollbook.schools.clock import zone_of
from rollbook.schools.models import AuditEntry, School, User
from rollbook.sync.models import Change
from rollbook.web.forms import Form

KINDS: Final = (
    ("", _("Everything")),
    ("seen", _("Students shown or searched")),
    ("taken", _("Students exported")),
    ("sign", _("Signing in and out")),
    ("changed", _("Changes and settings")),
)
SIGNING: Final = Q(action__in=("signed_in", "signed_out", "sign_in_failed"))
# The files of these have every student of a run's report; their subject is the run.
FILES_OF_RUNS: Final = ("report.made", "report.downloaded", "report.exported")


def _ending(*words: str) -> Q:
    either = Q(pk__in=())
    for word in words:
        either |= Q(action__endswith=word)
    return either


SEEN: Final = _ending("viewed", "listed", "searched", "asked_why")
TAKEN: Final = _ending("exported", "downloaded", "report.made")
CONDITIONS: Final = {
    "seen": SEEN,
    "taken": TAKEN,
    "sign": SIGNING,
    "changed": ~(SEEN | TAKEN | SIGNING),
}


class AuditForm(Form):
    """What the audit log is narrowed to. `student` is the id of an account, never a name."""

    kind = forms.ChoiceField(label=_("Show"), required=False, choices=KINDS)
    person = forms.ChoiceField(label=_("Person"), required=False)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    student = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any], school: School) -> None:
        super().__init__(data)
        self._school = school
        entries = AuditEntry.objects.filter(school=school, actor=OuterRef("pk"))
        people = User.objects.filter(Exists(entries)).order_by("name", "pk")
        names = [(str(user.pk), str(user)) for user in people]
        person = self.fields["person"]
        assert isinstance(person, forms.ChoiceField)
        person.choices = [("", _("Anybody")), *names]

    @property
    def parameters(self) -> dict[str, str]:
        """Return what was given and makes sense, as links carry it on."""
        given = {name: self.given(name) for name in self.fields}
        return {name: str(value) for name, value in given.items() if value}

    def entries(self) -> QuerySet[AuditEntry]:
        """Return the entries that pass, newest first."""
        entries = AuditEntry.objects.filter(school=self._school).select_related("actor")
        if person := self.given("person"):
            entries = entries.filter(actor=person)
        if since := self.given("since"):
            entries = entries.filter(at__gte=self._midnight(since))
        if until := self.given("until"):
            entries = entries.filter(at__lt=self._midnight(until + timedelta(days=1)))
        if student := self.given("student"):
            entries = about_student(entries, self._school, student)
        if kind := self.given("kind"):
            entries = entries.filter(CONDITIONS[kind])
        return entries.order_by("-at", "-pk")

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), zone_of(self._school)).astimezone(UTC)


def about_student(
    entries: QuerySet[AuditEntry], school: School, account_id: UUID
) -> QuerySet[AuditEntry]:
    """Return the entries about a student: seen, exported, changed, or in the file of a run."""
    place = Func(
        Value(account_id.bytes),
        F("students"),
        template="position(%(expressions)s)",
        arg_joiner=" IN ",
        output_field=IntegerField(),
    )
    runs = Change.objects.filter(school=school, account_id=account_id).values_list("run", flat=True)
    files = Q(action__in=FILES_OF_RUNS, subject__in=[str(run) for run in runs.distinct()])
    return entries.alias(place=place).filter(Q(subject=str(account_id)) | Q(place__gt=0) | files)
