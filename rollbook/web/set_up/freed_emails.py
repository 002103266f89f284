"""The screen where a school chooses when runs free e-mails of students who left or graduated."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from rollbook.schools.models import School
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import versions
from rollbook.sync.setup.freeing_rule import save_freeing
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import Form
from rollbook.web.saved_over import SavedOver, saving, shown_with

NEVER, AFTER = "never", "after"
USUAL_DAYS = 90
RULES = [
    (NEVER, gettext_lazy("List a problem; a person frees the e-mail")),
    (AFTER, gettext_lazy("Free it after some days, in the same run")),
]


class FreedEmailsForm(Form):
    """The rule, and its number of days."""

    rule = forms.ChoiceField(
        label=gettext_lazy("When a student gets an e-mail that a closed account still has"),
        choices=RULES,
    )
    free_emails_after = forms.IntegerField(
        label=gettext_lazy("Days since the account was closed"),
        required=False,
        help_text=gettext_lazy("Used only with the second choice."),
    )

    @property
    def days(self) -> int | None:
        """The number of days, None for never. Ask a valid form."""
        if self.cleaned_data["rule"] == NEVER:
            return None
        given = self.cleaned_data["free_emails_after"]
        return USUAL_DAYS if given is None else int(given)


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def freed_emails(request: SchoolRequest) -> HttpResponse:
    """Show the rule of the school, and save it."""
    if request.method == "POST":
        form = FreedEmailsForm(request.POST)
        if _saved(request, form):
            messages.success(
                request, _("Saved. The next run and the next upload follow this rule.")
            )
            return redirect("freed-emails", request.school.pk)
    else:
        form = _saved_form(request.school)
    return render(request, "web/set_up/freed_emails.html", {"form": form})


def _saved(request: SchoolRequest, form: FreedEmailsForm) -> bool:
    """Save a valid form. Return False if it isn't valid or is refused; then it holds the reason."""
    if not form.is_valid():
        return False
    try:
        with saving(request.school, form, lambda: _saved_form(request.school)):
            save_freeing(request.school, request.person, form.days)
    except SavedOver:
        return False
    except SettingRefused as refused:
        form.add_refusal(refused)
        return False
    return True


def _saved_form(school: School) -> FreedEmailsForm:
    days = School.objects.values_list("free_emails_after", flat=True).get(pk=school.pk)
    rule = NEVER if days is None else AFTER
    shown_days = USUAL_DAYS if days is None else days
    form = FreedEmailsForm(initial={"rule": rule, "free_emails_after": shown_days})
    return shown_with(form, versions.of_freeing(days))
