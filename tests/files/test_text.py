import pytest

from xsim_core.errors import BadInputError
from xsim_core.files.text import parse_yaml, read_text


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "windows-1252"]
)
def test_encodings_are_recognised(tmp_path, encoding):
    path = tmp_path / "a.yaml"
    path.write_bytes("name: Tüte\n".encode(encoding))
    assert read_text(path, notes := []) == "name: Tüte\n"
    assert bool(notes) == (not encoding.startswith("utf-8"))


def test_quotes_and_the_euro_sign_of_windows_are_no_control_characters(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes("name: “Tüte” 5 €\n".encode("windows-1252"))
    assert read_text(path, []) == "name: “Tüte” 5 €\n"
    path.write_bytes(b"name: T\xfcte\x81\n")
    assert read_text(path, notes := []) == "name: Tüte\x81\n"
    assert "latin-1" in notes[0]


def test_what_is_no_text(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"abc\0" * 40)
    with pytest.raises(BadInputError, match="no"):
        read_text(path, [])
    path.write_bytes(b"x" * 100)
    with pytest.raises(BadInputError, match="at most"):
        read_text(path, [], max_bytes=50)
    with pytest.raises(BadInputError, match="cannot be read"):
        read_text(tmp_path / "none", [])
    with pytest.raises(BadInputError, match="cannot be read"):
        read_text(tmp_path, [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [1", "line 1, column 6: expected ',' or ']'"),
        ("a: 1\nb\n", "line 3, column 1: could not find expected ':'"),
        ("a: 2020-13-45", "month must be in 1..12"),
        ("a: !!timestamp x", "NoneType"),
        ("a: \x07", "special characters are not allowed"),
        ("[" * 5000, "recursion"),
        ("1:" * 1_000_000, "2,000,000 characters"),
    ],
)
def test_what_is_no_yaml_is_said_in_one_line(text, why):
    with pytest.raises(BadInputError, match=r"^task\.yaml is not YAML: ") as caught:
        parse_yaml(text, "task.yaml is not YAML")
    assert why in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_yaml_and_json_are_values():
    assert parse_yaml('{"a": [1, 2.5, true]}', "x") == parse_yaml("a: [1, 2.5, yes]", "x")
