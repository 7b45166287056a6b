"""The wheel carries libdqa for one platform (DQA_PLATFORM), but no module compiled for one Python."""

import os

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel


class Binary(Distribution):
    def has_ext_modules(self) -> bool:
        return True


class Wheel(bdist_wheel):
    def get_tag(self) -> tuple:
        return "py3", "none", os.environ["DQA_PLATFORM"]


setup(distclass=Binary, cmdclass={"bdist_wheel": Wheel})
