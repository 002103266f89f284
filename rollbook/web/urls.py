"""Addresses of the screens. Those of a school start with its id."""

from django.urls import URLPattern, URLResolver, include, path

from rollbook.config import config
from rollbook.web.account.home import home, schools
from rollbook.web.account.me import forgot, me, register, student_sign_in, student_sign_out
from rollbook.web.account.upload import upload
from rollbook.web.account.urls import of_signing_in
from rollbook.web.imports.columns import import_columns
from rollbook.web.imports.decision import (
    failing_rows,
    import_confirm,
    import_correct,
    import_discard,
)
from rollbook.web.imports.file import import_file, import_template
from rollbook.web.imports.settings import import_settings
from rollbook.web.operations.caught_mail import mail, mail_html, mails
from rollbook.web.operations.component_sheet import component_sheet
from rollbook.web.operations.installation import (
    enter_school,
    installation,
    installation_health,
    installation_school,
)
from rollbook.web.people.audit_log import audit_file, audit_log
from rollbook.web.people.emergency import end_emergency
from rollbook.web.people.invitation import staff_invitation
from rollbook.web.people.people import invitation_action, people
from rollbook.web.people.person import change_person, person
from rollbook.web.runs.decision import approve, cancel, discard
from rollbook.web.runs.download import report
from rollbook.web.runs.free_email import free_email, take_email_back
from rollbook.web.runs.history import history
from rollbook.web.runs.problems import problems, registrar_file
from rollbook.web.runs.run_page import run_page, run_progress
from rollbook.web.runs.trigger import trigger_now
from rollbook.web.runs.undo import undo_confirm, undo_run
from rollbook.web.set_up.configure_sis import configure_sis, connection_test
from rollbook.web.set_up.disconnect import disconnect
from rollbook.web.set_up.freed_emails import freed_emails
from rollbook.web.set_up.how_to import how_to
from rollbook.web.set_up.leavers import leavers
from rollbook.web.set_up.links import confirm_exact, decide_link, links
from rollbook.web.set_up.notifications import notifications
from rollbook.web.set_up.plugin import plugin
from rollbook.web.set_up.purge_leavers import purge_leavers
from rollbook.web.set_up.safety_limits import safety_limits
from rollbook.web.set_up.schedule import pauses, schedule
from rollbook.web.set_up.school_settings import delete_school, school_settings
from rollbook.web.set_up.select_mapping import select_mapping
from rollbook.web.students.bulk import students_bulk
from rollbook.web.students.columns import student_columns
from rollbook.web.students.edit import edit, protect
from rollbook.web.students.export import export_students
from rollbook.web.students.lookalikes import decide_different, possible_duplicates
from rollbook.web.students.merge import student_merge, student_unmerge
from rollbook.web.students.never_import import allow_import, never_import
from rollbook.web.students.one_student import (
    deactivate,
    invite,
    reactivate,
    student,
    unlink,
)
from rollbook.web.students.privacy import student_erase, student_file
from rollbook.web.students.student_list import students
from rollbook.web.students.why import why_not_in

of_a_school = [
    path("upload/", upload, name="upload"),
    path("import/", import_file, name="import-file"),
    path("import/template.<str:kind>", import_template, name="import-template"),
    path("import/<uuid:upload_id>/settings/", import_settings, name="import-settings"),
    path("import/<uuid:upload_id>/columns/", import_columns, name="import-columns"),
    path("import/<uuid:upload_id>/correct/", import_correct, name="import-correct"),
    path("import/<uuid:upload_id>/confirm/", import_confirm, name="import-confirm"),
    path("import/<uuid:upload_id>/discard/", import_discard, name="import-discard"),
    path("import/<uuid:upload_id>/failing.<str:kind>", failing_rows, name="import-failing"),
    path("integrations/", configure_sis, name="configure-sis"),
    path("integrations/tests/<uuid:test_id>/", connection_test, name="connection-test"),
    path("integrations/<uuid:integration_id>/mapping/", select_mapping, name="select-mapping"),
    path("integrations/<uuid:integration_id>/trigger/", trigger_now, name="trigger"),
    path("integrations/<slug:source>/plugin.zip", plugin, name="plugin"),
    path("integrations/<slug:source>/how-to/", how_to, name="how-to"),
    path("integrations/<slug:source>/schedule/", schedule, name="schedule"),
    path("integrations/<slug:source>/pauses/", pauses, name="pauses"),
    path("integrations/<slug:source>/leavers/", leavers, name="leavers"),
    path("history/", history, name="history"),
    path("audit/", audit_log, name="audit-log"),
    path("audit/log.csv", audit_file, name="audit-csv"),
    path("students/", students, name="students"),
    path("students/columns/", student_columns, name="student-columns"),
    path("students/bulk/", students_bulk, name="students-bulk"),
    path("students/export.csv", export_students, {"kind": "csv"}, name="students-csv"),
    path("students/export.xlsx", export_students, {"kind": "xlsx"}, name="students-xlsx"),
    path("students/<uuid:student_id>/", student, name="student"),
    path("students/<uuid:student_id>/deactivate/", deactivate, name="student-deactivate"),
    path("students/<uuid:student_id>/reactivate/", reactivate, name="student-reactivate"),
    path("students/<uuid:student_id>/free-email/", free_email, name="student-free-email"),
    path("students/<uuid:student_id>/take-email-back/", take_email_back, name="student-email-back"),
    path("students/<uuid:student_id>/unlink/<slug:source>/", unlink, name="student-unlink"),
    path("students/<uuid:student_id>/edit/", edit, name="student-edit"),
    path("students/<uuid:student_id>/data.json", student_file, name="student-file"),
    path("students/<uuid:student_id>/erase/", student_erase, name="student-erase"),
    path("students/<uuid:student_id>/protect/", protect, name="student-protect"),
    path("lookalikes/", possible_duplicates, name="lookalikes"),
    path("lookalikes/<int:question_id>/different/", decide_different, name="lookalikes-different"),
    path("never-import/", never_import, name="never-import"),
    path("never-import/<uuid:entry_id>/remove/", allow_import, name="allow-import"),
    path("students/<uuid:student_id>/merge/", student_merge, name="student-merge"),
    path("students/<uuid:student_id>/unmerge/", student_unmerge, name="student-unmerge"),
    path("students/<uuid:student_id>/invite/", invite, name="student-invite"),
    path("why/", why_not_in, name="why"),
    path("links/", links, name="links"),
    path("links/exact/", confirm_exact, name="links-exact"),
    path("links/<uuid:proposal_id>/", decide_link, name="links-decide"),
    path("problems/", problems, name="problems"),
    path("problems/registrar.csv", registrar_file, {"kind": "csv"}, name="registrar-csv"),
    path("problems/registrar.xlsx", registrar_file, {"kind": "xlsx"}, name="registrar-xlsx"),
    path("freed-emails/", freed_emails, name="freed-emails"),
    path("limits/", safety_limits, name="limits"),
    path("notifications/", notifications, name="notifications"),
    path("people/", people, name="people"),
    path("people/invitations/<uuid:invitation_id>/", invitation_action, name="people-invitation"),
    path("people/<uuid:user_id>/", person, name="person"),
    path("people/<uuid:user_id>/change/", change_person, name="person-change"),
    path("emergency/<uuid:access_id>/end/", end_emergency, name="end-emergency"),
    path("settings/", school_settings, name="school-settings"),
    path("settings/purge-leavers/", purge_leavers, name="purge-leavers"),
    path("settings/disconnect/", disconnect, name="disconnect"),
    path("settings/delete/", delete_school, name="delete-school"),
    path("runs/<uuid:run_id>/", run_page, name="run"),
    path("runs/<uuid:run_id>/progress/", run_progress, name="run-progress"),
    path("runs/<uuid:run_id>/approve/", approve, name="approve"),
    path("runs/<uuid:run_id>/discard/", discard, name="discard"),
    path("runs/<uuid:run_id>/cancel/", cancel, name="cancel"),
    path("runs/<uuid:run_id>/undo/", undo_run, name="undo"),
    path("runs/<uuid:run_id>/undo/<uuid:student_id>/", undo_run, name="undo-student"),
    path("runs/<uuid:run_id>/undo/confirm/", undo_confirm, name="undo-confirm"),
    path("runs/<uuid:run_id>/report/", report, name="report"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    *of_signing_in,
    path("me/", me, name="me"),
    path("me/sign-in/", student_sign_in, name="student-sign-in"),
    path("me/sign-out/", student_sign_out, name="student-sign-out"),
    path("me/forgot/", forgot, name="student-forgot"),
    path("me/register/<uuid:invitation_id>/<str:code>/", register, name="student-register"),
    path(
        "invitations/<uuid:invitation_id>/<str:token>/", staff_invitation, name="staff-invitation"
    ),
    path("schools/", schools, name="schools"),
    path("installation/", installation, name="installation"),
    path("installation/health/", installation_health, name="installation-health"),
    path("installation/<uuid:school_id>/", installation_school, name="installation-school"),
    path("installation/<uuid:school_id>/enter/", enter_school, name="enter-school"),
    path("mail/", mails, name="mails"),
    path("mail/<str:name>/", mail, name="mail"),
    path("mail/<str:name>/html/", mail_html, name="mail-html"),
    path("schools/<uuid:school_id>/", include(of_a_school)),
]

if not config.production:
    urlpatterns.append(path("_components/", component_sheet, name="components"))
