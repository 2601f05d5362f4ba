# SPDX-License-Identifier: MIT
"""The tables of tools/conformance.sh, and the files that say of what is
different why it is so."""

import collections

# Issue's goals in percent.
MAX_ABSENT = 10


class Classified:
    """Reasons, from lines "file program: reason" (program "*": all of them).
    """

    def __init__(self, text):
        self.reasons = {}
        for number, line in enumerate(text.split("\n"), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            name, colon, reason = line.partition(":")
            words = name.split()
            if not colon or len(words) != 2 or not reason.strip():
                raise ValueError(f"line {number}: not 'file program: reason'")
            self.reasons[tuple(words)] = reason.strip()

    @classmethod
    def read(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(file.read())

    def reason(self, result):
        """Of a Result, or None."""
        return (self.reasons.get((result.file, result.program)) or
                self.reasons.get((result.file, "*")))


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def count(results):
    """How many of `results` are what."""
    counts = collections.Counter(r.kind for r in results)
    with_messages = [r for r in results if r.messages]
    return {
        "programs": len(results),
        "verdict right": sum(r.verdict_right for r in results),
        "with messages": len(with_messages),
        "message right": sum(r.message_right for r in with_messages),
        "wrongly accepted": counts["wrongly accepted"],
        "wrongly refused": counts["wrongly refused"],
        "no answer": sum(r.answer is None for r in results),
    }


def row(name, results):
    c = count(results)
    return (f"{name:<34} {c['programs']:>5} {c['verdict right']:>5} "
            f"{c['message right']:>4}/{c['with messages']:<4} "
            f"{c['wrongly accepted']:>5} {c['wrongly refused']:>6} "
            f"{c['no answer']:>6}")


HEAD = (f"{'file':<34} {'progs':>5} {'right':>5} {'messages':>9} "
        f"{'w.acc':>5} {'w.ref':>6} {'none':>6}")


def table(results):
    """One line per file, and the sum."""
    by_file = collections.defaultdict(list)
    for result in results:
        by_file[result.file].append(result)
    lines = [HEAD]
    lines += [row(file, by_file[file]) for file in sorted(by_file)]
    lines.append(row("all", results))
    return "\n".join(lines)


def summary(name, results):
    c = count(results)
    return (f"{name}: {c['programs']} programs, verdict right in "
            f"{percent(c['verdict right'], c['programs']):.2f} %, message in "
            f"{percent(c['message right'], c['with messages']):.2f} % of "
            f"{c['with messages']}; {c['wrongly accepted']} wrongly accepted, "
            f"{c['wrongly refused']} wrongly refused, "
            f"{c['no answer']} without an answer")


def maxima(results):
    """The most memory and time, and which program took it."""
    lines = []
    answered = [r for r in results if r.answer is not None]
    for field, unit, scale in (("peak_memory_bytes", "KiB", 1024),
                               ("time_ns", "us", 1000)):
        if answered:
            most = max(answered, key=lambda r: r.answer[field])
            lines.append(f"most {field.rsplit('_', 1)[0].replace('_', ' ')}: "
                         f"{most.answer[field] / scale:.0f} {unit} "
                         f"({most.file} {most.program})")
    return "\n".join(lines)


def disagreements(results, classified):
    """Lines for what differs: [(text, is_classified)]."""
    lines = []
    for result in results:
        if not result.kind:
            continue
        reason = classified.reason(result)
        text = f"{result.file} {result.program}: {result.kind}"
        if result.missing is not None and result.answer is not None:
            text += f", no '{result.missing}'"
        if reason is not None:
            text += f" [{reason}]"
        lines.append((text, reason is not None))
    return lines


def stale(results, classified):
    """Reasons given for what is not different."""
    different = {(r.file, r.program) for r in results if r.kind}
    judged = {(r.file, r.program) for r in results}
    return [f"{file} {program}" for file, program in classified.reasons
            if (file, program) in judged and (file, program) not in different]
