"""xsim_core/pages: every value is escaped, and pictures travel small."""

import io
from pathlib import Path

import numpy as np
import pytest
from jinja2 import UndefinedError
from markupsafe import Markup
from PIL import Image

import xsim_core
from xsim_core.pages import image_uri, macros, number, quantity, words
from xsim_core.pages.pictures import slim


def test_the_palette_of_pages_is_said_once():
    """But for the report, which stands alone for years and has one of its own."""
    library = Path(xsim_core.__file__).parent
    pages = {p for p in library.rglob("page.html") if p.parent.name != "report"}
    assert len(pages) == 5
    for path in pages:
        text = path.read_text()
        assert text.count('{% include "pages/base.css" %}') == 1
        assert "--ink: #" not in text


def test_text_is_escaped_and_markup_stands():
    pieces = macros("pages/pieces.html")
    card = pieces.card(pieces.bullets(["a < b"]), "<i>")
    assert isinstance(card, Markup)
    assert card.strip() == '<div class="card"><h3>&lt;i&gt;</h3><ul><li>a &lt; b</li></ul></div>'
    # What was put together as plain text is escaped once more: seen, and harmless.
    assert "&lt;b&gt;" in pieces.card("".join([Markup("<b>")]))
    table = pieces.table(("<h>",), [("<c>",), (Markup("<i>x</i>"),)], numeric=(0,))
    assert '<th class="num">&lt;h&gt;</th>' in table
    assert '<td class="num">&lt;c&gt;</td>' in table
    assert '<td class="num"><i>x</i></td>' in table


def test_what_a_template_was_not_given_is_an_error():
    with pytest.raises(UndefinedError):
        macros("pages/pieces.html").card()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (True, "yes"),
        (1234567, "1,234,567"),
        (0.123456, "0.1235"),
        (12345.6, "12,346"),
        ("x_y", "x_y"),
    ],
)
def test_numbers_are_written_as_a_person_would(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("path_length_m", "path length (m)"),
        ("speed_per_s", "speed per s"),
        ("m", "m"),
        ("num_frames", "frames"),
        ("mesh_num_faces", "mesh faces"),
        ("psnr_db", "PSNR (dB)"),
        ("is_mesh_coloured", "mesh coloured"),
        ("num", "num"),
    ],
)
def test_names_are_written_as_a_person_would(name, text):
    assert words(name) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("table_height_m", -6.708e-05, "-0.0671 mm"),
        ("path_length_m", 0.3127, "0.313 m"),
        ("table_tilt_rad", 0.001956, "0.112°"),
        ("psnr_db", 29.561, "29.6 dB"),
        ("board_rms_px", None, "–"),
        ("num_frames", 1800, "1,800"),
        ("name", "demo", "demo"),
        ("duration_s", 1800, "1,800 s"),
        ("duration_s", 12345.6, "12,346 s"),
    ],
)
def test_a_quantity_is_told_with_its_unit(name, value, text):
    assert quantity(value, name) == text


def test_pictures_travel_small():
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 255, (90, 160, 3), np.uint8)) for _ in range(3)]
    still, film = io.BytesIO(), io.BytesIO()
    frames[0].resize((640, 360)).save(still, "PNG")
    frames[0].save(film, "GIF", save_all=True, append_images=frames[1:], duration=200)
    for data, mime, count in ((still, "image/png", 1), (film, "image/gif", 3)):
        small, kind = slim(data.getvalue(), mime)
        assert kind == "image/webp"
        assert len(small) < len(data.getvalue())
        with Image.open(io.BytesIO(small)) as image:
            assert getattr(image, "n_frames", 1) == count
    assert slim(b"\x89PNG" + bytes(50_000), "image/png")[1] == "image/png"
    assert image_uri(b"\x89PNG", "image/png").startswith("data:image/png;base64,")
