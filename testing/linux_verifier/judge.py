# SPDX-License-Identifier: MIT
"""Asks `ebpf verify` about the programs of an object, and compares its answers
with what Linux's tests expect."""

import dataclasses
import json
import os
import subprocess

import expectations

# The log levels that the kernel's runner asks for when a test says nothing:
# its library asks again, with the first, where a program is refused.
LOG_PATH = 1


@dataclasses.dataclass
class Result:
    """Of one program."""
    file: str
    program: str
    success: bool          # what is expected
    messages: list
    answer: dict = None    # the command's JSON, or None where it gave none
    failure: str = ""      # why it gave none: "crash", "time", ...
    missing: str = None    # the first expected message that is not there

    @property
    def accepted(self):
        return self.answer is not None and self.answer["verdict"] == "accept"

    @property
    def verdict_right(self):
        return self.answer is not None and self.accepted == self.success

    @property
    def message_right(self):
        return self.verdict_right and self.missing is None

    @property
    def kind(self):
        """What is wrong, in two words; "" where nothing is."""
        if self.answer is None:
            return self.failure
        if self.accepted and not self.success:
            return "wrongly accepted"
        if not self.accepted and self.success:
            return "wrongly refused"
        return "other message" if self.missing is not None else ""

    def to_json(self):
        answer = self.answer or {}
        return {
            "file": self.file, "program": self.program,
            "expected": "accept" if self.success else "reject",
            "verdict": answer.get("verdict", self.failure),
            "errno": answer.get("errno"), "kind": self.kind,
            "messages": len(self.messages), "missing": self.missing,
            "instructions_processed": answer.get("instructions_processed"),
            "peak_memory_bytes": answer.get("peak_memory_bytes"),
            "time_ns": answer.get("time_ns"),
        }


def groups(found):
    """Expectations that one process can be asked for:
    {(flags, level, types): [..]}."""
    result = {}
    for expectation in found:
        level = max(expectation.log_level, LOG_PATH)
        key = (expectation.flags, level, expectation.core_types)
        result.setdefault(key, []).append(expectation)
    return result


def run(command, timeout):
    """Lines of standard output, exit status or None, standard error."""
    with subprocess.Popen(command, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        try:
            out, err = process.communicate(timeout=timeout)
            status = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            status = None
    return (out.decode(errors="replace").split("\n"), status,
            err.decode(errors="replace"))


def ask(ebpf, path, wanted, flags, level, timeout, extra=()):
    """{program: answer} and {program: failure}, for programs that `wanted`
    names. Who makes the command crash is left out and the rest asked again."""
    answers = {}
    failures = {}
    wanted = list(wanted)
    while wanted:
        command = [ebpf, "verify", path, "--json", "--flags", f"{flags:x}",
                   "--log-level", str(level), *extra]
        for name in wanted:
            command += ["--program", name]
        lines, status, error = run(command, timeout)
        for line in lines:
            if line.startswith("{"):
                try:
                    answer = json.loads(line)
                except json.JSONDecodeError:
                    continue  # cut in the middle
                answers[answer["program"]] = answer
        left = [name for name in wanted if name not in answers]
        if status in (0, 1, 2) and left:
            reason = error.strip().split("\n")[-1] or "no answer"
            failures.update({name: reason for name in left})
            break
        if not left:
            break
        failures[left[0]] = "time" if status is None else f"crash {status}"
        wanted = left[1:]
    return answers, failures


def judge(ebpf, path, found, core_objects=None, timeout=120, extra=()):
    """A list of Result for the expectations `found` of the object at `path`.
    `core_objects`: paths of those that `core_types` name."""
    results = []
    file = os.path.basename(path).removesuffix(".o") + ".c"
    for (flags, level, types), group in groups(found).items():
        own = ["--core-btf", core_objects[types]] if types else []
        answers, failures = ask(ebpf, path, [e.program for e in group], flags,
                                level, timeout, [*extra, *own])
        for expectation in group:
            result = Result(file, expectation.program, expectation.success,
                            expectation.messages,
                            answers.get(expectation.program),
                            failures.get(expectation.program, "no answer"))
            if result.answer is not None:
                result.missing = expectations.missing_message(
                    expectation.messages, result.answer["log"])
            results.append(result)
    order = {e.program: i for i, e in enumerate(found)}
    return sorted(results, key=lambda r: order[r.program])
