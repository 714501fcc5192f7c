"""Reading the records of others: one that is odd is named, and stops nobody from the rest."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from xsim_core.errors import CorruptArtifactError

from .record_store import RECORD_LIMIT_BYTES, RecordStore

M = TypeVar("M", bound=BaseModel)


def read_record(store: RecordStore, path: str, model: type[M]) -> M | None:
    """One record, or None when it is not there.

    Raises:
        CorruptArtifactError: when it is no JSON, or not of this kind.
    """
    data = store.read_object(path, limit=RECORD_LIMIT_BYTES)
    if data is None:
        return None
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise CorruptArtifactError(f"{path} is not JSON. Mend or delete it.") from None
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise CorruptArtifactError(
            f"{path} is no record of this version ({where}: {first['msg']}). Mend or delete it."
        ) from None


def record_names(store: RecordStore, folder: str) -> list[str]:
    """Names of the records right below a folder, sorted: of ``.json`` files, without the ending."""
    paths = (path.removeprefix(f"{folder}/") for path in store.list_records(folder))
    return sorted(p.removesuffix(".json") for p in paths if p.endswith(".json") and "/" not in p)


def read_records(
    store: RecordStore, folder: str, model: type[M]
) -> tuple[dict[str, M], dict[str, str]]:
    """All records right below a folder, and what is wrong with the odd ones, by name.

    Names are those of ``record_names``.
    """
    found: dict[str, M] = {}
    odd: dict[str, str] = {}
    for name in record_names(store, folder):
        try:
            record = read_record(store, f"{folder}/{name}.json", model)
        except CorruptArtifactError as error:
            odd[name] = str(error)
            continue
        if record is not None:  # Not removed since it was listed.
            found[name] = record
    return found, odd
