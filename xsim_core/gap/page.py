"""The ladder for people: a page of its own, and a section of the run's report."""

from collections.abc import Callable, Mapping

from markupsafe import Markup

from xsim_core.artifacts import GapRung
from xsim_core.pages import image_uri, macros, render
from xsim_core.storage import OpenArtifact

from .config import PICTURE
from .found import Gap
from .ladder import Ladder, Rung

Pictures = Mapping[tuple[str, ...], str]
"""What the policy saw on each rung, as data URIs by its factors."""


def pictures_of(ladder: Ladder, rung_of: Callable[[Rung], OpenArtifact[GapRung]]) -> Pictures:
    """The first images of the first episodes of each rung: the same starts on all."""
    return {
        rung.factors: image_uri(rung_of(rung).read_file(PICTURE), "image/png")
        for rung in ladder.rungs()
    }


def gap_page(title: str, gap: Gap, pictures: Pictures) -> str:
    """One HTML page that needs nothing beside it.

    Args:
        title: the run's name.
        gap: what the ladder says.
        pictures: from ``pictures_of``.
    """
    return render("gap/page.html", title=title, gap=gap, pictures=pictures)


def gap_section(gap: Gap, pictures: Pictures) -> Markup:
    """The ladder's content in a report, whose style it takes."""
    return macros("gap/pieces.html").ladder(gap, pictures)
