"""Sign-in e-mails that an account had before."""

from datetime import timedelta

from rollbook.config import config
from rollbook.schools import clock
from rollbook.students.models import EmailAlias, StudentAccount


def keep_alias(account: StudentAccount, email: str, email_key: str) -> None:
    """Keep an e-mail of an account for the days that the installation sets."""
    until = clock.now() + timedelta(days=config.alias_days)
    EmailAlias.objects.update_or_create(
        school_id=account.school_id,
        account=account,
        email_key=email_key,
        defaults={"email": email, "kept_until": until},
    )


def aliases_of(account: StudentAccount) -> list[EmailAlias]:
    """Return the earlier e-mails of an account that are still kept, newest first."""
    aliases = EmailAlias.objects.filter(
        account=account, school_id=account.school_id, kept_until__gt=clock.now()
    )
    return list(aliases.exclude(email_key=account.email_key).order_by("-since"))
