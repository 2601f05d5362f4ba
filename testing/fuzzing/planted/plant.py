#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Copies a source with one mistake planted: plant.py IN OUT OLD NEW.

Fails unless OLD is there exactly once, so that a change of the source cannot
make the mistake vanish unnoticed.
"""
import sys


def main():
    source, out, old, new = sys.argv[1:]
    with open(source, encoding="utf-8") as f:
        text = f.read()
    if text.count(old) != 1:
        sys.exit(f"{source}: '{old}' is there {text.count(old)} times, not once")
    with open(out, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new))


if __name__ == "__main__":
    main()
