#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The BTF that core holds is that of kernel_types.bpf.c."""

import importlib.util
import unittest

OBJECT = "core/objects/kernel_types.x86_64.bpf.o"
HELD = "core/objects/kernel_types.gen.cc"


class KernelTypesTest(unittest.TestCase):
    def test_what_is_held_is_what_the_compiler_makes(self):
        spec = importlib.util.spec_from_file_location(
            "kernel_types", "tools/kernel_types.py")
        tool = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tool)
        with open(HELD, encoding="utf-8") as file:
            self.assertTrue(file.read() == tool.source_of_object(OBJECT),
                            "run tools/kernel_types.py")


if __name__ == "__main__":
    unittest.main()
