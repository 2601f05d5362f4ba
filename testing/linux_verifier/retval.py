# SPDX-License-Identifier: MIT
"""Runs the programs of Linux's verifier tests that say what they return, by
`ebpf run`, and compares."""

import collections
import dataclasses
import json
import os

import judge

NAMED = {"INT_MIN": -2**31, "TEST_DATA_LEN": 64}
# Any result will do: an address.
ANY = "POINTER_VALUE"

# What the kernel's own runner puts into maps before it runs the programs of a
# file (prog_tests/verifier.c): struct test_val.
VALUE = ((28).to_bytes(4, "little") + bytes(24) +
         (0xabcdef12).to_bytes(4, "little") + bytes(16)).hex()
VALUES = {
    "verifier_array_access.c": {"map_array_ro": VALUE},
    "verifier_value_ptr_arith.c": {"map_array_48b": VALUE},
}


@dataclasses.dataclass
class Result:
    """Of one program on one engine."""
    file: str
    program: str
    engine: str
    expected: str
    answer: dict = None    # the command's JSON, or None where it gave none
    failure: str = ""

    @property
    def right(self):
        answer = self.answer or {}
        if "retval" not in answer:
            return False
        if self.expected == ANY:
            return True
        wanted = number(self.expected)
        return answer["retval"] & 0xffffffff == wanted & 0xffffffff

    @property
    def kind(self):
        """What is wrong, in a few words; "" where nothing is."""
        if self.right:
            return ""
        if self.answer is None:
            return self.failure
        if self.answer["verdict"] != "accept":
            return "refused"
        if self.answer["run_errno"] != 0:
            return f"cannot be run, errno {self.answer['run_errno']}"
        return f"returned {self.answer['retval']}, not {self.expected}"


def number(text):
    return NAMED[text] if text in NAMED else int(text, 0)


def cases(found):
    """Those of the expectations that the kernel's runner would run."""
    return [e for e in found if e.success and e.retval != ""]


def ask(ebpf, path, wanted, options, timeout):
    """{program: answer} and {program: failure} for programs that `wanted`
    names. Who makes the command crash is left out and the rest asked again."""
    answers = {}
    failures = {}
    wanted = list(wanted)
    while wanted:
        command = [ebpf, "run", path, "--json", *options]
        for name in wanted:
            command += ["--program", name]
        lines, status, error = judge.run(command, timeout)
        for line in lines:
            if line.startswith("{"):
                try:
                    answer = json.loads(line)
                except json.JSONDecodeError:
                    continue  # cut in the middle
                answers[answer["program"]] = answer
        left = [name for name in wanted if name not in answers]
        if not left:
            break
        if status in (0, 1, 2):
            reason = error.strip().split("\n")[-1] or "no answer"
            failures.update({name: reason for name in left})
            break
        failures[left[0]] = "time" if status is None else f"crash {status}"
        wanted = left[1:]
    return answers, failures


def run(ebpf, path, found, engine, core_objects=None, timeout=120, btf=None):
    """A list of Result for the cases among the expectations of the object at
    `path`."""
    file = os.path.basename(path).removesuffix(".o") + ".c"
    results = []
    for (flags, _, types), group in judge.groups(cases(found)).items():
        options = ["--engine", engine, "--flags", f"{flags:x}"]
        for name, value in VALUES.get(file, {}).items():
            options += ["--value", f"{name}={value}"]
        if btf is not None:
            options += ["--btf", btf]
        if types:
            options += ["--core-btf", core_objects[types]]
        answers, failures = ask(ebpf, path, [e.program for e in group],
                                options, timeout)
        for expectation in group:
            name = expectation.program
            results.append(Result(file, name, engine, expectation.retval,
                                  answers.get(name),
                                  failures.get(name, "no answer")))
    return results


def summary(results):
    """One line for each engine."""
    by_engine = collections.defaultdict(list)
    for result in results:
        by_engine[result.engine].append(result)
    return "\n".join(
        f"{engine}: {len(some)} programs run, "
        f"{sum(r.right for r in some)} returned what Linux's tests expect "
        f"({100.0 * sum(r.right for r in some) / len(some):.1f} %)"
        for engine, some in by_engine.items())
