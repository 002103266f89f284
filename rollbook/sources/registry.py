"""The sources that exist. Adding a SIS is one file and one line here; screens, commands and the pipeline follow."""

from rollbook.sources import powerschool, veracross
from rollbook.sources.base import Source

SOURCES: dict[str, Source] = {
    source.slug: source for source in (powerschool.SOURCE, veracross.SOURCE)
}
