"""Rebuild data/digits.npz from the digits bundled with scikit-learn: `python data/build_digits.py [FILE]`.

The same bytes come out on every machine: members are stored uncompressed (zlib's output varies between versions) and
with a fixed date, and the split comes from a random stream that NumPy has frozen. This is the only part of the project
that needs scikit-learn.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

HERE = Path(__file__).resolve().parent
HELD_OUT_PER_CLASS = 30
SPLIT_SEED = 1797


def digits_npz() -> bytes:
    """The bytes of digits.npz: images, targets and the row numbers of the three splits."""
    digits = load_digits()
    targets = digits.target.astype(np.uint8)
    return npz_bytes({"images": digits.data.astype(np.uint8), "targets": targets} | stratified_split(targets))


def stratified_split(targets: np.ndarray) -> dict[str, np.ndarray]:
    """Row numbers of train, validation and test, in random order: 30 rows of each class in each of the last two."""
    # RandomState, unlike Generator, is promised to give the same stream in every NumPy version.
    rng = np.random.RandomState(SPLIT_SEED)
    names = ("test", "validation", "train")
    part = np.full(len(targets), names.index("train"))
    for digit in range(10):
        drawn = rng.permutation(np.flatnonzero(targets == digit))
        for k in (0, 1):
            part[drawn[k * HELD_OUT_PER_CLASS : (k + 1) * HELD_OUT_PER_CLASS]] = k
    order = rng.permutation(len(targets))
    return {name: order[part[order] == k].astype(np.uint16) for k, name in enumerate(names)}


def npz_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """An npz archive of `arrays` whose bytes depend on nothing else."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as npz:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3  # otherwise the platform's own number
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
            npz.writestr(member, content.getvalue())
    return archive.getvalue()


def main(target: Path) -> None:
    content = digits_npz()
    target.write_bytes(content)
    print(f"{hashlib.sha256(content).hexdigest()}  {target.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "digits.npz")
