from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0029_room_for_problems")]

    operations = [
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                condition=models.Q(("kind", "new"), _negated=True),
                fields=["school", "run", "kind"],
                name="changes_to_accounts",
            ),
        ),
    ]
