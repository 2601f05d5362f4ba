# SPDX-License-Identifier: MIT
"""by_cpu: what differs between the CPUs that the plain kernel runs on."""

_CPUS = [
    "aarch64",
    "riscv64",
]

def by_cpu(labels):
    """`labels` with the CPU's name where they have a %s; none on other CPUs."""
    choices = {
        "//tools/platforms:is_" + cpu: [label.replace("%s", cpu) for label in labels]
        for cpu in _CPUS
    }
    choices["//conditions:default"] = []
    return select(choices)
