"""Find the packages: this folder is the package itself, which the tables of pyproject.toml cannot say."""

from setuptools import find_packages, setup

setup(
    packages=["autograder", *(f"autograder.{name}" for name in find_packages())],
    package_dir={"autograder": "."},
)
