"""All commands: name, where each is, and its line in the list of commands."""

from rollbook.cli.lazy import CommandGroup, LazyCommand

COMMANDS = (
    # Try it out
    LazyCommand(
        "demo", "demo.command:demo", "Try Rollbook out with made-up students", needs_django=False
    ),
    # Set up
    LazyCommand(
        "migrate", "operate.migrate:migrate", "Set up the database, or bring it up to date"
    ),
    LazyCommand("web", "operate.web:web", "Serve the screens until stopped"),
    LazyCommand("worker", "operate.worker:worker", "Work on runs until stopped"),
    LazyCommand("check", "operate.check:check", "Check whether this installation is ready"),
    LazyCommand("backup", "operate.backup:backup", "Write everything but the keys to one file"),
    LazyCommand(
        "restore", "operate.backup:restore", "Load a backup into an empty, migrated database"
    ),
    LazyCommand(
        "keys", "operate.keys:keys", "Print a new secret key and encryption key", needs_django=False
    ),
    LazyCommand(
        "settings",
        "operate.settings:settings",
        "List all settings and their defaults",
        needs_django=False,
    ),
    CommandGroup(
        "school",
        "Add, list, change and delete schools",
        (
            LazyCommand("add", "people.schools:add_school", "Add a school"),
            LazyCommand(
                "list", "people.schools:list_schools", "List the schools of this installation"
            ),
            LazyCommand(
                "free-emails",
                "people.free_emails:free_emails",
                "Show or set when runs free e-mails of closed accounts",
            ),
            LazyCommand(
                "purge-leavers",
                "people.purge_leavers:purge_leavers",
                "Show or set when students who left are erased",
            ),
            LazyCommand(
                "set", "people.schools:set_school", "Rename a school, or change its time zone"
            ),
            LazyCommand(
                "delete",
                "people.schools:delete_school",
                "Delete a school with all that belongs to it, for good",
            ),
        ),
    ),
    CommandGroup(
        "user",
        "Invite, add, list, change and remove the people who sign in",
        (
            LazyCommand("add", "people.users:add_user", "Add a person to a school, with a role"),
            LazyCommand(
                "list", "people.users:list_users", "List the people of one school, or of all"
            ),
            LazyCommand("password", "people.users:set_password", "Set a new password for a person"),
            LazyCommand(
                "second-factor",
                "people.users:remove_second_factors",
                "Remove all second factors of a person who has lost them, and end the sessions",
            ),
            LazyCommand(
                "invite",
                "people.staff_invitations:invite_user",
                "Invite a person to a school by mail",
            ),
            LazyCommand(
                "invitations",
                "people.staff_invitations:list_invitations",
                "List the invitations of staff, with their state and that of their mail",
            ),
            LazyCommand(
                "revoke",
                "people.staff_invitations:revoke_invitation",
                "Revoke the open invitation of an address",
            ),
            LazyCommand(
                "role", "people.access:change_role", "Change the role of a person at a school"
            ),
            LazyCommand(
                "disable",
                "people.access:disable",
                "Close a school to a person, and end the sessions there",
            ),
            LazyCommand(
                "enable",
                "people.access:enable",
                "Open a school again to a person who was disabled",
            ),
            LazyCommand(
                "remove",
                "people.access:remove",
                "Remove a person from a school, and end the sessions there",
            ),
        ),
    ),
    CommandGroup(
        "operator",
        "Add, list and remove the operators of this installation",
        (
            LazyCommand(
                "add",
                "people.operators:add_operator",
                "Let a person add schools and look after the installation, without seeing students",
            ),
            LazyCommand(
                "list",
                "people.operators:list_operators",
                "List the operators of this installation",
            ),
            LazyCommand(
                "remove",
                "people.operators:remove_operator",
                "Take the operator's rights from a person",
            ),
        ),
    ),
    # Connect
    CommandGroup(
        "integration",
        "Connect a school to its SIS, and set how it is synced",
        (
            LazyCommand(
                "sources", "connect.integrations:sources", "List the SISs that can be connected"
            ),
            LazyCommand(
                "set",
                "connect.integration_set:set_integration",
                "Connect a SIS, or change its connection",
            ),
            LazyCommand(
                "check", "connect.check:check_integration", "Test the saved connection step by step"
            ),
            LazyCommand(
                "select",
                "connect.select:select",
                "Show or choose the grades and schools of a SIS, and what its names of grades mean",
            ),
            LazyCommand("show", "connect.integrations:show", "Show how a school is connected"),
            LazyCommand(
                "list", "connect.integrations:list_integrations", "List the connected SISs"
            ),
            LazyCommand(
                "disconnect",
                "connect.disconnect:disconnect",
                "Delete all stored credentials of a school, and switch its SISs off",
            ),
            LazyCommand(
                "leavers",
                "connect.field_rules:leavers",
                "Show or set what happens to leavers and graduates",
            ),
            LazyCommand(
                "fields",
                "connect.field_rules:fields",
                "Show or set which fields the SIS may overwrite",
            ),
        ),
    ),
    CommandGroup(
        "schedule",
        "Show and set when runs start by themselves",
        (
            LazyCommand(
                "show", "connect.schedule:show_schedule", "Show when runs start by themselves"
            ),
            LazyCommand(
                "set", "connect.schedule:set_schedule", "Set when runs start by themselves"
            ),
            LazyCommand("pause", "connect.schedule:pause", "Skip scheduled runs for some days"),
        ),
    ),
    CommandGroup(
        "limits",
        "Show and set the safety limits that put a run on hold",
        (
            LazyCommand("show", "connect.limits:show", "Show the limits of a school"),
            LazyCommand("set", "connect.limits:set_limits", "Set limits of a school"),
            LazyCommand("widen", "connect.limits:widen", "Use other limits for some days"),
            LazyCommand("end", "connect.limits:end", "Remove the other limits of some days"),
        ),
    ),
    CommandGroup(
        "notices",
        "Show the mail about runs, and choose who gets which",
        (
            LazyCommand(
                "list", "people.notices:list_notices", "List the mail about runs, newest first"
            ),
            LazyCommand(
                "choose", "people.notices:choose_notices", "Choose what a person gets mail about"
            ),
        ),
    ),
    # Run
    LazyCommand("run", "runs.runs:run", "Start a run and wait for it"),
    LazyCommand("runs", "runs.run_list:list_runs", "List runs, newest first"),
    LazyCommand("problems", "runs.problems:problems", "List the problems that a run found"),
    LazyCommand("changes", "runs.changes:changes", "List what a run changed or would change"),
    LazyCommand("report", "runs.report:report", "Write the Excel report of a run"),
    LazyCommand("holds", "runs.holds:holds", "List the runs that are on hold"),
    LazyCommand(
        "approve", "runs.holds:approve", "Apply a run that is on hold, as it was previewed"
    ),
    LazyCommand("discard", "runs.holds:discard", "Discard a run that is on hold"),
    LazyCommand("cancel", "runs.cancel:cancel", "Cancel a run that waits, reads or plans"),
    LazyCommand("undo", "runs.undo:undo", "Undo a finished live run or upload"),
    LazyCommand("work-list", "runs.work_list:work_list", "List the open problems of all runs"),
    LazyCommand("why", "runs.why:why", "Explain why a student has no account"),
    CommandGroup(
        "links",
        "Link existing accounts to students of the SIS",
        (
            LazyCommand(
                "list", "connect.links:list_links", "List accounts and the students they may be"
            ),
            LazyCommand(
                "confirm", "connect.links:confirm", "Confirm that an account and a student match"
            ),
            LazyCommand(
                "reject", "connect.links:reject", "Reject a link between an account and a student"
            ),
            LazyCommand(
                "take-back", "connect.links:take_back", "Take back a decision about a link"
            ),
            LazyCommand("unlink", "connect.links:unlink", "Unlink a student from one SIS"),
        ),
    ),
    LazyCommand("plugin", "connect.plugin:plugin", "Write the plugin for a SIS that has plugins"),
    LazyCommand(
        "upload", "uploads.upload:upload", "Preview a spreadsheet of students, or apply it"
    ),
    LazyCommand(
        "template", "uploads.template:template", "Write an empty spreadsheet for an upload"
    ),
    # Students
    LazyCommand(
        "students", "students.students:students", "List or search the students of a school"
    ),
    LazyCommand("edit", "students.student_rules:edit", "Edit a student"),
    LazyCommand(
        "protect", "students.student_rules:protect", "Protect a student's account from sync"
    ),
    CommandGroup(
        "never-import",
        "Choose students for whom no run makes an account",
        (
            LazyCommand(
                "list",
                "students.never_import:list_entries",
                "List the students for whom no run makes an account",
            ),
            LazyCommand("add", "students.never_import:add_entry", "Put a student on the list"),
            LazyCommand(
                "remove", "students.never_import:remove_entry", "Take a student off the list"
            ),
        ),
    ),
    LazyCommand(
        "free-email",
        "students.free_email:free_email",
        "Free the e-mail of a closed account for another student",
    ),
    CommandGroup(
        "lookalikes",
        "Decide about accounts with one name and date of birth",
        (
            LazyCommand(
                "list",
                "students.lookalikes:list_lookalikes",
                "List open accounts with the same name and date of birth",
            ),
            LazyCommand(
                "different",
                "students.lookalikes:different",
                "Decide that two accounts belong to two students",
            ),
        ),
    ),
    LazyCommand("merge", "students.merge:merge", "Merge two accounts of one student"),
    LazyCommand("invite", "people.invitations:invite", "Send the registration email to students"),
    LazyCommand("invitations", "people.invitations:invitations", "List the registration emails"),
    LazyCommand("audit", "people.audit:audit", "List who did what, newest first"),
)

KEYS_COMMANDS = (
    LazyCommand(
        "rotate",
        "operate.key_rotation:rotate",
        "Encrypt all stored credentials and second factors with the newest key",
    ),
)

STUDENTS_COMMANDS = (
    LazyCommand(
        "data",
        "students.privacy:data",
        "Write everything that is stored about one student to a JSON file",
    ),
    LazyCommand("erase", "students.privacy:erase", "Erase one student for good"),
)

AUDIT_COMMANDS = (
    LazyCommand(
        "verify",
        "people.audit_chain:verify",
        "Check that no entry of the audit log was changed, removed, swapped or back-dated",
    ),
    LazyCommand("anchor", "people.audit_chain:anchor", "Print the end of the audit log's chain"),
)
