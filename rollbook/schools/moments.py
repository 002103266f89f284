"""Fields for moments that the database's clock sets, whichever machine writes the row."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from rollbook.schools import clock

if TYPE_CHECKING:
    Moment = models.DateTimeField[str | datetime | Combinable, datetime]
else:
    Moment = models.DateTimeField


class MadeAt(Moment):
    """The moment at which a row was made.

    The database sets it, because other machines compare it with the database's clock. A machine
    whose clock is ahead would make failed sign-ins that count for ever.
    """

    def __init__(self, **options: Any) -> None:
        options.setdefault("db_default", Now())
        options.setdefault("editable", False)
        super().__init__(**options)

    def deconstruct(self) -> Any:
        """Return what migrations store: a plain field with a default of the database."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs


class ChangedAt(MadeAt):
    """The moment at which a row was made or last saved."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if not add:  # a new row gets it with its other columns, without asking the database first
            setattr(model_instance, self.attname, clock.now())
        return super().pre_save(model_instance, add)
