"""Seeded crashes of a whole installation: `python -m tests.crash.seeds --seeds 30`.

Importing this package makes a temporary folder for the installation, points the settings at it and
sets Django up, so that its modules can import models. The folder is removed when the process ends.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import django

FOLDER = Path(tempfile.mkdtemp(prefix="rollbook-crash-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
FOLDER.chmod(0o755)  # the server may run as another user
(FOLDER / "runtime").mkdir(mode=0o700)
os.environ |= {
    "XDG_RUNTIME_DIR": str(FOLDER / "runtime"),
    "ROLLBOOK_DATA_DIR": str(FOLDER),
    "DATABASE_URL": "postgresql:///not-started",
    "DJANGO_SETTINGS_MODULE": "rollbook.settings",
    "PYTHONUNBUFFERED": "1",
}
os.environ.pop("DATABASE_OWNER_URL", None)
django.setup()
