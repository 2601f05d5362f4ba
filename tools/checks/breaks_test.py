#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of breaks.py, on a small tree of its own."""

import os
import subprocess
import sys
import tempfile
import unittest

CHECK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "breaks.py")

TREE = {
    "testing/guest/personalities/rainbow/BUILD": """
guest_death_tests(
    name = "death",
    deaths = {
        "store_to_text": "store fault",
    },
)

guest_death_tests(
    name = "death",
    deaths = {
        "lock_twice": "twice",
    },
)
""",
    "testing/guest/personalities/rainbow/breaks.cc": """
constexpr Break kBreaks[] = {
    {"forget_to_zero", "RainbowPort.Zeroes", "AllZero"},
    {"lock_twice",
     "RainbowPort.LocksOnce", kDies},
};
""",
    "testing/hermit/port/breaks.cc": """
    {"forget_sync", "Text.IsMadeFresh", "AllSteps()"},
""",
    "testing/hermit/port/x86_64/breaks.cc": """
    {"forget_registers", "Trap.GivesBack", "i"},
""",
    "testing/hermit/port/BUILD": """
[hermit_failures(
    arches = arches,
    failures = {word: "[TEST] FAIL " + case},
    image = "port",
) for word, case, arches in [
    ("one", "A.B", ["x86_64"]),
    ("two", "A.C", ["x86_64"]),
]]
""",
    "testing/hermit/example/BUILD": """
hermit_failures(
    failures = {
        "registers": "[TEST] FAIL",
    },
    image = "example",
)

[hermit_failures(
    arches = [arch],
    failures = {
        "direct_write": fault,
    },
) for arch, fault in {
    "aarch64": "panicked at",
}.items()]
""",
    "testing/guest/ledger/ledger.h": """
enum class Carelessness : uint8_t {
  kNone,
  kForgetSync,  // on the CPUs of the mask
};
""",
    "tools/build/testdata/audit/BUILD": """
audit_case(
    name = "clean",
    srcs = ["clean.cc"],
)

audit_case(
    name = "constructors",
    expect = ["^section: .init_array "],
)
""",
}

ALL = (
    "`rainbow/death/store_to_text` `rainbow/death/lock_twice` `rainbow/port/forget_to_zero` "
    "`hermit/port/forget_sync` `hermit/port/forget_registers` `hermit/port/one` `hermit/port/two` `hermit/example/registers` "
    "`hermit/example/direct_write` `ledger/kForgetSync` `audit/constructors`"
)


class BreaksTest(unittest.TestCase):
    def check(self, page, **more):
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**TREE, "testing/BREAKS.md": page, **more}.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                    f.write(text)
            done = subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout

    def test_is_content_with_all_of_them(self):
        status, said = self.check(ALL)
        self.assertEqual(status, 0, said)

    def test_wants_each(self):
        for name in ALL.split():
            status, said = self.check(ALL.replace(name, ""))
            self.assertEqual(status, 1, name)
            self.assertIn(f"does not name: {name.strip('`')}\n", said)

    def test_wants_no_others(self):
        status, said = self.check(ALL + " `rainbow/death/of_boredom` `audit/clean`")
        self.assertEqual(status, 1)
        self.assertIn("names what is no break: audit/clean, rainbow/death/of_boredom\n", said)

    def test_wants_each_death_booted(self):
        build = "testing/guest/personalities/rainbow/BUILD"
        text = TREE[build].replace('"lock_twice"', '"lock_once"')
        status, said = self.check(ALL.replace("lock_twice", "lock_once"), **{build: text})
        self.assertEqual(status, 1)
        self.assertIn("no BUILD boots: rainbow/death/lock_twice\n", said)


if __name__ == "__main__":
    unittest.main()
