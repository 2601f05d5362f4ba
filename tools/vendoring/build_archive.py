#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a port's folder and builds it by its own Makefile, for the tests that
link what a kernel's tree would:

  build_archive.py DESCRIPTION CLANG AR OUT
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import port_content  # noqa: E402  (its folder is known only now)
import vendored_folder  # noqa: E402


def main():
    description, clang, ar, out = sys.argv[1:]
    content = port_content.content_of(pathlib.Path("."), json.loads(pathlib.Path(description).read_text()), [], "built")
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work) / "ebpf"
        vendored_folder.create(folder, content)
        make = ["make", "-s", f"-j{os.cpu_count()}", "-C", str(folder)]
        make += [f"CXX={pathlib.Path(clang).absolute()}", f"AR={pathlib.Path(ar).absolute()}", "O=out"]
        done = subprocess.run(make, check=False)
        if done.returncode == 0:
            shutil.copy(folder / "out/libebpf.a", out)
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
