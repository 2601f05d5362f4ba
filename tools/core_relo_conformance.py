#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Linux's own CO-RE tests, judged by what Linux expects of them.

    tools/core_relo_conformance.py [--tree TREE] [--runner FILE] [--ebpf FILE]

The tests are those of Debian's package linux-source-6.12, fetched as
testing/linux_verifier does it, or of an unpacked TREE. The programs and their
variants of a kernel's types are compiled, each case of prog_tests/core_reloc.c
is relocated, verified and run by //testing/core_relo:core_relo_case, and a
table is printed:

    ok       it does what Linux expects
    WRONG    it does not, and why
    unclear  what Linux expects could not be told, or needs a running Linux

With --ebpf, `ebpf verify --core-btf` must accept and reject the same. Exit 1 if
something is wrong. Those sources are GPL: they are compiled and run where they
lie, and nothing of them is in this tree. The table of cases is read by letting
the C compiler have the file up to the end of its table, with stand-ins for the
headers around it, and printing the table.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "testing" / "linux_verifier"))

import sources  # pylint: disable=wrong-import-position

# What prog_tests/core_reloc.c asks of its surroundings, as far as the table and
# the functions that fill in expectations need it.
STAND_IN = r"""
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/types.h>
#include <bpf/libbpf.h>
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CHECK(condition, ...) (!!(condition))
#define CHECK_FAIL(condition) (!!(condition))
#define ASSERT_OK_PTR(p, ...) ((p) != NULL)
static int trigger_module_test_read(int size) { return size; }
"""

# Prints the table. What is fixed at run time is asked for first.
PRINTER = r"""
static void print_hex(const char *bytes, int size) {
  putchar('"');
  for (int i = 0; bytes && i < size; i++)
    printf("%02x", (unsigned char)bytes[i]);
  putchar('"');
}
static void print_text(const char *name, const char *text) {
  printf("\"%s\": ", name);
  if (text) printf("\"%s\", ", text); else printf("null, ");
}
int main(void) {
  for (size_t i = 0; i < ARRAY_SIZE(test_cases); i++) {
    struct core_reloc_test_case c = test_cases[i];
    int setup = c.setup && c.btf_src_file ? c.setup(&c) : 0;
    printf("{");
    print_text("name", c.case_name);
    print_text("object", c.bpf_obj_file);
    print_text("types", c.btf_src_file);
    print_text("program", c.prog_name);
    printf("\"fails\": %s, \"module\": %s, \"setup\": %d, \"input\": ",
           c.fails ? "true" : "false", c.needs_testmod ? "true" : "false",
           setup);
    print_hex(c.input, c.input_len);
    printf(", \"output\": ");
    print_hex(c.output, c.output_len);
    puts("}");
  }
  return 0;
}
"""


# Loads a relocated object into the kernel of this machine, lets its program see
# a system call of this very thread, and prints the output as the case's runner
# does. The program looks at the name of the process.
LIVE_NAME = "test_progs"
LIVE = r"""
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
enum { kPart = 256 };
int main(int argc, char **argv) {
  struct bpf_object *object = bpf_object__open_file(argv[1], NULL);
  if (!object || bpf_object__load(object)) return 1;
  struct bpf_map *map = bpf_object__find_map_by_name(object, ".bss");
  struct bpf_program *program =
      bpf_object__find_program_by_name(object, argv[2]);
  if (!map || !program) return 2;
  unsigned char data[4096] = {0};
  uint32_t size = bpf_map__value_size(map), key = 0;
  uint64_t self = (uint64_t)getpid() << 32 | (uint32_t)syscall(SYS_gettid);
  if (size < 2 * kPart + 16 || size > sizeof(data)) return 3;
  memcpy(data + 2 * kPart + 8, &self, sizeof(self));
  if (bpf_map_update_elem(bpf_map__fd(map), &key, data, 0)) return 4;
  if (!bpf_program__attach_raw_tracepoint(program, "sys_enter")) return 5;
  usleep(1);
  if (bpf_map_lookup_elem(bpf_map__fd(map), &key, data)) return 6;
  if (data[2 * kPart]) return puts("skip") < 0;
  printf("output ");
  for (int i = 0; i < kPart; i++) printf("%02x", data[kPart + i]);
  puts("");
  return 0;
}
"""
HOST_TYPES = pathlib.Path("/sys/kernel/btf/vmlinux")


def run(command, **kwargs):
    """The finished process; its output is text."""
    return subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        check=False,
        **kwargs,
    )


def fail(message):
    print("core_relo_conformance: " + message, file=sys.stderr)
    sys.exit(2)


def compile_objects(tree, folder, out, clang):
    """Compiles what the cases name, as NAME.bpf.o. Their number, and what the
    compiler says of those that fail, by name."""
    failures = {}
    include = sources.headers(str(folder), str(tree))
    found = sorted((tree / sources.TESTS).glob("progs/btf__core_reloc_*.c"))
    found += sorted((tree / sources.TESTS).glob("progs/test_core_reloc_*.c"))
    for source in found:
        target = out / (source.stem + ".bpf.o")
        failure = sources.compile_one(
            str(source), str(target), str(tree), include, clang
        )
        if failure is not None:
            failures[target.name] = failure.splitlines()[:1]
    return len(found), failures


def read_cases(selftests, out, clang):
    """prog_tests/core_reloc.c's table, as a list of dictionaries."""
    text = (selftests / "prog_tests" / "core_reloc.c").read_text()
    begin = text.index("static const struct core_reloc_test_case test_cases[]")
    end = text.index("\n};", begin) + 3
    headers = out / "stand_ins"
    (headers / "bpf_testmod").mkdir(parents=True, exist_ok=True)
    (headers / "test_progs.h").write_text(STAND_IN)
    for name in ["bpf_testmod/bpf_testmod.h"]:
        original = (selftests / name).read_text()
        wanted = re.search(
            r"struct bpf_testmod_test_read_ctx \{.*?\};", original, re.S
        )
        (headers / name).write_text(wanted.group(0) if wanted else "")
    source = out / "table.c"
    source.write_text(text[:end] + PRINTER)
    table = out / "table"
    compiled = run(
        [clang, "-w", "-I", headers, "-I", selftests, source, "-o", table, "-lbpf"]
        + ["-Wl,--allow-shlib-undefined"]
    )
    if compiled.returncode != 0:
        fail("the table of cases does not compile:\n" + compiled.stderr)
    printed = run([table], cwd=out)
    if printed.returncode != 0:
        fail("the table of cases does not print: " + printed.stderr)
    return [json.loads(line) for line in printed.stdout.splitlines()]


def judge_on_this_linux(case, runner, out, clang):
    """The verdict on a case that reads a running kernel: our relocator for the
    types of this machine's kernel, whose verifier and engine then have it."""
    if not HOST_TYPES.exists():
        return "unclear", "reads the tasks of a Linux that tells its types"
    relocated = out / "relocated.bpf.o"
    done = run([runner, out / case["object"], HOST_TYPES, "--relocated", relocated])
    if done.returncode != 0:
        return "WRONG", done.stderr.strip()
    (out / "live.c").write_text(LIVE)
    live = out / LIVE_NAME
    compiled = run([clang, "-w", out / "live.c", "-o", live, "-lbpf"])
    if compiled.returncode != 0:
        return "unclear", "libbpf-dev is needed: " + compiled.stderr[:80]
    done = run([live, relocated, case["program"]])
    if "Operation not permitted" in done.stderr:
        return "unclear", "needs to be root on a Linux"
    if done.returncode != 0:
        return "WRONG", f"this kernel: exit {done.returncode}: {done.stderr[-200:]}"
    kind, _, rest = done.stdout.strip().partition(" ")
    if kind != "output" or not rest.startswith(case["output"]):
        return "WRONG", f"expected {case['output']}, got {done.stdout.strip()}"
    return "ok", "output as expected, on this kernel"


def judge(case, runner, out, failures, clang):
    """The verdict on a case, and why."""
    if case["module"]:
        return "unclear", "needs a running Linux with its test module"
    if case["types"] is None:
        return judge_on_this_linux(case, runner, out, clang)
    if case["setup"] != 0:
        return "unclear", "its expectation cannot be computed"
    for name in [case["object"], case["types"]]:
        if name in failures:
            return "unclear", f"{name} does not compile: {failures[name]}"
        if not (out / name).exists():
            return "unclear", f"{name} is not there"
    done = run(
        [runner, out / case["object"], out / case["types"], case["program"]],
        input=case["input"],
    )
    if done.returncode != 0:
        return "WRONG", done.stderr.strip() or f"exit {done.returncode}"
    kind, _, rest = done.stdout.strip().partition(" ")
    if kind == "skip":
        return "unclear", "the program says that its compiler is too old"
    if case["fails"]:
        if kind == "output":
            return "WRONG", "loads, though it must not"
        # That something else is wrong with it is no success.
        expected = kind == "relocation" or "invalid func unknown#" in rest
        return ("ok" if expected else "WRONG"), kind + ": " + rest[-160:]
    if kind != "output":
        return "WRONG", kind + ": " + rest[-200:]
    expected = case["output"]
    if rest[: len(expected)] != expected:
        return "WRONG", f"expected {expected}, got {rest[:len(expected)]}"
    return "ok", "output as expected"


def verdict_of_command(case, ebpf, out):
    """Whether `ebpf verify` accepts the program, relocated for those types."""
    done = run(
        [ebpf, "verify", out / case["object"], "--program", case["program"]]
        + ["--core-btf", out / case["types"]]
    )
    return done.returncode == 0, done.stdout[-300:] + done.stderr[-300:]


def default_runner():
    label = "//testing/core_relo:core_relo_case"
    built = run(["tools/bazel", "build", "--noshow_progress", label], cwd=ROOT)
    if built.returncode != 0:
        fail(f"{label} does not build:\n" + built.stderr)
    return ROOT / "bazel-bin" / "testing" / "core_relo" / "core_relo_case"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tree", type=pathlib.Path, help="unpacked sources")
    parser.add_argument("--runner", type=pathlib.Path, help="core_relo_case")
    parser.add_argument("--ebpf", type=pathlib.Path, help="the command")
    parser.add_argument("--cache", type=pathlib.Path,
                        default=pathlib.Path(sources.cache_folder()))
    parser.add_argument("--clang", default="clang-19")
    options = parser.parse_args()
    out = options.cache.resolve() / "core_relo"
    out.mkdir(parents=True, exist_ok=True)
    try:
        tree = options.tree or pathlib.Path(sources.unpack(str(options.cache)))
        count, failures = compile_objects(
            tree.resolve(), options.cache.resolve(), out, options.clang
        )
    except sources.Missing as missing:
        fail(str(missing))
    selftests = tree.resolve() / sources.TESTS
    runner = (options.runner or default_runner()).resolve()
    verdicts = {}
    used = set()
    for case in read_cases(selftests, out, options.clang):
        verdict, why = judge(case, runner, out, failures, options.clang)
        if options.ebpf and verdict == "ok" and case["types"]:
            accepted, text = verdict_of_command(case, options.ebpf, out)
            if accepted == case["fails"]:
                verdict, why = "WRONG", "ebpf verify: " + text
        verdicts.setdefault(verdict, []).append(case["name"])
        used.add(case["types"])
        note = "" if verdict == "ok" and case["types"] else why
        print(f"{verdict:8} {case['name']:42} {note}".rstrip())
    variants = [
        path.stem for path in sorted(selftests.glob("progs/btf__core_reloc_*.c"))
    ]
    unused = [name for name in variants if name + ".bpf.o" not in used]
    for name in unused:
        print(f"{'unused':8} {name:42} no case names it")
    counts = {v: len(verdicts.get(v, [])) for v in ["ok", "WRONG", "unclear"]}
    print(
        f"{sum(counts.values())} cases: "
        + ", ".join(f"{number} {word}" for word, number in counts.items())
    )
    print(
        f"{len(variants)} variants, {len(variants) - len(unused)} of them in "
        f"cases; {count - len(failures)} of {count} sources compile"
    )
    return 1 if counts["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(main())
