"""The course's data: the digits that travel with it, loaders for MNIST and CIFAR-10, and toy problems drawn at random.

Every loader returns a fresh `Dataset`, so that changing an array in place spoils nothing that is loaded later.
"""

from __future__ import annotations

import gzip
import math
import os
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Dataset",
    "Split",
    "as_images",
    "blobs",
    "cifar10",
    "digits",
    "mnist",
    "moons",
    "noisy_line",
    "rings",
    "spirals",
]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Split:
    """Inputs with their targets.

    Attributes
    ----------
    x : ndarray, shape (N, D)
        One input per row, in [0, 1].
    y : ndarray of int64, shape (N,)
        The class of each row.
    """

    x: Array
    y: Array

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise ValueError(f"x has {len(self.x)} rows and y has {len(self.y)}: a split needs one target per row.")

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        return f"Split(x: {self.x.shape} {self.x.dtype}, y: {self.y.shape} {self.y.dtype})"


@dataclass(frozen=True, eq=False)
class Dataset:
    """A classification problem, split in three.

    Attributes
    ----------
    train, validation, test : Split
        Learn from the first, choose with the second, report on the third.
    name : str
        What to call it in a title.
    image_shape : tuple of int
        Shape of one row of `x` as an image: (height, width), or (channels, height, width).
    classes : tuple of str
        Name of each class; class `k` is called `classes[k]`.
    """

    train: Split
    validation: Split
    test: Split
    name: str
    image_shape: tuple[int, ...]
    classes: tuple[str, ...]

    def __repr__(self) -> str:
        sizes = "×".join(map(str, self.image_shape))
        lines = [f"{self.name}: {len(self.classes)} classes ({', '.join(self.classes)}), images of {sizes}"]
        for part in ("train", "validation", "test"):
            split: Split = getattr(self, part)
            lines.append(
                f"  {part:<10}  x {split.x.shape!s:<13} {split.x.dtype}   y {split.y.shape!s:<8} {split.y.dtype}"
            )
        return "\n".join(lines)


def digits() -> Dataset:
    """Handwritten digits: 1,797 real scans of 8×8 pixels.

    The split is fixed: 1,197 rows to train, and 300 each, 30 of every digit, for validation and test. Rows are in
    random order. The same writers appear in all three parts.

    Returns
    -------
    Dataset
        `x` float64 (N, 64) in multiples of 1/16 from 0 (paper) to 1 (ink); `y` int64 (N,).

    Raises
    ------
    FileNotFoundError
        The course's `data` folder is not found.
    ValueError
        The file in it is damaged.

    References
    ----------
    E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine Learning Repository.
    https://doi.org/10.24432/C50P49, CC BY 4.0.
    """
    path = _data_folder() / "digits.npz"
    try:
        with np.load(path) as stored:
            images, targets = stored["images"], stored["targets"]
            parts = {part: stored[part] for part in ("train", "validation", "test")}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} cannot be read ({error}). Get it again from the course's repository or bundle; "
            "its SHA-256 stands beside it in CHECKSUMS."
        ) from error
    splits = {part: Split(images[rows] / 16.0, targets[rows].astype(np.int64)) for part, rows in parts.items()}
    return Dataset(**splits, name="digits", image_shape=(8, 8), classes=tuple("0123456789"))


def mnist(folder: str | os.PathLike[str] | None = None, *, validation: int = 10_000) -> Dataset:
    """MNIST: 70,000 handwritten digits of 28×28 pixels.

    Parameters
    ----------
    folder : path, optional
        Where the four files lie already, as published (`train-images-idx3-ubyte.gz`, ...) or unpacked; their
        structure is checked, their SHA-256 is not. By default they are downloaded once (11 MB) into the user's cache
        folder, and the SHA-256 of each is compared every time.
    validation : int, default 10,000
        How many rows at the end of the training files become the validation set.

    Returns
    -------
    Dataset
        `x` float32 (N, 784) in [0, 1], half the memory of float64: 0.2 GB in all; `y` int64 (N,).

    Raises
    ------
    ConnectionError
        The files are not in the cache and cannot be downloaded. The message says which files go where.
    FileNotFoundError
        `folder` lacks one of the files.
    ValueError
        A file is damaged or is not what its name says, or `validation` leaves no row to train with.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based learning applied to document recognition.
    Proceedings of the IEEE 86(11), 2278-2324.
    """
    where = _fetch("MNIST", "mnist", _MNIST_FILES, _MNIST_MIRRORS) if folder is None else _existing_folder(folder)
    train, test = (_read_mnist_pair(where, prefix) for prefix in ("train", "t10k"))
    return _carved("MNIST", train, test, validation, (28, 28), tuple("0123456789"))


def cifar10(folder: str | os.PathLike[str] | None = None, *, validation: int = 5_000) -> Dataset:
    """CIFAR-10: 60,000 colour photographs of 32×32 pixels, ten kinds of things.

    Parameters
    ----------
    folder : path, optional
        Where `cifar-10-binary.tar.gz` lies already, or the folder unpacked from it; the structure is checked,
        the SHA-256 is not. By default it is downloaded once (170 MB) into the user's cache folder, and its SHA-256 is
        compared every time.
    validation : int, default 5,000
        How many rows at the end of the training batches become the validation set.

    Returns
    -------
    Dataset
        `x` float32 (N, 3072) in [0, 1], half the memory of float64: 0.75 GB in all; a row is an image (3, 32, 32),
        channels first. `y` int64 (N,).

    Raises
    ------
    ConnectionError
        The file is not in the cache and cannot be downloaded. The message says which file goes where.
    FileNotFoundError
        `folder` holds no CIFAR-10 in its binary version.
    ValueError
        A file is damaged or is not what its name says, or `validation` leaves no row to train with.

    References
    ----------
    A. Krizhevsky (2009). Learning Multiple Layers of Features from Tiny Images. University of Toronto.
    """
    where = _fetch("CIFAR-10", "cifar10", _CIFAR_FILES, _CIFAR_MIRRORS) if folder is None else _existing_folder(folder)
    *train_batches, test = _read_cifar_batches(where)
    images = np.concatenate([batch[0] for batch in train_batches])
    labels = np.concatenate([batch[1] for batch in train_batches])
    return _carved("CIFAR-10", (images, labels), test, validation, (3, 32, 32), _CIFAR_CLASSES)


def as_images(x: Array, image_shape: Sequence[int]) -> Array:
    """Rows as pictures, the way matplotlib's `imshow` wants them.

    Parameters
    ----------
    x : ndarray, shape (N, D) or (D,)
        Flat images.
    image_shape : tuple of int
        (height, width), or (channels, height, width): a `Dataset`'s `image_shape`.

    Returns
    -------
    ndarray, shape (N, height, width) or (N, height, width, channels)
        Without the first axis where `x` is one row. PyTorch's layers want channels first:
        `x.reshape(-1, *image_shape)`.

    Raises
    ------
    ValueError
        The rows do not have as many numbers as the image has.
    """
    x, shape = np.asarray(x), tuple(image_shape)
    if len(shape) not in (2, 3):
        raise ValueError(f"image_shape is (height, width) or (channels, height, width), not {shape}.")
    if x.ndim not in (1, 2) or x.shape[-1] != math.prod(shape):
        raise ValueError(f"Images of shape {shape} need rows of {math.prod(shape)} numbers, but x has shape {x.shape}.")
    images = x.reshape(*x.shape[:-1], *shape)
    return images if len(shape) == 2 else np.moveaxis(images, -3, -1)


def spirals(n: int, rng: np.random.Generator, classes: int = 3, noise: float = 0.2) -> tuple[Array, Array]:
    """Arms of a spiral, one per class: no straight line separates them.

    Parameters
    ----------
    n : int
        Number of points; classes differ in size by one at most.
    rng : numpy.random.Generator
    classes : int, default 3
    noise : float, default 0.2
        Standard deviation of each point's angle, in radians.

    Returns
    -------
    x : ndarray of float64, shape (n, 2)
        Points in the unit disc, in random order.
    y : ndarray of int64, shape (n,)

    Raises
    ------
    ValueError
        `n` or `classes` is below 1, or `noise` is negative.
    """
    y, along = _shares(n, classes, rng)
    _not_negative(noise=noise)
    angle = 2 * np.pi * y / classes + 4 * along + noise * rng.standard_normal(n)
    return _polar(along, angle), y


def moons(n: int, rng: np.random.Generator, noise: float = 0.1) -> tuple[Array, Array]:
    """Two interlocking half circles of radius 1.

    Parameters
    ----------
    n : int
        Number of points; the classes differ in size by one at most.
    rng : numpy.random.Generator
    noise : float, default 0.1
        Standard deviation of each coordinate.

    Returns
    -------
    x : ndarray of float64, shape (n, 2)
        Points around the origin, in random order.
    y : ndarray of int64, shape (n,)
        0 for the upper moon, 1 for the lower.

    Raises
    ------
    ValueError
        `n` is below 1 or `noise` is negative.
    """
    y, along = _shares(n, 2, rng)
    _not_negative(noise=noise)
    moon = _polar(np.ones(n), np.pi * (along + y)) + np.where(y == 0, -1, 1)[:, None] * np.array([0.5, 0.25])
    return moon + noise * rng.standard_normal((n, 2)), y


def blobs(n: int, rng: np.random.Generator, classes: int = 3, spread: float = 0.25) -> tuple[Array, Array]:
    """Round Gaussian clouds whose centres stand evenly on the unit circle.

    Parameters
    ----------
    n : int
        Number of points; classes differ in size by one at most.
    rng : numpy.random.Generator
    classes : int, default 3
    spread : float, default 0.25
        Standard deviation of each coordinate.

    Returns
    -------
    x : ndarray of float64, shape (n, 2)
        Points in random order.
    y : ndarray of int64, shape (n,)

    Raises
    ------
    ValueError
        `n` or `classes` is below 1, or `spread` is negative.
    """
    y, _ = _shares(n, classes, rng)
    _not_negative(spread=spread)
    return _polar(np.ones(n), 2 * np.pi * y / classes) + spread * rng.standard_normal((n, 2)), y


def rings(n: int, rng: np.random.Generator, classes: int = 2, noise: float = 0.05) -> tuple[Array, Array]:
    """Circles around the origin, one per class; the outermost has radius 1.

    Parameters
    ----------
    n : int
        Number of points; classes differ in size by one at most.
    rng : numpy.random.Generator
    classes : int, default 2
    noise : float, default 0.05
        Standard deviation of each coordinate.

    Returns
    -------
    x : ndarray of float64, shape (n, 2)
        Points in random order; class `k` has radius `(k + 1) / classes`.
    y : ndarray of int64, shape (n,)

    Raises
    ------
    ValueError
        `n` or `classes` is below 1, or `noise` is negative.
    """
    y, along = _shares(n, classes, rng)
    _not_negative(noise=noise)
    return _polar((y + 1) / classes, 2 * np.pi * along) + noise * rng.standard_normal((n, 2)), y


def noisy_line(
    n: int,
    rng: np.random.Generator,
    outliers: int = 0,
    *,
    slope: float = 2.0,
    intercept: float = 1.0,
    noise: float = 0.3,
) -> tuple[Array, Array]:
    """Points scattered about a straight line, for regression.

    Parameters
    ----------
    n : int
        Number of points.
    rng : numpy.random.Generator
    outliers : int, default 0
        How many of the points, chosen at random, are lifted by 8: far above everything else.
    slope, intercept : float, default 2 and 1
    noise : float, default 0.3
        Standard deviation of `y` about the line.

    Returns
    -------
    x : ndarray of float64, shape (n,)
        Uniform in [-1, 1], increasing.
    y : ndarray of float64, shape (n,)

    Raises
    ------
    ValueError
        `n` is below 1, `outliers` is not between 0 and `n`, or `noise` is negative.
    """
    _at_least_one(n=n)
    _not_negative(noise=noise)
    if not 0 <= outliers <= n:
        raise ValueError(f"outliers must lie between 0 and n = {n}, got {outliers}.")
    x = np.sort(rng.uniform(-1, 1, n))
    y = slope * x + intercept + noise * rng.standard_normal(n)
    y[rng.permutation(n)[:outliers]] += 8.0
    return x, y


def _shares(n: int, classes: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Classes in random order and equal shares, and how far along its class, in (0, 1), each point stands."""
    _at_least_one(n=n, classes=classes)
    row = rng.permutation(n)
    y = row % classes
    points_of_class = (n - y + classes - 1) // classes
    return y.astype(np.int64), (row // classes + 0.5) / points_of_class


def _polar(radius: Array, angle: Array) -> Array:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _at_least_one(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} must be at least 1, got {number}.")


def _not_negative(**numbers: float) -> None:
    for name, number in numbers.items():
        if not number >= 0:
            raise ValueError(f"{name} is a standard deviation and must not be negative, got {number}.")


def _data_folder() -> Path:
    chosen = os.environ.get("GRADUS_DATA")
    folder = Path(chosen) if chosen else Path(__file__).resolve().parents[1] / "data"
    if (folder / "digits.npz").is_file():
        return folder
    because = (
        "to which the environment variable GRADUS_DATA points"
        if chosen
        else "which should lie beside the gradus package"
    )
    raise FileNotFoundError(
        f"No digits.npz in {folder}, {because}. "
        "Set GRADUS_DATA to the `data` folder of the course's repository or bundle."
    )


_MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_MNIST_FILES = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
_CIFAR_MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)
_CIFAR_FILES = {"cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}
_CIFAR_BATCHES = (*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin")
_CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_DAMAGED = (OSError, EOFError, zlib.error, tarfile.TarError)


def _fetch(title: str, loader: str, files: dict[str, str], mirrors: Sequence[str]) -> Path:
    """The cache folder with all `files` in it, their SHA-256 compared; downloads what is missing or damaged."""
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            f"Downloading {title} takes the packages pooch and tqdm: install them, or get {', '.join(files)} from "
            f"{mirrors[0]} by hand and call data.{loader}(folder=...)."
        ) from error
    cache = Path(pooch.os_cache("gradus")) / loader
    for name, sha256 in files.items():
        failures = []
        for mirror in mirrors:
            try:
                pooch.retrieve(mirror + name, f"sha256:{sha256}", fname=name, path=cache, progressbar=True)
                break
            except (OSError, ValueError) as error:
                failures.append(f"  {mirror + name}: {_shortened(error)}")
        else:
            raise ConnectionError(_by_hand(title, loader, files, mirrors, cache, name, failures))
    return cache


def _by_hand(
    title: str,
    loader: str,
    files: dict[str, str],
    mirrors: Sequence[str],
    cache: Path,
    name: str,
    failures: list[str],
) -> str:
    damaged = (cache / name).exists()
    lines = [
        f"{title} cannot be downloaded:",
        *failures,
        *(
            [f"The copy in {cache} is damaged (its SHA-256 is not the published one) and is not used."]
            if damaged
            else []
        ),
        "Try again with a network connection, or get by hand, on any machine:",
        *(f"  {mirrors[0]}{file}" for file in files),
        f"and put what you got, without unpacking it, into {cache}",
        f"(or into any folder, and call data.{loader}(folder='that folder')).",
    ]
    return "\n".join(lines)


def _shortened(error: Exception) -> str:
    # Nested errors put the cause last.
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else "…" + text[-200:]


def _existing_folder(folder: str | os.PathLike[str]) -> Path:
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise FileNotFoundError(f"{path} is not a folder. Give the folder in which the data set's files lie.")
    return path


def _read_mnist_pair(folder: Path, prefix: str) -> tuple[Array, Array]:
    image_file = _packed_or_not(folder, f"{prefix}-images-idx3-ubyte")
    label_file = _packed_or_not(folder, f"{prefix}-labels-idx1-ubyte")
    images, labels = _read_idx(image_file, 3), _read_idx(label_file, 1)
    if images.shape[1:] != (28, 28):
        raise _unusable(image_file, f"its images measure {images.shape[1]}×{images.shape[2]} pixels instead of 28×28")
    if len(images) != len(labels):
        raise _unusable(label_file, f"it has {len(labels)} labels for the {len(images)} images in {image_file.name}")
    _check_labels(label_file, labels)
    return images.reshape(len(images), 784), labels


def _packed_or_not(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise FileNotFoundError(f"No {name}.gz in {folder}. Get it from {_MNIST_MIRRORS[0]}{name}.gz and put it there.")


def _read_idx(path: Path, dimensions: int) -> Array:
    """An array of bytes from an IDX file: 0, 0, type 8, number of dimensions, big-endian sizes, then the array."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except _DAMAGED as error:
        raise _unusable(path, f"it cannot be unpacked ({error})") from error
    magic = bytes([0, 0, 8, dimensions])
    if content[:4] != magic:
        raise _unusable(
            path,
            f"it starts with the magic number {int.from_bytes(content[:4], 'big')} instead of "
            f"{int.from_bytes(magic, 'big')} (unsigned bytes, {dimensions} dimension{'s' if dimensions > 1 else ''})",
        )
    header = 4 + 4 * dimensions
    if len(content) < header:
        raise _unusable(path, f"it ends within its header, after {len(content)} bytes")
    shape = tuple(int.from_bytes(content[start : start + 4], "big") for start in range(4, header, 4))
    if len(content) - header != math.prod(shape):
        raise _unusable(
            path, f"it announces shape {shape}, {math.prod(shape)} bytes, but {len(content) - header} follow"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _read_cifar_batches(folder: Path) -> list[tuple[Array, Array]]:
    archive = folder / "cifar-10-binary.tar.gz"
    for unpacked in (folder, folder / "cifar-10-batches-bin"):
        if (unpacked / _CIFAR_BATCHES[0]).is_file():
            contents = _unpacked_batches(unpacked)
            break
    else:
        if not archive.is_file():
            raise FileNotFoundError(
                f"No {archive.name} in {folder}, nor the batches unpacked from it. "
                f"Get {_CIFAR_MIRRORS[0]}{archive.name} (the binary version) and put it there."
            )
        contents = _archived_batches(archive)
    batches = [_cifar_rows(path, content) for path, content in contents]
    for (path, _), (_, labels) in zip(contents, batches, strict=True):
        if len(labels) != len(batches[0][1]):
            raise _unusable(path, f"it has {len(labels)} images, {_CIFAR_BATCHES[0]} has {len(batches[0][1])}")
    return batches


def _unpacked_batches(folder: Path) -> list[tuple[Path, bytes]]:
    for name in _CIFAR_BATCHES:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"No {name} in {folder}. Unpack cifar-10-binary.tar.gz there again.")
    return [(folder / name, (folder / name).read_bytes()) for name in _CIFAR_BATCHES]


def _archived_batches(archive: Path) -> list[tuple[Path, bytes]]:
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                name = member.name.rpartition("/")[2]
                if name in _CIFAR_BATCHES and (content := tar.extractfile(member)):
                    found[name] = content.read()
    except _DAMAGED as error:
        raise _unusable(archive, f"it cannot be unpacked ({error})") from error
    if missing := [name for name in _CIFAR_BATCHES if name not in found]:
        raise _unusable(archive, f"it does not contain {', '.join(missing)} (the binary version of CIFAR-10 does)")
    return [(archive / name, found[name]) for name in _CIFAR_BATCHES]


def _cifar_rows(path: Path, content: bytes) -> tuple[Array, Array]:
    """Images and labels of one batch: 3,073 bytes per image, the label and then 1,024 each of red, green and blue."""
    if not content or len(content) % 3073:
        raise _unusable(path, f"its {len(content)} bytes are not a whole number of images of 3073 bytes")
    rows = np.frombuffer(content, np.uint8).reshape(-1, 3073)
    _check_labels(path, rows[:, 0])
    return rows[:, 1:], rows[:, 0]


def _check_labels(path: Path, labels: Array) -> None:
    if labels.size == 0:
        raise _unusable(path, "it is empty")
    if labels.max() > 9:
        raise _unusable(path, f"it has a label {labels.max()}, beyond the ten classes 0 to 9")


def _unusable(path: Path, because: str) -> ValueError:
    return ValueError(f"{path} is not usable: {because}. Delete the file and download it again.")


def _carved(
    name: str,
    train: tuple[Array, Array],
    test: tuple[Array, Array],
    validation: int,
    image_shape: tuple[int, ...],
    classes: tuple[str, ...],
) -> Dataset:
    images, labels = train
    if not 1 <= validation < len(images):
        raise ValueError(
            f"validation must lie between 1 and {len(images) - 1}, one less than there are rows; got {validation}."
        )
    return Dataset(
        train=_scaled(images[:-validation], labels[:-validation]),
        validation=_scaled(images[-validation:], labels[-validation:]),
        test=_scaled(*test),
        name=name,
        image_shape=image_shape,
        classes=classes,
    )


def _scaled(images: Array, labels: Array) -> Split:
    return Split(np.divide(images, 255, dtype=np.float32), labels.astype(np.int64))
