#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of contract.py, on a contract of two services."""

import pathlib
import tempfile
import unittest

import contract
import port_command
import port_size

HEADER = """// SPDX-License-Identifier: MIT
//
// Sounds. Tier T0; what is not ebpf_port_silence() here is noise.
#pragma once

#include <stdint.h>

extern "C" {

/// A note.
struct ebpf_note {
  uint32_t pitch;  // as ebpf_port_pitch() says;
};

/// Plays `note`; false if nobody hears. Context: any.
[[nodiscard]] bool ebpf_port_play(const struct ebpf_note* note,
                                  uint32_t volume);

/// Stops: at once. Default: false. Absent: it goes on. Tier T2. Context: task,
/// interrupts on.
bool ebpf_port_silence(void);

}  // extern "C"
"""
DEFAULTS = """
EBPF_ABSENT bool ebpf_port_silence(void) { return false; }
"""


class ContractTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "core/platform").mkdir(parents=True)
        (self.root / "ports").mkdir()
        for name in ["interrupts.cc", "nofault.cc", "this_cpu.cc", "version.cc"]:
            self.write(f"core/platform/{name}", "")
        self.write("core/platform/absent.cc", DEFAULTS)
        self.write("core/platform/sound.h", HEADER)
        sizes = port_size.BEGIN + port_size.END
        self.write("ports/PORTING.md", "before\n" + sizes + contract.BEGIN + "old\n" + contract.END + "behind\n")

    def write(self, path, text):
        (self.root / path).write_text(text, encoding="utf-8")

    def errors(self, header=HEADER, defaults=DEFAULTS):
        self.write("core/platform/sound.h", header)
        self.write("core/platform/absent.cc", defaults)
        with self.assertRaises(contract.ContractError) as caught:
            contract.services_of(self.root)
        return str(caught.exception)

    def test_reads_what_the_comments_say(self):
        play, silence = contract.services_of(self.root)
        self.assertEqual(play[:6], ("ebpf_port_play", "sound.h", "T0", "Plays `note`", "any", ""))
        self.assertEqual(
            silence[:6], ("ebpf_port_silence", "sound.h", "T2", "Stops", "task, interrupts on", "it goes on")
        )

    def test_a_service_without_context_is_refused(self):
        self.assertIn("sound.h: ebpf_port_play: its comment has no `Context:`", self.errors(HEADER.replace("Context: any.", "")))

    def test_a_service_without_tier_is_refused(self):
        self.assertIn("ebpf_port_play: neither it nor", self.errors(HEADER.replace("Tier T0", "No tier")))

    def test_a_default_whose_cost_is_not_told_is_refused(self):
        self.assertIn("no `Absent:`", self.errors(HEADER.replace("Absent: it goes on.", "")))

    def test_a_cost_without_a_default_is_refused(self):
        self.assertIn("absent.cc has no default", self.errors(defaults=""))

    def test_a_default_of_nothing_is_refused(self):
        more = DEFAULTS + "EBPF_ABSENT int ebpf_port_echo(int /*of*/) { return 0; }\n"
        self.assertIn("ebpf_port_echo has a default and is declared nowhere", self.errors(defaults=more))

    def test_an_old_table_is_refused_and_written(self):
        def run(*arguments):
            return port_command.main("", self.root, ["contract", *arguments])

        self.assertEqual(run(), 1)
        self.assertEqual(run("--write"), 0)
        self.assertEqual(run(), 0)
        page = (self.root / "ports/PORTING.md").read_text(encoding="utf-8")
        self.assertTrue(page.startswith("before\n"))
        self.assertTrue(page.endswith("behind\n"))
        self.assertIn("### T0: 1 function, 1 of them in every port", page)
        self.assertIn("| `play` | `sound.h` | Plays `note` | any | **every port has it** |", page)
        self.write("core/platform/sound.h", HEADER.replace("Plays", "Sings"))
        self.assertEqual(run(), 1)

    def test_a_page_without_a_place_for_the_table_is_refused(self):
        self.write("ports/PORTING.md", "nothing\n")
        self.assertEqual(port_command.main("", self.root, ["contract"]), 1)


if __name__ == "__main__":
    unittest.main()
