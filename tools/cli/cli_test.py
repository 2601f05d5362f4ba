#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the `ebpf` command as people do: on programs written by hand, on objects
that clang made, and on what is neither."""

import json
import os
import subprocess
import tempfile
import time
import unittest

EBPF = "tools/cli/ebpf"
OBJECT = "testing/programs/count.x86_64.bpf.o"
REFUSED = "testing/programs/no_null_check.x86_64.bpf.o"
SHAPES = "tools/cli/testdata/shapes.x86_64.bpf.o"

EXIT = "9500000000000000"
RETURN_42 = "b70000002a000000" + EXIT
LOAD_R1 = "7910000000000000" + EXIT  # r0 = *(u64 *)(r1 + 0)
ENDLESS = "0500ffff00000000" + EXIT


def run(*arguments, text=""):
    return subprocess.run(
        [EBPF, *arguments], input=text, capture_output=True, text=True, check=False
    )


class ExecTest(unittest.TestCase):
    def succeeds(self, expected, *arguments, text=""):
        done = run("exec", *arguments, text=text)
        self.assertEqual((done.stdout, done.stderr, done.returncode), (expected + "\n", "", 0))

    def fails(self, pattern, *arguments, text=""):
        done = run("exec", *arguments, text=text)
        self.assertEqual((done.stdout, done.returncode), ("", 1), done.stderr)
        self.assertRegex(done.stderr, r"\Aebpf: [^\n]*" + pattern + r"[^\n]*\n\Z")

    def test_prints_r0_alone(self):
        self.succeeds("2a", text=RETURN_42)

    def test_takes_spaces_and_line_breaks_between_digits(self):
        self.succeeds("2a", text="b7 00 00 00\n2a 0 0 00\t00\r\n 95 00000000000000\n\n")

    def test_takes_upper_case(self):
        self.succeeds("2a", text=RETURN_42.upper())

    def test_takes_memory_that_is_absent_or_empty(self):
        program = "bf20000000000000" + EXIT  # r0 = r2
        self.succeeds("0", text=program)
        self.succeeds("0", "", text=program)
        self.succeeds("3", "aa  bb cc", text=program)

    def test_points_r1_to_memory(self):
        self.succeeds("8070605040302010", "1020304050607080", text=LOAD_R1)

    def test_takes_a_program_as_an_argument(self):
        self.succeeds("2a", "--program", RETURN_42)
        self.succeeds("8070605040302010", "1020304050607080", "--program", LOAD_R1)

    def test_prints_all_64_bits(self):
        self.succeeds("ffffffffffffffff", text="b7000000ffffffff" + EXIT)

    def test_refuses_what_is_no_hexadecimal(self):
        self.fails("'x' at position 2 is no hexadecimal digit", text="0x95")
        self.fails("byte 0x00 at position 3 is no", text="95\0")
        self.fails("an odd number of hexadecimal digits", text=RETURN_42[:-1])
        self.fails("memory: .*'g'", "0g", text=RETURN_42)
        self.fails("memory: an odd number", "abc", text=RETURN_42)
        self.fails("--program: '-'", "--program", "-" + RETURN_42)

    def test_refuses_programs_that_are_none(self):
        self.fails("the program is empty")
        self.fails("the program is empty", text=" \n")
        self.fails("9 bytes", text=RETURN_42[:18])
        self.fails("1000001 instructions; 1000000 are allowed", text=EXIT * 1000001)

    def test_names_the_instruction_that_it_refuses(self):
        ok = "b700000000000000"
        self.fails("instruction 1: unknown opcode .bytes ff 00", text=ok + "ff00000000000000" + EXIT)
        self.fails("instruction 1: .*callx", text=ok + "8d00000000000000" + EXIT)
        self.fails("instruction 0: it goes to instruction -2", text="0500fdff00000000" + EXIT)
        self.fails("instruction 0: it goes to instruction 3", text="0500020000000000" + EXIT)
        self.fails("instruction 1: .*neither exit nor a jump", text=ok + ok)
        self.fails("instruction 1: there is no helper function 9999", text=ok + "850000000f270000" + EXIT)
        self.fails("instruction 1: helper function 20 .skb_get_tunnel_key. is not implemented",
                   text=ok + "8500000014000000" + EXIT)
        self.fails("instruction 0: it names a map", text="1811000001000000" + "0" * 16 + EXIT)
        self.fails("instruction 0: r10 is read-only", text="b70a000001000000" + EXIT)
        self.fails("instruction 0: classic packet access", text="2000000000000000" + EXIT)
        self.fails("instruction 2: .*middle of instruction 0",
                   text="1800000001000000" + "0" * 16 + "0500feff00000000" + EXIT)

    def test_says_that_a_program_crashed(self):
        self.fails("the program crashed: it used memory that is not there", text=LOAD_R1)
        wild = "18010000efbeadde" + "00000000efbeadde" + LOAD_R1
        self.fails("the program crashed", text=wild)

    def test_ends_a_program_that_does_not_end(self):
        begin = time.monotonic()
        self.fails("the program did not end within 1 s", "--timeout", "1", text=ENDLESS)
        self.assertLess(time.monotonic() - begin, 8)

    def test_leaves_no_process_behind(self):
        run("exec", "--timeout", "1", text=ENDLESS)
        done = subprocess.run(["pgrep", "-P", str(os.getpid())], capture_output=True, text=True, check=False)
        self.assertNotIn("ebpf", done.stdout)

    def test_refuses_an_engine_that_does_not_exist(self):
        done = run("exec", "--engine", "magic", text=RETURN_42)
        self.assertEqual((done.stdout, done.returncode), ("", 1))
        self.assertIn("magic", done.stderr)

    def test_runs_a_program_of_an_object(self):
        self.succeeds("2a", "--elf", SHAPES, "--name", "answer")
        self.succeeds("7", "03000000 04000000", "--elf", SHAPES, "--name", "sum")
        self.succeeds("37", "0a000000", "--elf", SHAPES, "--name", "triangle")

    def test_runs_a_program_that_uses_maps_and_global_data(self):
        self.succeeds("5", "--elf", SHAPES, "--name", "globals")
        self.succeeds("9", "--elf", SHAPES, "--name", "hash")

    def test_reads_an_object_in_hexadecimal_on_standard_input(self):
        with open(SHAPES, "rb") as file:
            self.succeeds("2a", "--name", "answer", "--elf", text=file.read().hex())

    def test_asks_which_program_of_an_object(self):
        self.fails("5 programs, one is to be chosen: 0 answer, 1 ", "--elf", SHAPES)
        self.fails("no program 'nonsense', but: 0 answer", "--elf", SHAPES, "--name", "nonsense")
        self.succeeds("2a", "--elf", SHAPES, "--name", "0")

    def test_refuses_objects_that_are_none(self):
        self.fails("No such file", "--elf", "no/such/file")
        self.fails("the object cannot be read", "--elf", EBPF)
        self.fails("the object cannot be read", "--elf", text="7f454c46")
        self.fails("Is a directory", "--elf", "tools")

    def test_refuses_a_program_from_two_places(self):
        done = run("exec", "--elf", SHAPES, "--program", RETURN_42)
        self.assertEqual((done.stdout, done.returncode), ("", 1))


class CommandTest(unittest.TestCase):
    def test_without_a_command_it_fails(self):
        done = run()
        self.assertEqual((done.stdout, done.returncode), ("", 1))

    def test_help_is_no_failure(self):
        done = run("--help")
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        for command in ("exec", "disasm", "bench", "probes"):
            self.assertIn(command, done.stdout)


def machines():
    """The CPUs that there is a compiler for."""
    for machine in ("x86_64", "aarch64", "riscv64"):
        done = run("disasm", OBJECT, "--jit", machine)
        if done.returncode == 0:
            yield machine
        else:
            assert "there is no compiler" in done.stderr, done.stderr


class DisasmTest(unittest.TestCase):
    def test_shows_source_ebpf_and_machine_code_side_by_side(self):
        for machine in machines():
            done = run("disasm", SHAPES, "--program", "sum", "--jit", machine)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            lines = done.stdout.splitlines()
            self.assertRegex(lines[0], rf"\Asum: \d+ instructions, \d+ bytes for {machine}\Z")
            row = next(line for line in lines if "= *(u32 *)(r1 + 0x0)" in line)
            source, insn, code = row.split("|")
            self.assertRegex(source, r"\A +\d+: return input->numbers")
            self.assertRegex(insn, r"\A +\d+: w\d = ")
            self.assertRegex(code, r"\A +[0-9a-f]+: \w+")

    def test_gives_the_same_as_json(self):
        for machine in machines():
            done = run("disasm", SHAPES, "--json", "--jit", machine)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            programs = json.loads(done.stdout)["programs"]
            names = [program["name"] for program in programs]
            self.assertEqual(names, ["answer", "sum", "triangle", "globals", "hash"])
            for program in programs:
                self.check_program(program, machine)

    def check_program(self, program, machine):
        self.assertEqual(program["machine"], machine)
        self.assertTrue(program["verified"])
        # Every byte of machine code is shown once, in order.
        code = program["entry"] + [line for insn in program["insns"] for line in insn["code"]]
        at = 0
        for line in code:
            self.assertEqual(line["offset"], at)
            self.assertNotIn(".byte", line["text"])
            at += line["size"]
        self.assertEqual(at, program["code_size"])
        self.assertEqual(program["insns"][-1]["text"], "exit")
        for insn in program["insns"]:
            self.assertTrue(insn["source"]["file"].endswith("shapes.bpf.c"))
            self.assertGreater(insn["source"]["line"], 0)

    def test_names_maps_and_helpers(self):
        done = run("disasm", SHAPES, "--program", "hash", "--unverified")
        self.assertIn("r1 = values ll", done.stdout)
        self.assertIn("(map_lookup_elem)", done.stdout)
        self.assertIn(", not verified", done.stdout)

    def test_shows_what_the_source_says(self):
        done = run("disasm", SHAPES, "--program", "sum")
        self.assertRegex(done.stdout, r" \d+: return input->numbers\[0\] \+ input->numbers\[1\];")

    def test_says_why_a_program_was_refused(self):
        done = run("disasm", REFUSED)
        self.assertEqual((done.stdout, done.returncode), ("", 1))
        self.assertIn("map_value_or_null", done.stderr)
        self.assertEqual(run("disasm", REFUSED, "--unverified").returncode, 0)

    def test_refuses_what_is_no_object(self):
        with tempfile.NamedTemporaryFile() as file:
            done = run("disasm", file.name)
        self.assertEqual((done.stdout, done.returncode), ("", 1))
        self.assertIn("the object cannot be read", done.stderr)

    def test_refuses_a_program_that_is_not_there(self):
        done = run("disasm", SHAPES, "--program", "nonsense")
        self.assertEqual((done.stdout, done.returncode), ("", 1))
        self.assertIn("no program 'nonsense'", done.stderr)


class VerifyTest(unittest.TestCase):
    def test_accepts_with_status_0(self):
        done = run("verify", SHAPES)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r'sum \(SEC "kprobe/function"\): accept\n')
        self.assertRegex(done.stdout, r"\d+ instructions processed, \d+ states")

    def test_refuses_with_status_1_and_says_why(self):
        done = run("verify", REFUSED)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("reject (Permission denied)", done.stdout)
        self.assertIn("R0 invalid mem access 'map_value_or_null'", done.stdout)

    def test_cannot_read_with_status_2(self):
        for arguments in (["no/such/file"], [EBPF], ["--no-such-option", SHAPES], []):
            done = run("verify", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertNotEqual(done.stderr, "")

    def test_prints_a_json_object_per_program(self):
        done = run("verify", SHAPES, "--json", "--log-level", "1")
        self.assertEqual(done.returncode, 0)
        for line in done.stdout.splitlines():
            program = json.loads(line)
            self.assertEqual(program["file"], SHAPES)
            self.assertEqual(program["verdict"], "accept")
            self.assertIn("processed", program["log"])

    def test_takes_flags_in_hexadecimal(self):
        done = run("verify", SHAPES, "--program", "sum", "--flags", "8c", "--json")
        self.assertEqual(json.loads(done.stdout)["verdict"], "accept")
        for bad in ("x", "8g", "100000000", ""):
            self.assertEqual(run("verify", SHAPES, "--flags", bad).returncode, 2, bad)

    def test_chooses_programs(self):
        done = run("verify", SHAPES, "--json", "--program", "sum", "--program", "answer")
        names = [json.loads(line)["program"] for line in done.stdout.splitlines()]
        self.assertEqual(sorted(names), ["answer", "sum"])
        self.assertEqual(run("verify", SHAPES, "--program", "none").returncode, 2)

    def test_takes_types_from_a_file(self):
        done = run("verify", SHAPES, "--btf", SHAPES)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = run("verify", SHAPES, "--btf", __file__)
        self.assertEqual(done.returncode, 2)
        self.assertIn("is no BTF", done.stderr)


class ProbesTest(unittest.TestCase):
    """The command is a linked ELF file with symbols, as a kernel is."""

    def test_lists_a_functions_instructions(self):
        done = run("probes", EBPF, "--function", "main")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "main")
        self.assertRegex(lines[1], r"\A  0x[0-9a-f]+, \d+ bytes in \.text\Z")
        self.assertRegex(lines[2], r"\A  \+0x0 +\S.* +(detoured|emulated|relocated|stepped)\Z")
        self.assertRegex(done.stdout, r"\n\w+: 1 functions, \d+ instructions\n")
        self.assertRegex(done.stdout, r"functions whose entry can be probed, of the others +1 +100\.00 %")

    def test_sums_up_a_whole_file_and_says_so_as_json(self):
        done = run("probes", EBPF, "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        totals = json.loads(done.stdout)["totals"]
        self.assertGreater(totals["functions"], 1000)
        self.assertEqual(sum(totals["how"].values()) + totals["ours"] + totals["refused"], totals["insns"])
        self.assertEqual(sum(totals["why"].values()), totals["refused"])
        self.assertGreater(totals["entries"], 0.99 * (totals["functions"] - totals["own_functions"]))

    def test_says_what_is_no_kernel(self):
        for file, why in ((__file__, "it is no ELF file"), (OBJECT, "its CPU"), ("tools", "Is a directory")):
            done = run("probes", file)
            self.assertEqual((done.stdout, done.returncode), ("", 1))
            self.assertRegex(done.stderr, r"\Aebpf: [^\n]*" + why + r"[^\n]*\n\Z")
        done = run("probes", EBPF, "--function", "no_such_function")
        self.assertIn("no function is called 'no_such_function'", done.stderr)


class BenchTest(unittest.TestCase):
    def test_measures_each_program_on_each_engine(self):
        done = run("bench", OBJECT, "--passes", "2", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for program in json.loads(done.stdout)["programs"]:
            self.assertGreater(program["insns"], 1)
            self.assertIn("interpreter", program["ns_per_run"])
            for ns in program["ns_per_run"].values():
                self.assertGreater(ns, 0)

    def test_prints_a_line_for_each_program(self):
        done = run("bench", SHAPES, "--passes", "1", "--program", "answer")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertRegex(lines[0], r"\Aprogram +insns +bytes +interpreter")
        self.assertRegex(lines[1], r"\Aanswer +\d+ +[\d-]+ +\d+\.\d")

    def test_fails_on_what_is_refused(self):
        done = run("bench", REFUSED)
        self.assertEqual((done.stdout, done.returncode), ("", 1))


if __name__ == "__main__":
    unittest.main()
