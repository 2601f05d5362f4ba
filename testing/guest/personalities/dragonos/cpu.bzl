# SPDX-License-Identifier: MIT
"""by_cpu: what differs between the CPUs that DragonOS runs on."""

_CPUS = [
    "riscv64",
    "x86_64",
]

def by_cpu(labels, more = {}):
    """`labels` with the CPU's name where they have a %s, and `more` of a CPU;
    none on other CPUs."""
    choices = {
        "//tools/platforms:is_" + cpu: [label.replace("%s", cpu) for label in labels] + more.get(cpu, [])
        for cpu in _CPUS
    }
    choices["//conditions:default"] = []
    return select(choices)
