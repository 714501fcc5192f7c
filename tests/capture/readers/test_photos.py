import numpy as np
import pytest
from PIL import Image

from xsim_core.capture.readers import read_photos
from xsim_core.capture.readers.images import MAX_IMAGE_PIXELS
from xsim_core.errors import BadInputError


def test_heic_beside_jpeg_is_read_whole_and_in_natural_order(tmp_path):
    from pillow_heif import from_pillow

    for i in range(12):
        image = Image.fromarray(np.full((48, 64, 3), 20 * i, np.uint8))
        if i % 4:
            from_pillow(image).save(tmp_path / f"{i}.HEIC", quality=95)
        else:
            image.save(tmp_path / f"{i}.jpg", quality=95)
    photos = read_photos(tmp_path, notes := [])
    np.testing.assert_allclose(photos.mean(axis=(1, 2, 3)), 20 * np.arange(12), atol=3)
    assert notes == []


def test_what_is_not_read_is_named(tmp_path):
    Image.new("RGB", (32, 24)).save(tmp_path / "0.jpg")
    (tmp_path / "IMG_1.DNG").write_bytes(b"raw")
    (tmp_path / "clip.mov").write_bytes(b"film")
    read_photos(tmp_path, notes := [])
    assert notes == ["photos: 2 left out, not read: IMG_1.DNG, clip.mov"]
    (tmp_path / "0.jpg").unlink()
    with pytest.raises(BadInputError, match=r"it holds IMG_1\.DNG, clip\.mov, which is not read"):
        read_photos(tmp_path)


def test_16_bit_grey_keeps_its_greys(tmp_path):
    ramp = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / "0.png")
    photos = read_photos(tmp_path, notes := [])
    np.testing.assert_allclose(photos[0, ..., 1], ramp / 257, atol=0.51)
    assert notes == ["photos: 16-bit grey, brought to 8 bits"]


def test_12_bits_in_16_are_refused(tmp_path):
    Image.fromarray(np.full((48, 64), 4000, np.uint16)).save(tmp_path / "0.png")
    with pytest.raises(BadInputError, match="only values up to 4000"):
        read_photos(tmp_path)


@pytest.mark.parametrize("megapixels", [120, 200])
def test_panoramas_are_refused_before_they_are_decoded(tmp_path, megapixels):
    Image.new("L", (20_000, megapixels * 50)).save(tmp_path / "0.png")
    with pytest.raises(BadInputError, match=f"up to {MAX_IMAGE_PIXELS // 1_000_000} megapixels"):
        read_photos(tmp_path)


@pytest.mark.parametrize("suffix", ["jpg", "png", "heic", "tif", "webp"])
def test_damaged_images_are_one_sentence(tmp_path, suffix):
    from pillow_heif import register_heif_opener

    register_heif_opener()
    path = tmp_path / f"0.{suffix}"
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    for cut in (0, 3, 20, len(whole) // 2):
        path.write_bytes(whole[:cut])
        with pytest.raises(BadInputError, match=str(path)):
            read_photos(tmp_path)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_photos_of_every_kind_are_the_same_in_strips(tmp_path, mode, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    name = {"CMYK": "0.jpg", "YCbCr": "0.jpg"}.get(mode, "0.png")
    Image.fromarray(noise).convert(mode).save(tmp_path / name)
    with Image.open(tmp_path / name) as image:
        expected = np.asarray(image.convert("RGB"))
    monkeypatch.setattr("xsim_core.capture.readers.images.STRIP_PIXELS", 64 * 7)
    np.testing.assert_array_equal(read_photos(tmp_path)[0], expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_turned_as_exif_says(tmp_path, orientation):
    from PIL import ImageOps

    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(noise).save(tmp_path / "0.png", exif=exif)
    with Image.open(tmp_path / "0.png") as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(read_photos(tmp_path)[0], expected)
