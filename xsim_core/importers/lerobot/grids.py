"""Features of two dimensions, such as depth: lists of lists in the Parquet."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.files.text import one_line

from .layout import Layout
from .pictures import BATCH_ROWS
from .rows import data_files


def grids(layout: Layout, name: str, hw: tuple[int, int]) -> Iterator[NDArray[Any]]:
    """Every row's (h, w), as the files have them.

    Raises:
        BadInputError: where they cannot be read, or are of another size.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in data_files(layout):
        try:
            file = pq.ParquetFile(path)
            for batch in file.iter_batches(BATCH_ROWS, columns=[name], use_threads=False):
                cells = batch.column(name)
                # Whoever has imported Hugging Face's datasets reads its Array2D, others lists.
                lines = cells.storage if isinstance(cells, pa.ExtensionArray) else cells
                flat = lines.flatten().flatten()
                if flat.null_count or len(flat) != len(cells) * hw[0] * hw[1]:
                    raise ValueError("rows of another size than info.json says")
                yield from flat.to_numpy(zero_copy_only=False).reshape(-1, *hw)
        except (pa.ArrowException, OSError, KeyError, ValueError, AttributeError) as error:
            raise BadInputError(f"{path}: {name} cannot be read: {one_line(error)}") from error
