"""The list of sources. Adding a SIS is one file and one line here; everything else follows."""

from rollbook.sources import powerschool, veracross
from rollbook.sources.base import Source

SOURCES: dict[str, Source] = {
    source.slug: source for source in (powerschool.SOURCE, veracross.SOURCE)
}
