# SPDX-License-Identifier: MIT
"""Runs Linux's verifier tests against our verifier: tools/conformance.sh."""

import argparse
import concurrent.futures
import json
import os
import sys

import expectations
import judge
import report
import retval
import sources

HOST_TYPES = "/sys/kernel/btf/vmlinux"
HERE = os.path.dirname(os.path.abspath(__file__))


def arguments(argv):
    parser = argparse.ArgumentParser(prog="conformance.sh", description=__doc__)
    parser.add_argument("--ebpf", required=True, help="the command")
    parser.add_argument("--cache", help="folder of the compiled tests")
    parser.add_argument("--file", action="append", default=[],
                        help="only this file: verifier_bounds.c")
    parser.add_argument("--program", action="append", default=[],
                        help="only this program")
    parser.add_argument("--show", action="store_true",
                        help="the log of what is different")
    parser.add_argument("--log-lines", type=int, default=60,
                        help="how much of it; 0: all")
    parser.add_argument("--kind", help="only what differs in this way: "
                        "accepted, refused, message, crash")
    parser.add_argument("--all", action="store_true",
                        help="also lists what is different and classified")
    parser.add_argument("--results", help="file for one JSON object a program")
    parser.add_argument("--btf", help="the kernel's types, not Linux 6.12's; "
                        "the host's: " + HOST_TYPES)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=int, default=120)
    parser.add_argument("--no-run", action="store_true",
                        help="judges only: does not run what says what it "
                        "returns")
    parser.add_argument("--quick", action="store_true",
                        help="always exit with 0")
    return parser.parse_args(argv)


def name_of(path):
    return os.path.basename(path).removesuffix(".o") + ".c"


def is_wanted(name, files):
    return not files or any(name in (f, f + ".c", f"verifier_{f}.c")
                            for f in files)


# At most so much of what could be run may be named in not_run.txt.
MAX_NOT_RUN = 5


def run_all(options):
    """The judge's Results of all programs that are wanted, and those of
    running them on each engine."""
    paths = [p for p in sources.objects(folder=options.cache)
             if is_wanted(name_of(p), options.file)]
    btf = options.btf or sources.kernel_types(options.cache)
    extra = ["--btf", btf]
    core_objects = {name_of(p)[:-2]: p for p in sources.objects(
        "btf__core_reloc_bitfields*.c", folder=options.cache)}
    judged = {path: [e for e in expectations.read(path)
                     if not options.program or e.program in options.program]
              for path in paths}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(
            lambda path: judge.judge(options.ebpf, path, judged[path],
                                     core_objects, options.timeout, extra),
            paths))
        ran = [] if options.no_run else list(pool.map(
            lambda job: retval.run(options.ebpf, job[0], judged[job[0]], job[1],
                                   core_objects, options.timeout,
                                   btf),
            [(p, e) for e in ("interpreter", "jit") for p in paths]))
    return ([r for part in results for r in part],
            [r for part in ran for r in part])


def show_runs(ran, options):
    """Prints how programs ran; how many are wrong without a reason, or one
    more where too many have one."""
    if not ran:
        return 0
    reasons = report.Classified.read(os.path.join(HERE, "not_run.txt"))
    unlisted = 0
    wrong = [r for r in ran if r.kind]
    print()
    for result in wrong:
        reason = reasons.reason(result)
        unlisted += reason is None
        if reason is None or options.all or options.show:
            print(f"{result.file} {result.program} ({result.engine}): "
                  f"{result.kind}" + (f" [{reason}]" if reason else ""))
    print(retval.summary(ran))
    for name in report.stale(ran, reasons):
        print(f"not_run.txt: {name} runs by now")
    too_many = not options.file and 100 * len(wrong) > MAX_NOT_RUN * len(ran)
    return unlisted + too_many


def shown_log(result, lines):
    log = (result.answer or {}).get("log", result.failure).rstrip("\n")
    shown = log.split("\n")
    return "\n".join("    " + line for line in
                     (shown[-lines:] if lines else shown))


def show_disagreements(results, classified, options):
    """Prints them; how many of them nobody has given a reason for."""
    unlisted = 0
    for result, (text, is_listed) in zip(
            [r for r in results if r.kind],
            report.disagreements(results, classified)):
        unlisted += not is_listed
        if options.kind and options.kind not in result.kind:
            continue
        if is_listed and not (options.all or options.show):
            continue
        print(text)
        if options.show:
            print(shown_log(result, options.log_lines))
    return unlisted


def main(argv):
    options = arguments(argv)
    try:
        results, ran = run_all(options)
    except sources.Missing as missing:
        print(f"conformance: {missing}", file=sys.stderr)
        return 2
    classified = report.Classified.read(os.path.join(HERE, "classified.txt"))
    absent = report.Classified.read(os.path.join(HERE, "absent_features.txt"))
    print(report.table(results))
    print()
    unlisted = show_disagreements(results, classified, options)
    print()
    present = [r for r in results if absent.reason(r) is None]
    print(report.summary("all", results))
    print(report.summary("with the feature", present))
    absent_share = report.percent(len(results) - len(present), len(results))
    print(f"{len(results) - len(present)} programs ({absent_share:.1f} %) need "
          "what is on the closed list of absent features")
    print(report.maxima(results))
    if options.results:
        with open(options.results, "w", encoding="utf-8") as file:
            for result in results:
                file.write(json.dumps(result.to_json()) + "\n")
    for name in report.stale(results, classified):
        print(f"classified.txt: {name} is not different any more")
    too_many = not options.file and absent_share > report.MAX_ABSENT
    unlisted += show_runs(ran, options)
    if unlisted or too_many:
        print(f"conformance: {unlisted} differences without a reason")
    return 0 if options.quick or not (unlisted or too_many) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
