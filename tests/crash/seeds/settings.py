"""The settings of the workers of a seeded crash."""

from tests.crash.scene import SOON

PAGE = 20  # students on a page, so that a small school has many pages
SETTINGS = SOON | {"ROLLBOOK_PAGE_RECORDS": str(PAGE)}
