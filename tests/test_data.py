"""The laws of gradus.data: what travels with the course is what it says, and files from elsewhere are not trusted."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import io
import re
import struct
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pooch
import pytest
from numpy.typing import NDArray

from gradus import data

FOLDER = Path(__file__).resolve().parents[1] / "data"
TOYS: dict[str, Callable] = {
    "spirals": data.spirals,
    "moons": data.moons,
    "blobs": data.blobs,
    "rings": data.rings,
}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """No test may use the network or the user's own cache; the addresses asked for are listed."""
    asked = []

    def unplugged(url: str, *_: object, **__: object) -> str:
        asked.append(url)
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(pooch, "retrieve", unplugged)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.delenv("GRADUS_DATA", raising=False)
    return asked


# The digits


def test_digits_file_has_the_published_checksum() -> None:
    expected, name = (FOLDER / "CHECKSUMS").read_text().split()
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == expected


def test_rebuilding_the_digits_gives_the_same_bytes() -> None:
    pytest.importorskip("sklearn")
    spec = importlib.util.spec_from_file_location("build_digits", FOLDER / "build_digits.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.digits_npz() == (FOLDER / "digits.npz").read_bytes()


def test_digits_have_the_documented_shapes_types_and_range() -> None:
    digits = data.digits()
    for split, rows in ((digits.train, 1197), (digits.validation, 300), (digits.test, 300)):
        assert split.x.shape == (rows, 64)
        assert split.x.dtype == np.float64
        assert split.y.shape == (rows,)
        assert split.y.dtype == np.int64
        assert len(split) == rows
        assert (split.x.min(), split.x.max()) == (0.0, 1.0)
    assert digits.image_shape == (8, 8)
    assert digits.classes == tuple("0123456789")


def test_every_scan_is_in_exactly_one_part_of_the_split() -> None:
    with np.load(FOLDER / "digits.npz") as stored:
        rows = np.concatenate([stored[part] for part in ("train", "validation", "test")])
        assert stored["images"].dtype == stored["targets"].dtype == np.uint8
    np.testing.assert_array_equal(np.sort(rows), np.arange(1797))


def test_digits_are_the_scans_of_scikit_learn_with_their_own_labels() -> None:
    source = pytest.importorskip("sklearn.datasets").load_digits()
    digits = data.digits()
    parts = (digits.train, digits.validation, digits.test)
    ours = np.concatenate([np.column_stack([part.x * 16, part.y]) for part in parts])
    theirs = np.column_stack([source.data, source.target])
    np.testing.assert_array_equal(np.unique(ours, axis=0), np.unique(theirs, axis=0))


def test_validation_and_test_digits_are_balanced_and_no_part_is_sorted() -> None:
    digits = data.digits()
    for split in (digits.validation, digits.test):
        np.testing.assert_array_equal(np.bincount(split.y), np.full(10, 30))
    for split in (digits.train, digits.validation, digits.test):
        assert len(np.unique(split.y[:100])) == 10


def test_a_changed_array_does_not_reach_the_next_call() -> None:
    first = data.digits()
    first.train.x[:] = -1
    first.train.y[:] = -1
    assert data.digits().train.x.min() == 0
    assert data.digits().train.y.min() == 0


def test_gradus_data_points_to_the_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRADUS_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path))) as missing:
        data.digits()
    assert "GRADUS_DATA" in str(missing.value)
    (tmp_path / "digits.npz").write_bytes((FOLDER / "digits.npz").read_bytes())
    assert len(data.digits().train) == 1197


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"half"])
def test_a_damaged_digits_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes) -> None:
    whole = (FOLDER / "digits.npz").read_bytes()
    (tmp_path / "digits.npz").write_bytes(whole[: len(whole) // 2] if content == b"half" else content)
    monkeypatch.setenv("GRADUS_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"digits\.npz cannot be read .* Get it again"):
        data.digits()


def test_summary_says_what_is_in_the_data_set() -> None:
    text = repr(data.digits())
    for fact in ("digits", "10 classes", "8×8", "(1197, 64) float64", "(300, 64)", "(300,)"):
        assert fact in re.sub(" +", " ", text)
    assert repr(data.digits().test) == "Split(x: (300, 64) float64, y: (300,) int64)"


def test_a_split_needs_one_target_per_row() -> None:
    with pytest.raises(ValueError, match="3 rows and y has 2"):
        data.Split(np.zeros((3, 2)), np.zeros(2, dtype=int))


def test_as_images_puts_channels_last_and_keeps_every_pixel_in_its_place() -> None:
    grey = np.arange(24.0).reshape(2, 12)
    assert data.as_images(grey, (3, 4))[1, 2, 3] == 23
    assert data.as_images(grey[0], (3, 4)).shape == (3, 4)
    colour = np.arange(60.0).reshape(1, 60)
    pictures = data.as_images(colour, (3, 4, 5))
    assert pictures.shape == (1, 4, 5, 3)
    assert pictures[0, 2, 1, 1] == 1 * 20 + 2 * 5 + 1
    with pytest.raises(ValueError, match=r"rows of 64 numbers, but x has shape \(2, 12\)"):
        data.as_images(grey, (8, 8))


# MNIST


def idx(array: NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_mnist(folder: Path, *, train: int = 12, test: int = 5) -> dict[str, NDArray[np.uint8]]:
    rng = np.random.default_rng(3)
    arrays = {
        "train-images-idx3-ubyte": rng.integers(0, 256, (train, 28, 28), dtype=np.uint8),
        "train-labels-idx1-ubyte": rng.integers(0, 10, train, dtype=np.uint8),
        "t10k-images-idx3-ubyte": rng.integers(0, 256, (test, 28, 28), dtype=np.uint8),
        "t10k-labels-idx1-ubyte": rng.integers(0, 10, test, dtype=np.uint8),
    }
    for name, array in arrays.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array), mtime=0))
    return arrays


def test_mnist_reads_idx_files_and_keeps_the_last_rows_for_validation(tmp_path: Path) -> None:
    arrays = write_mnist(tmp_path)
    mnist = data.mnist(tmp_path, validation=4)
    assert mnist.train.x.shape == (8, 784)
    assert mnist.train.x.dtype == np.float32
    assert mnist.train.y.dtype == np.int64
    images = arrays["train-images-idx3-ubyte"].reshape(12, 784)
    np.testing.assert_allclose(np.concatenate([mnist.train.x, mnist.validation.x]), images / 255, rtol=1e-6)
    np.testing.assert_array_equal(mnist.validation.y, arrays["train-labels-idx1-ubyte"][8:])
    np.testing.assert_array_equal(mnist.test.y, arrays["t10k-labels-idx1-ubyte"])
    mnist.train.x[:] = 0
    assert (mnist.image_shape, mnist.name) == ((28, 28), "MNIST")


def test_mnist_reads_unpacked_files_too(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    packed = tmp_path / "train-images-idx3-ubyte.gz"
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert len(data.mnist(tmp_path, validation=4).train) == 8


@pytest.mark.parametrize("validation", [0, -1, 12, 13])
def test_validation_must_leave_rows_to_train_with(tmp_path: Path, validation: int) -> None:
    write_mnist(tmp_path)
    with pytest.raises(ValueError, match="validation must lie between 1 and 11"):
        data.mnist(tmp_path, validation=validation)


IMAGES = "train-images-idx3-ubyte.gz"
LABELS = "train-labels-idx1-ubyte.gz"
ZEROS = np.zeros((12, 28, 28), dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "content", "because"),
    [
        (IMAGES, b"<html>not found</html>", "cannot be unpacked"),
        (IMAGES, gzip.compress(idx(ZEROS), mtime=0)[:40], "cannot be unpacked"),
        (IMAGES, gzip.compress(idx(ZEROS)[:-1], mtime=0), "9408 bytes, but 9407 follow"),
        (IMAGES, gzip.compress(idx(ZEROS) + b"\0", mtime=0), "9408 bytes, but 9409 follow"),
        (IMAGES, gzip.compress(idx(ZEROS)[:9], mtime=0), "ends within its header"),
        (IMAGES, gzip.compress(b"", mtime=0), "magic number 0 instead of 2051"),
        (IMAGES, gzip.compress(idx(ZEROS[:, 0, 0]), mtime=0), "magic number 2049 instead of 2051"),
        (IMAGES, gzip.compress(b"\0\0\x0d" + idx(ZEROS)[3:], mtime=0), "magic number 3331 instead of 2051"),
        (IMAGES, gzip.compress(idx(ZEROS[:, :20]), mtime=0), "20×28 pixels instead of 28×28"),
        (LABELS, gzip.compress(idx(ZEROS[:-1, 0, 0]), mtime=0), "11 labels for the 12 images"),
        (LABELS, gzip.compress(idx(ZEROS[:, 0, 0] + np.uint8(10)), mtime=0), "a label 10, beyond"),
    ],
)
def test_a_broken_idx_file_is_named_with_what_is_wrong_and_what_to_do(
    tmp_path: Path, name: str, content: bytes, because: str
) -> None:
    write_mnist(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(name)) as broken:
        data.mnist(tmp_path, validation=4)
    assert because in str(broken.value)
    assert "Delete the file and download it again" in str(broken.value)


def test_mnist_without_a_row_is_refused(tmp_path: Path) -> None:
    write_mnist(tmp_path, test=0)
    with pytest.raises(ValueError, match=r"t10k-labels.* is empty"):
        data.mnist(tmp_path, validation=4)


def test_a_file_missing_from_the_folder_is_named_with_its_address(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    (tmp_path / LABELS).unlink()
    with pytest.raises(FileNotFoundError, match=f"No {LABELS} in .* https://ossci-datasets"):
        data.mnist(tmp_path)
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        data.mnist(tmp_path / "nowhere")


# CIFAR-10

BATCHES = [*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin"]


def cifar_batches(rows: int = 3) -> dict[str, bytes]:
    rng = np.random.default_rng(4)
    images = rng.integers(0, 256, (len(BATCHES), rows, 3073), dtype=np.uint8)
    images[:, :, 0] %= 10
    return {name: images[k].tobytes() for k, name in enumerate(BATCHES)}


def write_cifar(folder: Path, batches: dict[str, bytes]) -> Path:
    archive = folder / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in batches.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive


def test_cifar10_reads_label_then_red_green_blue(tmp_path: Path) -> None:
    batches = cifar_batches()
    write_cifar(tmp_path, batches)
    cifar = data.cifar10(tmp_path, validation=4)
    assert cifar.train.x.shape == (11, 3072)
    assert cifar.train.x.dtype == np.float32
    assert (cifar.image_shape, cifar.classes[3]) == ((3, 32, 32), "cat")
    second = np.frombuffer(batches["data_batch_2.bin"], np.uint8).reshape(3, 3073)
    assert cifar.train.y[3] == second[0, 0]
    green = data.as_images(cifar.train.x[3], cifar.image_shape)[5, 7, 1]
    assert green == pytest.approx(second[0, 1 + 1024 + 5 * 32 + 7] / 255)
    last = np.frombuffer(batches["data_batch_5.bin"], np.uint8).reshape(3, 3073)
    np.testing.assert_array_equal(cifar.validation.y[-3:], last[:, 0])
    np.testing.assert_allclose(cifar.test.x[2] * 255, list(batches["test_batch.bin"][-3072:]), rtol=1e-5)


@pytest.mark.parametrize("below", ["", "cifar-10-batches-bin"])
def test_cifar10_reads_the_unpacked_folder_too(tmp_path: Path, below: str) -> None:
    (tmp_path / below).mkdir(exist_ok=True)
    for name, content in cifar_batches().items():
        (tmp_path / below / name).write_bytes(content)
    assert len(data.cifar10(tmp_path, validation=4).test) == 3
    (tmp_path / below / "data_batch_4.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"No data_batch_4\.bin"):
        data.cifar10(tmp_path, validation=4)


@pytest.mark.parametrize(
    ("name", "change", "because"),
    [
        ("data_batch_2.bin", lambda content: content[:-1], "9218 bytes are not a whole number of images"),
        ("data_batch_3.bin", lambda content: content[:-3073], "it has 2 images, data_batch_1.bin has 3"),
        ("test_batch.bin", lambda content: b"", "0 bytes are not a whole number"),
        ("test_batch.bin", lambda content: b"\x0b" + content[1:], "a label 11, beyond"),
    ],
)
def test_a_broken_cifar_batch_is_named_with_what_is_wrong_and_what_to_do(
    tmp_path: Path, name: str, change: Callable[[bytes], bytes], because: str
) -> None:
    batches = cifar_batches()
    write_cifar(tmp_path, batches | {name: change(batches[name])})
    with pytest.raises(ValueError, match=re.escape(name)) as broken:
        data.cifar10(tmp_path, validation=4)
    assert because in str(broken.value)
    assert "Delete the file and download it again" in str(broken.value)


def test_a_truncated_or_foreign_cifar_archive_is_refused(tmp_path: Path) -> None:
    archive = write_cifar(tmp_path, cifar_batches())
    archive.write_bytes(archive.read_bytes()[:-2000])
    with pytest.raises(ValueError, match=r"cifar-10-binary\.tar\.gz is not usable: it cannot be unpacked"):
        data.cifar10(tmp_path)
    write_cifar(tmp_path, {"data_batch_1": b"a pickle"})
    with pytest.raises(ValueError, match=r"does not contain data_batch_1\.bin, .*binary version"):
        data.cifar10(tmp_path)
    archive.unlink()
    with pytest.raises(FileNotFoundError, match=r"https://www\.cs\.toronto\.edu/~kriz/cifar-10-binary\.tar\.gz"):
        data.cifar10(tmp_path)


# Downloads


@pytest.mark.parametrize(("loader", "files"), [("mnist", 4), ("cifar10", 1)])
def test_without_network_the_message_says_which_files_from_where_and_where_to(
    tmp_path: Path, offline: list[str], loader: str, files: int
) -> None:
    with pytest.raises(ConnectionError) as refused:
        getattr(data, loader)()
    message = str(refused.value)
    by_hand = message[message.index("get by hand") :]
    assert by_hand.count("https://") == files
    assert str(tmp_path / "cache" / "gradus" / loader) in by_hand
    assert f"data.{loader}(folder=" in by_hand
    assert "damaged" not in message
    assert offline
    assert all(f"{url}: Name or service not known" in message for url in offline)


def test_a_folder_given_means_no_network(tmp_path: Path, offline: list[str]) -> None:
    write_mnist(tmp_path)
    data.mnist(tmp_path, validation=4)
    write_cifar(tmp_path, cifar_batches())
    data.cifar10(tmp_path, validation=4)
    data.digits()
    assert not offline


def test_downloads_ask_for_sha256_and_a_progress_bar_and_try_the_next_mirror(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache = tmp_path / "cache" / "gradus" / "mnist"
    cache.mkdir(parents=True)
    hashes = {}

    def second_mirror_only(url: str, known_hash: str, *, fname: str, path: Path, progressbar: bool) -> str:
        if "ossci" in url:
            raise ValueError("SHA256 hash of downloaded file does not match")
        assert progressbar
        assert Path(path) == cache
        hashes[fname] = known_hash
        write_mnist(cache)
        return str(cache / fname)

    monkeypatch.setattr(pooch, "retrieve", second_mirror_only)
    assert len(data.mnist(validation=4).train) == 8
    assert len(hashes) == 4
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", known) for known in hashes.values())


def test_a_damaged_file_in_the_cache_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With pooch's own retrieve: well-formed files whose SHA-256 is not the published one are as good as absent."""
    monkeypatch.undo()
    cache = tmp_path / "cache" / "gradus" / "mnist"
    cache.mkdir(parents=True)
    write_mnist(cache)
    asked = []

    def unplugged(url: str, *_: object) -> None:
        asked.append(url)
        raise ConnectionError("unplugged")

    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setattr("pooch.core.choose_downloader", lambda url, progressbar: unplugged)
    with pytest.raises(ConnectionError, match=r"The copy in .* is damaged \(its SHA-256 is not the published one\)"):
        data.mnist(validation=4)
    assert len(asked) == 2


def test_without_pooch_the_message_says_what_to_install_or_to_get(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r"pooch and tqdm: install them, or get train-images.* data\.mnist\(folder="):
        data.mnist()


# Toy problems


@pytest.mark.parametrize("name", TOYS)
@pytest.mark.parametrize("n", [1, 2, 7, 100, 301])
def test_toy_problems_have_exactly_n_rows_in_equal_shares(name: str, n: int) -> None:
    x, y = TOYS[name](n, np.random.default_rng(0))
    assert x.shape == (n, 2)
    assert x.dtype == np.float64
    assert y.shape == (n,)
    assert y.dtype == np.int64
    counts = np.bincount(y)
    assert counts.max() - counts.min() <= 1
    assert np.isfinite(x).all()


@pytest.mark.parametrize("name", TOYS)
def test_toy_problems_depend_on_the_rng_alone_and_come_shuffled(name: str) -> None:
    first, again, other = (TOYS[name](60, np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[1], other[1]), "the order of the classes does not depend on the rng"


@pytest.mark.parametrize("name", ["spirals", "blobs", "rings"])
def test_toy_problems_make_as_many_classes_as_asked(name: str) -> None:
    assert set(TOYS[name](50, np.random.default_rng(0), classes=5)[1]) == set(range(5))


def test_rings_have_their_radius_and_spirals_reach_the_rim_without_noise() -> None:
    x, y = data.rings(90, np.random.default_rng(0), classes=3, noise=0)
    np.testing.assert_allclose(np.hypot(*x.T), (y + 1) / 3)
    x, y = data.spirals(90, np.random.default_rng(0), noise=0)
    for k in range(3):
        np.testing.assert_allclose(np.sort(np.hypot(*x[y == k].T)), (np.arange(30) + 0.5) / 30)


def test_moons_interlock_and_blobs_stand_on_the_unit_circle() -> None:
    x, y = data.moons(400, np.random.default_rng(0), noise=0)
    upper, lower = x[y == 0], x[y == 1]
    np.testing.assert_allclose(np.hypot(*(upper - [-0.5, -0.25]).T), 1)
    np.testing.assert_allclose(np.hypot(*(lower - [0.5, 0.25]).T), 1)
    assert upper[:, 1].min() >= -0.25
    assert lower[:, 1].max() <= 0.25
    x, y = data.blobs(400, np.random.default_rng(0), classes=4, spread=0)
    np.testing.assert_allclose(np.unique(x.round(12), axis=0), [[-1, 0], [0, -1], [0, 1], [1, 0]], atol=1e-12)


def test_noisy_line_lifts_exactly_the_outliers() -> None:
    x, y = data.noisy_line(41, np.random.default_rng(0), outliers=3, slope=0.5, intercept=-2, noise=0)
    assert x.shape == y.shape == (41,)
    assert (np.diff(x) >= 0).all()
    residual = y - (0.5 * x - 2)
    np.testing.assert_allclose(np.sort(residual)[-3:], 8)
    np.testing.assert_allclose(np.sort(residual)[:-3], 0, atol=1e-12)


@pytest.mark.parametrize(
    ("draw", "because"),
    [
        (lambda rng: data.spirals(0, rng), "n must be at least 1, got 0"),
        (lambda rng: data.blobs(5, rng, classes=0), "classes must be at least 1, got 0"),
        (lambda rng: data.moons(5, rng, noise=-0.1), "noise is a standard deviation"),
        (lambda rng: data.rings(5, rng, noise=float("nan")), "noise is a standard deviation"),
        (lambda rng: data.blobs(5, rng, spread=-1), "spread is a standard deviation"),
        (lambda rng: data.noisy_line(0, rng), "n must be at least 1, got 0"),
        (lambda rng: data.noisy_line(5, rng, outliers=6), "outliers must lie between 0 and n = 5, got 6"),
        (lambda rng: data.noisy_line(5, rng, outliers=-1), "outliers must lie between 0 and n = 5, got -1"),
    ],
)
def test_impossible_toy_problems_are_refused(draw: Callable, because: str) -> None:
    with pytest.raises(ValueError, match=because):
        draw(np.random.default_rng(0))
