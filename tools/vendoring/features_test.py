# SPDX-License-Identifier: MIT
import unittest

import features
from vendored_folder import VendoringError

_SOURCES = [
    "arch/x86_64/compiler.cc",
    "arch/x86_64/machine_ops.cc",
    "arch/x86_64/macro_assembler_calls.cc",
    "core/files/client.cc",
    "core/files/kallsyms_text.cc",
    "core/files/perf_event_file.cc",
    "core/files/text_tree.cc",
    "core/jit/jit.cc",
    "core/loader/object.cc",
    "core/perf/perf_ring.cc",
    "core/syscall/perf_event_open.cc",
    "core/syscall/text_calls.cc",
]


class FeaturesTest(unittest.TestCase):
    def without(self, *names):
        return features.sources_without(_SOURCES, list(names), "x86_64")

    def test_nothing_left_out_changes_nothing(self):
        self.assertEqual(self.without(), _SOURCES)

    def test_what_is_left_out_goes_and_its_stand_in_comes(self):
        left = self.without("jit")
        self.assertNotIn("core/jit/jit.cc", left)
        self.assertNotIn("arch/x86_64/macro_assembler_calls.cc", left)
        self.assertIn("arch/x86_64/machine_ops.cc", left)
        self.assertIn("core/without/jit.cc", left)
        self.assertIn("arch/x86_64/without/jit.cc", left)

    def test_a_ports_own_sources_come_before_all_others(self):
        sources = features.sources_without(["core/a.cc", "ports/x/b.cc", "arch/c.cc", "ports/x/a.S"], [], "x86_64")
        self.assertEqual(sources, ["ports/x/a.S", "ports/x/b.cc", "arch/c.cc", "core/a.cc"])

    def test_everything_left_out_leaves_the_rest(self):
        self.assertEqual(
            self.without(*features.NAMES),
            [
                "arch/x86_64/machine_ops.cc",
                "arch/x86_64/without/jit.cc",
                "core/files/client.cc",
                "core/syscall/text_calls.cc",
                "core/without/jit.cc",
                "core/without/perf.cc",
                "core/without/trace_files.cc",
            ],
        )

    def test_names_are_sorted_once_each_and_known(self):
        self.assertEqual(features.parse("perf,jit,perf"), ["jit", "perf"])
        for text in ["", "jit,", "JIT", "jit perf"]:
            with self.assertRaisesRegex(VendoringError, "there are: jit, loader, perf, trace-files"):
                features.parse(text)


if __name__ == "__main__":
    unittest.main()
