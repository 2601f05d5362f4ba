#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs testdata/conformance.cases through `ebpf exec`, as a conformance runner
would, on each engine that this machine has."""

import subprocess
import unittest

EBPF = "tools/cli/ebpf"
CASES = "tools/cli/testdata/conformance.cases"


def read_cases():
    with open(CASES, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                yield line.split()


def execute(engine, program, memory):
    arguments = [EBPF, "exec", "--engine", engine]
    if memory != "-":
        # In groups, as the runner writes it.
        pairs = [memory[i : i + 2] for i in range(0, len(memory), 2)]
        arguments.insert(2, "  ".join(pairs))
    return subprocess.run(
        arguments, input=program + "\n", capture_output=True, text=True, check=False
    )


class ConformanceTest(unittest.TestCase):
    def run_all(self, engine):
        count = 0
        for name, program, memory, expected in read_cases():
            with self.subTest(name):
                done = execute(engine, program, memory)
                self.assertEqual(
                    (done.returncode, done.stdout, done.stderr), (0, expected + "\n", "")
                )
            count += 1
        self.assertGreaterEqual(count, 150)
        print(f"{engine}: {count} programs")

    def test_interpreter_gives_what_the_standard_says(self):
        self.run_all("interpreter")

    def test_compiler_gives_what_the_standard_says(self):
        done = execute("jit", "b700000000000000 9500000000000000", "-")
        if "there is no compiler" in done.stderr:
            self.skipTest(done.stderr.strip())
        self.run_all("jit")


if __name__ == "__main__":
    unittest.main()
