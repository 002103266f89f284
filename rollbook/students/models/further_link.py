"""Further links of an account: the other SISs that have the same student."""

from typing import ClassVar

from django.db import models

from rollbook.schools.models import School, User
from rollbook.schools.moments import MadeAt
from rollbook.students.models.account import StudentAccount


class FurtherLink(models.Model):
    """A second SIS that has the student of an account, with the SIS ID there.

    The first link is the account's own `source` and `sis_id`; an account without one has no further
    link either. `fingerprint` is a digest of what this SIS last said, as
    `StudentAccount.source_fingerprint` is of the first one. `confirmed_by` is the person who said
    that both SISs have the same student; None on the command line.
    """

    id = models.BigAutoField(primary_key=True)
    school = models.ForeignKey(School, on_delete=models.PROTECT, db_index=False, related_name="+")
    account = models.ForeignKey(
        StudentAccount, on_delete=models.CASCADE, db_index=False, related_name="further_links"
    )
    source = models.CharField(max_length=40)
    sis_id = models.CharField(max_length=200)
    since = MadeAt()
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    fingerprint = models.BinaryField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "source", "sis_id"], name="one_further_link_per_sis_id"
            ),
            models.UniqueConstraint(fields=["account", "source"], name="one_further_link_per_sis"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.account_id}"
