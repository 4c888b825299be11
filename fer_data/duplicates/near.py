"""Near-duplicates: one image flipped, shifted, brightened, resized or encoded again.

Two steps. *Candidates*: each image's neighbours by a short descriptor, the principal components
of the image at 16x16, found with FAISS, whose inverted file makes that subquadratic. Components
are divided into those that a mirror keeps and those that it negates, so mirrored images are
found by a change of sign. *Proof*: the peak of the two images' correlation over small
shifts, in a band of frequencies where faces differ and where JPEG and resizing leave something.
Both images' brightness and contrast cancel out. Where the images of a data set are alike, that
correlation must be higher, and images whose pixels are nearly the same count, too.
"""

from __future__ import annotations

from typing import NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fer_data.util.keyed import SAMPLES, generator
from fer_data.util.progress import track

LEAST = 0.75
"""Correlation from which a pair counts as near-duplicates; see docs/audit.md for what it finds."""

_SIGMAS = 7.0
"""How far a pair must stand out from pairs drawn at random, in their standard deviations (of
Fisher's z): where all images of a data set are alike, as drawings in one style, more than `LEAST`
is required. FER2013's own random pairs require 0.73."""

_SAME_PIXELS, _SAME = 2.0, 0.99
"""Grey levels, root mean square, by which two images that are the same may differ once brightness
and contrast are fitted, and the least correlation of their pixels."""

_RANDOM_PAIRS, _ENOUGH = 20_000, 50
"""Pairs drawn, and images from which on that says something."""

SIDE = 48
"""Images are grey and this wide and high."""

MAX_SHIFT = 5
"""Largest shift at which images are compared, in pixels. Descriptors are alike enough for shifts
of 2, and mostly of 3."""

_NEIGHBOURS = 8
"""Neighbours that are compared; more where all of them are near-duplicates."""

_SMALL = 256
"""Up to this many images all pairs are looked at: a handful has no principal components."""

_ALIKE = 0.6
"""Descriptors' cosine from which a pair is looked at."""

_EVEN, _ODD = 24, 16
"""Components of the descriptor that a mirror keeps, and that it negates."""

_AT_ONCE = 1024

_FEW = 20_000
"""Up to this many images every pair of descriptors is compared: no index is faster."""


class Pairs(NamedTuple):
    """Pairs of near-duplicates.

    Attributes
    ----------
    first, second : ndarray of int64, shape [P]
        Rows of the two images, the smaller first.
    mirrored : ndarray of bool, shape [P]
        Whether one is the other's mirror image.
    correlation : ndarray of float32, shape [P]
        At least `LEAST`, at most about 1.
    required : float
        The correlation from which a pair counts, unless its pixels are nearly the same.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    mirrored: NDArray[np.bool_]
    correlation: NDArray[np.float32]
    required: float = LEAST


def near_pairs(pixels: NDArray[np.uint8]) -> Pairs:
    """Find the pairs of near-duplicates among images.

    Parameters
    ----------
    pixels : ndarray of uint8, shape [N, 48, 48] or [N, 48, 48, 1]
        Without exact duplicates, which would only take time. Needs about 4 KiB more per image.

    Returns
    -------
    Pairs
        The same pairs each time.
    """
    if pixels.shape[1:3] != (SIDE, SIDE) or pixels.size != len(pixels) * SIDE * SIDE:
        raise ValueError(f"images are {pixels.shape[1:]}; near-duplicates are found at 48x48 grey")
    if len(pixels) < 2:
        none = np.empty(0, np.int64)
        return Pairs(none, none, none.astype(np.bool_), none.astype(np.float32))
    pixels = pixels.reshape(len(pixels), SIDE, SIDE)
    described = _descriptors(pixels)
    spectra = np.empty((len(pixels), len(_WAVES_Y), len(_WAVES_X)), np.complex64)
    for start in range(0, len(pixels), _AT_ONCE):
        spectra[start : start + _AT_ONCE] = _spectra(pixels[start : start + _AT_ONCE])
    threshold = _threshold(spectra)
    index = _index(described)
    negated = described * np.where(np.arange(_EVEN + _ODD) < _EVEN, 1, -1).astype(np.float32)
    parts = []
    for mirrored, queries in ((False, described), (True, negated)):
        pairs, peaks = _proven(index, queries, spectra, pixels, threshold, mirrored=mirrored)
        parts.append((pairs[:, 0], pairs[:, 1], np.full(len(pairs), mirrored), peaks))
    first, second, is_mirrored, peaks = map(np.concatenate, zip(*parts, strict=True))
    return Pairs(first, second, is_mirrored, peaks, threshold)


def linked(
    num_images: int, first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return a group number for each image, int64 [N], the same for all that pairs link."""
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(num_images, num_images))
    groups: NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return groups


def _descriptors(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return unit vectors, float32 [N, _EVEN + _ODD]: what a mirror keeps, then what it negates."""
    parts = [_halves(pixels[i : i + _AT_ONCE]) for i in range(0, len(pixels), _AT_ONCE)]
    even, odd = (np.concatenate(half) for half in zip(*parts, strict=True))
    even -= even.mean(axis=0)
    described = np.concatenate([_components(even, _EVEN), _components(odd, _ODD)], axis=1)
    described /= np.linalg.norm(described, axis=1, keepdims=True) + 1e-6
    return described


def _halves(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return images at 16x16, brightness and contrast taken out, as even and odd halves."""
    of_rows = pixels.reshape(len(pixels), 16, 3, SIDE).sum(axis=2, dtype=np.uint16)
    small = of_rows.reshape(len(pixels), 256, 3).sum(axis=2, dtype=np.uint16).astype(np.float32) / 9
    small -= small.mean(axis=1, keepdims=True)
    small /= small.std(axis=1, keepdims=True) + 4  # else the noise of a flat image counts
    small = small.reshape(-1, 16, 16)
    left, right = small[:, :, :8], small[:, :, :7:-1]
    return (left + right).reshape(len(small), -1), (left - right).reshape(len(small), -1)


def _components(centred: NDArray[np.float32], number: int) -> NDArray[np.float32]:
    _, directions = np.linalg.eigh(centred.T @ centred)
    projected: NDArray[np.float32] = centred @ directions[:, ::-1][:, :number]
    return projected


def _index(described: NDArray[np.float32]) -> faiss.Index:
    size = described.shape[1]
    flat = faiss.IndexFlatIP(size)
    if len(described) <= _FEW:
        flat.add(described)
        return flat
    index = faiss.IndexIVFFlat(
        flat, size, int(2 * len(described) ** 0.5), faiss.METRIC_INNER_PRODUCT
    )
    index.cp.seed, index.cp.niter = 1, 8
    index.train(described)
    index.add(described)
    index.nprobe = 24
    return index


def _threshold(spectra: NDArray[np.complex64]) -> float:
    """Return the correlation that pairs must have, from that of pairs drawn at random.

    Mean and standard deviation are those of the normal distribution with their upper quartile and
    ninth decile: the last tenth may be near-duplicates, and the lower half mirrored images.
    """
    if len(spectra) < _ENOUGH:
        return LEAST
    pairs = generator(0, SAMPLES).integers(0, len(spectra), (_RANDOM_PAIRS, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    z = np.arctanh(np.clip(_peaks(spectra, pairs, mirrored=False), 0, 0.999))
    quartile, decile = np.quantile(z, [0.75, 0.9])
    sigma = (decile - quartile) / (1.2816 - 0.6745)
    return max(LEAST, float(np.tanh(decile + (_SIGMAS - 1.2816) * sigma)))


def _proven(
    index: faiss.Index,
    queries: NDArray[np.float32],
    spectra: NDArray[np.complex64],
    pixels: NDArray[np.uint8],
    threshold: float,
    *,
    mirrored: bool,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the pairs of near-duplicates, int64 [P, 2], each once, and their correlations.

    Where all neighbours of an image are near-duplicates, twice as many are compared, and so on:
    an image with a hundred near-duplicates needs as many neighbours.
    """
    size = len(queries)
    rows = np.arange(size)
    number = size if size <= _SMALL else _NEIGHBOURS
    keys, peaks = np.empty(0, np.int64), np.empty(0, np.float32)
    while len(rows):
        of_rows = _candidates(index, queries, rows, number)
        new = np.setdiff1d(of_rows[:, 0] * size + of_rows[:, 1], keys)
        pairs = np.stack(np.divmod(new, size), axis=1)
        heights = _peaks(spectra, pairs, mirrored=mirrored)
        near = heights >= threshold
        unsure = np.flatnonzero(~near & (heights >= LEAST))
        near[unsure] = _same_pixels(pixels, pairs[unsure], mirrored=mirrored)
        keys = np.concatenate([keys, new[near]])
        peaks = np.concatenate([peaks, heights[near]])
        if number >= size:
            break
        proven = np.isin(of_rows[:, 0] * size + of_rows[:, 1], keys)
        matches = np.bincount(of_rows[proven].ravel(), minlength=size)
        rows, number = rows[matches[rows] >= number], 2 * number
    return np.stack(np.divmod(keys, size), axis=1), peaks


def _candidates(
    index: faiss.Index, queries: NDArray[np.float32], rows: NDArray[np.int64], number: int
) -> NDArray[np.int64]:
    """Return pairs of some rows and their neighbours, int64 [P, 2], the smaller first, each once.

    Descriptors must be alike, unless all images are looked at.
    """
    parts = []
    starts = range(0, len(rows), _AT_ONCE)
    for start in track(starts, total=len(starts), description="Looking for near-duplicates"):
        own = rows[start : start + _AT_ONCE, None]
        cosines, places = index.search(queries[own[:, 0]], min(number + 1, len(queries)))
        alike = (places != own) & (places >= 0)
        if number < len(queries):
            alike &= cosines >= _ALIKE
        pairs = np.stack([np.broadcast_to(own, places.shape)[alike], places[alike]], axis=1)
        parts.append(np.sort(pairs, axis=1))
    return np.unique(np.concatenate(parts), axis=0)


_PERIOD = 56
"""Longest wave of the Fourier transform, in pixels: the image's side, and margin to shift it."""

_WAVES_Y, _WAVES_X = np.arange(-12, 13), np.arange(13)  # of a real image the rest is known
_SHIFTS = np.arange(-MAX_SHIFT, MAX_SHIFT + 1)
_FINE, _COARSE = 0.8, 2.5
"""Standard deviations of the two Gaussians whose difference is the band, in pixels."""

_FAINT = 20.0
"""Added to an image's length in the band: the noise of a nearly flat image proves nothing."""


def _waves(numbers: NDArray[np.int64]) -> NDArray[np.complex64]:
    window = np.hanning(SIDE + 4)[2:-2] ** 0.5
    angles = np.outer(numbers, np.arange(SIDE)) * (-2j * np.pi / _PERIOD)
    waves: NDArray[np.complex64] = (np.exp(angles) * window).astype(np.complex64)
    return waves


def _gaussian(numbers: NDArray[np.int64], sigma: float) -> NDArray[np.float64]:
    return np.exp(-2 * (np.pi * sigma * numbers / _PERIOD) ** 2)


_BAND = (
    np.outer(_gaussian(_WAVES_Y, _FINE), _gaussian(_WAVES_X, _FINE))
    - np.outer(_gaussian(_WAVES_Y, _COARSE), _gaussian(_WAVES_X, _COARSE))
) * np.where(_WAVES_X == 0, 1, 2**0.5)
_FROM_Y, _FROM_X = _waves(_WAVES_Y), _waves(_WAVES_X).T
_TO_Y = np.exp(np.outer(_SHIFTS, _WAVES_Y) * (2j * np.pi / _PERIOD)).astype(np.complex64)
_TO_X = np.exp(np.outer(_WAVES_X, _SHIFTS) * (2j * np.pi / _PERIOD)).astype(np.complex64)


def _spectra(pixels: NDArray[np.uint8]) -> NDArray[np.complex64]:
    """Return images as waves in the band, complex64 [N, 25, 13], of length one or less."""
    rows = pixels.astype(np.float32)
    rows -= rows.mean(axis=(1, 2), keepdims=True)
    along = np.matmul(rows, _FROM_X.real) + 1j * np.matmul(rows, _FROM_X.imag)
    waves = np.matmul(_FROM_Y, along) * _BAND.astype(np.float32)
    length = np.sqrt((waves.real**2 + waves.imag**2).sum(axis=(1, 2), keepdims=True))
    spectra: NDArray[np.complex64] = (waves / (length + _FAINT * _PERIOD)).astype(np.complex64)
    return spectra


def _peaks(
    spectra: NDArray[np.complex64], pairs: NDArray[np.int64], *, mirrored: bool
) -> NDArray[np.float32]:
    """Return the highest correlation of each pair over all shifts, float32 [P]."""
    peaks = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), _AT_ONCE):
        first, second = pairs[start : start + _AT_ONCE].T
        others = spectra[second]
        if mirrored:
            others = _mirror(others)
        product = spectra[first] * others.conj()
        across = np.matmul(product, _TO_X)
        shifted = np.matmul(_TO_Y.real, across.real) - np.matmul(_TO_Y.imag, across.imag)
        peaks[start : start + _AT_ONCE] = shifted.max(axis=(1, 2))
    return peaks


def _same_pixels(
    pixels: NDArray[np.uint8], pairs: NDArray[np.int64], *, mirrored: bool
) -> NDArray[np.bool_]:
    """Whether the images of each pair have nearly the same pixels, bool [P].

    But for brightness and contrast, and without a shift.
    """
    same = np.empty(len(pairs), np.bool_)
    for start in range(0, len(pairs), _AT_ONCE):
        first, second = (
            pixels[rows].astype(np.float32) for rows in pairs[start : start + _AT_ONCE].T
        )
        if mirrored:
            second = second[:, :, ::-1]
        first = first - first.mean(axis=(1, 2), keepdims=True)
        second = second - second.mean(axis=(1, 2), keepdims=True)
        variances = np.stack([(image**2).mean(axis=(1, 2)) for image in (first, second)])
        covariance = (first * second).mean(axis=(1, 2))
        correlation = covariance / np.sqrt(np.maximum(variances.prod(axis=0), 1e-6))
        left = variances.max(axis=0) * (1 - np.square(correlation))
        same[start : start + _AT_ONCE] = (correlation >= _SAME) & (left <= _SAME_PIXELS**2)
    return same


def _mirror(spectra: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """Return the spectra of the mirror images.

    A mirror turns the wave (y, x) into (y, -x), whose value is the conjugate of (-y, x)'s, but
    for where the image's last column stands.
    """
    moved = np.exp(-2j * np.pi * (SIDE - 1) * _WAVES_X / _PERIOD)
    mirrored: NDArray[np.complex64] = spectra[:, ::-1].conj() * moved.astype(np.complex64)
    return mirrored
