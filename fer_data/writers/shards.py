"""Image files' bytes, in the order of the data, and the shards of each split that hold them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray

from fer_data.data.dataset import Dataset
from fer_data.data.decode import Raw
from fer_data.data.image_format import FormatRequest
from fer_data.data.sources.chunk import Chunk
from fer_data.data.sources.source import check_bad_rows
from fer_data.errors import DataError
from fer_data.util.parallel import in_parallel
from fer_data.util.progress import track
from fer_data.writers.images import as_file

MAX_BYTES = 256 << 20
"""Of one image file."""

_LOOKED_AT = 64

Shard = tuple[NDArray[np.int64], Path]
"""Samples, and the file that holds them."""

Images = Iterator[tuple[int, bytes]]
"""Samples, each with its image file."""


@dataclass(frozen=True)
class Encoder:
    """How the images of a dataset become image files.

    Attributes
    ----------
    dataset : Dataset
    form : FormatRequest, optional
        What images are brought to; they are PNG then.
    encode : callable
        Returns the image file of an image of any kind; it runs in other processes, too.
    """

    dataset: Dataset
    form: FormatRequest | None
    encode: Callable[[Raw, FormatRequest | None, str], Path | bytes] = as_file

    def shards(self, folder: Path, ending: str, num_bytes: int) -> dict[str, list[Shard]]:
        """Return for each split shards of about so many bytes: ``SPLIT-00000-of-0000N.ENDING``."""
        looked_at = np.unique(np.linspace(0, len(self.dataset) - 1, _LOOKED_AT).astype(np.int64))
        sizes = [len(data) for _, data, _ in self._encoded(looked_at) if data is not None]
        size = max(1, num_bytes // max(1, sum(sizes) // max(1, len(sizes))))
        shards = {}
        for split in self.dataset.splits:
            rows = self.dataset.indices(split)
            number = -(-len(rows) // size)
            shards[split] = [
                (
                    rows[shard * size : (shard + 1) * size],
                    folder / f"{split}-{shard:05d}-of-{number:05d}.{ending}",
                )
                for shard in range(number)
            ]
        return shards

    def write(
        self,
        shards: Mapping[str, Iterable[Shard]],
        write: Callable[[Path, Images], None],
    ) -> list[tuple[int, str]]:
        """Write every shard; return the samples whose image is bad, and why.

        Unless the dataset's options skip bad ones, the first one ends it.

        Raises
        ------
        DataError
            If more are bad than are ever skipped.
        """
        bad: list[tuple[int, str]] = []
        skip_bad = self.dataset.options.skip_bad
        for split, of_split in shards.items():
            # In one pass over a split: a csv is read from its start
            with closing(self._in_parallel(split)) as encoded:
                for samples, path in of_split:
                    write(path, _good(islice(encoded, len(samples)), bad, skip_bad=skip_bad))
                    check_bad_rows(self.dataset.root, len(bad))
                    if bad and not skip_bad:
                        return bad
        return bad

    def _in_parallel(self, split: str) -> Generator[_Encoded, None, None]:
        samples = self.dataset.indices(split)
        whole = self.dataset.take(samples).source_chunks()
        tasks = (joblib.delayed(_encoded)(chunk, self.form, self.encode) for chunk in whole.chunks)
        with closing(in_parallel(tasks, size=len(samples))) as parts:
            for part in track(parts, total=whole.number, description=f"Writing {split}"):
                for place, data, cause in part:
                    yield int(samples[place]), data, cause

    def _encoded(self, samples: NDArray[np.int64]) -> Iterator[_Encoded]:
        for chunk in self.dataset.take(samples).source_chunks().chunks:
            yield from _encoded(chunk, self.form, self.encode)


_Encoded = tuple[int, bytes | None, str]
"""Sample, image file, and why there is none."""


def _good(
    encoded: Iterable[_Encoded], bad: list[tuple[int, str]], *, skip_bad: bool
) -> Iterator[tuple[int, bytes]]:
    for sample, data, cause in encoded:
        if data is not None:
            yield sample, data
            continue
        bad.append((sample, cause))
        if not skip_bad:
            return


def _encoded(
    chunk: Chunk,
    form: FormatRequest | None,
    encode: Callable[[Raw, FormatRequest | None, str], Path | bytes],
) -> list[_Encoded]:
    encoded: list[_Encoded] = []
    for row, name, raw in chunk.raw_images():
        try:
            if isinstance(raw, DataError):
                raise raw
            if isinstance(raw, Path) and raw.stat().st_size > MAX_BYTES:
                raise DataError(f"{name}: an image of more than {MAX_BYTES:,} bytes")
            data = encode(raw, form, name)
            encoded.append((row, data.read_bytes() if isinstance(data, Path) else data, ""))
        except DataError as error:
            encoded.append((row, None, str(error)))
    return encoded
