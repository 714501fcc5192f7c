"""How files are spoilt: blindly, byte by byte, and with knowledge of what their bytes mean.

A mutation takes bytes and a generator and answers bytes.
"""

import ast
import contextlib
import io
import json
import re
import sqlite3
import struct
import zipfile
import zlib

import yaml

ODD_WORDS = (
    "nan", "inf", "-inf", "-1", "0", "1", "1e308", "1e-320", "99999999999999999999", "0x10", "''",
    '"', "[", "]", "{", "}", ":", "- ", "#", "&a", "*a", "!!binary", "2020-13-45", "~", "null",
    "true", "1:2:3", "é" * 3, "\ufeff", "\u2028", "a" * 300, "../x", "/", "\\", "%s", "1,5", "\t",
)  # fmt: skip
DEEP = "nested without end"
ODD_VALUES = (
    None, True, -1, 0, 1, 2, 255, 65536, 2**31, 2**63, 2**64, 10**30, -(2**63), 0.5, -0.0, 1e-320,
    1e308, float("nan"), float("inf"), DEEP, "", "x", "a" * 300, "../x", "\x7f", "é", [], [None],
    [[]], [1] * 100, {}, {"a": 1}, {"": None},
)  # fmt: skip
ODD_INTEGERS = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    16,
    127,
    128,
    255,
    32767,
    32768,
    65535,
    2**31 - 1,
    2**31,
    2**32 - 2,
    2**32 - 1,
)


def in_bytes(data, rng):
    """Truncated, with a hole, with a part repeated or moved, or with some bytes changed."""
    whole = bytearray(data or b"\0")
    a, b = sorted(rng.integers(0, len(whole) + 1, 2))
    match rng.integers(8):
        case 0:
            return bytes(whole[:a])
        case 1:
            return bytes(whole[:a] + whole[b:])
        case 2:
            return bytes(whole[:b] + whole[a : min(b, a + 64)] * 3 + whole[b:])
        case 3:
            return bytes(whole[b:] + whole[:b])
        case 4 | 5:  # A number of the header, most likely.
            size = int(rng.choice([1, 2, 4, 8]))
            at = int(rng.integers(max(1, min(len(whole), int(rng.choice([64, 512, 1 << 30]))))))
            number = int(rng.choice(ODD_INTEGERS)) % (1 << 8 * size)
            whole[at : at + size] = number.to_bytes(size, str(rng.choice(["little", "big"])))
    for at in rng.integers(0, len(whole), rng.integers(1, 9)):
        flip = whole[at] ^ (1 << int(rng.integers(8)))
        whole[at] = flip if rng.random() < 0.5 else int(rng.choice([0, 255, 127, 128, 1, 45, 48]))
    return bytes(whole)


def in_words(data, rng):
    """Text with words, numbers and lines replaced, repeated, swapped or lost."""
    text = data.decode("utf-8", "surrogateescape")
    for _ in range(int(rng.integers(1, 4))):
        lines = text.splitlines(keepends=True) or [""]
        i, j = rng.integers(len(lines), size=2)
        match rng.integers(7):
            case 0:
                del lines[i]
            case 1:
                lines[i] = lines[i] * int(rng.choice([2, 3, 500]))
            case 2:
                lines[i], lines[j] = lines[j], lines[i]
            case _:
                words = re.split(r"([\s,:=\[\]{}()/]+)", lines[i])
                words[int(rng.integers(len(words)))] = str(rng.choice(ODD_WORDS))
                lines[i] = "".join(words)
        text = "".join(lines)
    encoding = str(rng.choice(["utf-8"] * 12 + ["utf-16", "latin-1"]))
    errors = "surrogateescape" if encoding == "utf-8" else "replace"
    return text.encode(encoding, errors)


def in_value(value, rng):
    """Plain values (maps, lists, numbers, words) with one of them changed."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = list(value)[int(rng.integers(len(value)))]
        match rng.integers(8):
            case 0:
                return {k: v for k, v in value.items() if k != key}
            case 1:
                return {(f"{k}x" if k == key else k): v for k, v in value.items()}
            case _:
                return {k: in_value(v, rng) if k == key else v for k, v in value.items()}
    if isinstance(value, list) and value and rng.random() < 0.85:
        i = int(rng.integers(len(value)))
        match rng.integers(8):
            case 0:
                return value[:i] + value[i + 1 :]
            case 1:
                return value + value[i : i + 1] * int(rng.choice([1, 300]))
            case _:
                return [in_value(v, rng) if k == i else v for k, v in enumerate(value)]
    if isinstance(value, int | float) and not isinstance(value, bool) and rng.random() < 0.4:
        return value * float(rng.choice([-1, 0.001, 1000, 1e300, 0.1, 1.5]))
    return ODD_VALUES[int(rng.integers(len(ODD_VALUES)))]


def in_json(data, rng):
    """JSON whose values were changed."""
    return _deep(json.dumps(in_value(json.loads(data), rng)))


def in_yaml(data, rng):
    """YAML whose values were changed; some as JSON, which is YAML too."""
    value = in_value(yaml.safe_load(data), rng)
    if rng.random() < 0.2:
        return _deep(json.dumps(value))
    return _deep(yaml.safe_dump(value, default_flow_style=None, allow_unicode=True))


def _deep(text):
    deep = "[" * 3000 + "]" * 3000
    return text.replace(f'"{DEEP}"', deep).replace(DEEP, deep).encode()


def in_png(data, rng):
    """A PNG with one chunk changed, its checksum right again."""
    chunks, at = [], 8
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    i = int(rng.integers(len(chunks)))
    kind, body = chunks[i]
    match rng.integers(5):
        case 0:
            chunks.insert(int(rng.integers(len(chunks))), (kind, body))
        case 1:
            del chunks[i]
        case 2 if kind == b"IDAT":
            chunks[i] = kind, zlib.compress(in_bytes(zlib.decompress(body), rng))
        case _:
            chunks[i] = kind, in_bytes(body, rng)
    parts = [data[:8]]
    for name, content in chunks:
        check = zlib.crc32(name + content)
        parts += [struct.pack(">I", len(content)), name, content, struct.pack(">I", check)]
    return b"".join(parts)


def in_npy(data, rng):
    """A NumPy array whose header says something else."""
    size = struct.unpack_from("<H", data, 8)[0]
    header = ast.literal_eval(data[10 : 10 + size].decode())
    odd = {
        "descr": ("<u1", ">u2", "<f4", "<f8", "|O", "|b1", "<U9", "<c16", "<M8[s]", "<i8", "x", 3,
                  [("a", "<u2")], "|V2", "<f2"),
        "shape": ((), (0, 0), (1,), (12, 16, 3), (16, 12), (10**6, 10**6), (-1, 16), (12, -16),
                  (2**63, 2), (12.0, 16), [12, 16], None),
        "fortran_order": (True, None, "x"),
    }  # fmt: skip
    key = str(rng.choice(list(odd)))
    if rng.random() < 0.1:
        del header[key]
    else:
        header[key] = odd[key][int(rng.integers(len(odd[key])))]
    text = (repr(header) + "\n").encode()
    return data[:8] + struct.pack("<H", len(text)) + text + data[10 + size :]


def in_zip(of_member):
    """An archive with one member changed, by its name's mutation or in its bytes."""

    def mutate(data, rng):
        made = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
            names = old.namelist()
            chosen = names[int(rng.integers(len(names)))]
            for name in names:
                content = old.read(name)
                if name != chosen:
                    new.writestr(name, content)
                elif rng.random() < 0.9:
                    how = of_member(name) if rng.random() < 0.7 else in_bytes
                    new.writestr(name, how(content, rng))
        return made.getvalue()

    return mutate


def in_glb(data, rng):
    """A binary glTF whose JSON or buffer was changed, its lengths right again."""
    (size,) = struct.unpack_from("<I", data, 12)
    text, rest = data[20 : 20 + size], data[20 + size :]
    if rng.random() < 0.8:
        text = in_json(text, rng)
    else:
        rest = rest[:8] + in_bytes(rest[8:], rng)
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A)
    return head + text + rest


def in_sqlite(data, rng):
    """A database with rows changed, lost or repeated, or a table or column gone."""
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(data)
        _change_rows(db, rng)
        return db.serialize()


def _change_rows(db, rng):
    tables = [t for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    table = tables[int(rng.integers(len(tables)))]
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    column = columns[int(rng.integers(len(columns)))]
    rows = db.execute(f"SELECT rowid, {column} FROM {table} ORDER BY rowid").fetchall()
    try:
        match rng.integers(12):
            case 0:
                db.execute(f"DROP TABLE {table}")
            case 1:
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
            case 2 if rows:
                gone = rows[int(rng.integers(len(rows)))][0]
                db.execute(f"DELETE FROM {table} WHERE rowid = ?", (gone,))
            case 3 if rows:
                db.execute(f"DELETE FROM {table} WHERE rowid >= ?", (rows[len(rows) // 2][0],))
            case _ if rows:
                rowid, old = rows[int(rng.integers(len(rows)))]
                db.execute(
                    f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (_odd_cell(old, rng), rowid)
                )
        db.commit()
    except (sqlite3.Error, OverflowError):
        db.rollback()  # Its own rules forbid it; the bytes are changed in other rounds.


def _odd_cell(old, rng):
    if isinstance(old, bytes) and rng.random() < 0.9:
        return in_bytes(old, rng)
    if isinstance(old, str) and rng.random() < 0.7:
        return in_words(old.encode(), rng).decode("utf-8", "replace")
    if isinstance(old, int) and rng.random() < 0.5:
        return old + int(rng.choice([-1, 1, 10**9, -(10**9), 10**15]))
    odd = [v for v in ODD_VALUES if isinstance(v, str | int | float | None) and v != 10**30]
    return odd[int(rng.integers(len(odd)))]
