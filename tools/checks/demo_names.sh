#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The names that tools/demo.sh takes: its help has each one that it says there
# are, and what is none is refused before anything is installed or built.
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
failed=0

report() {
  if [[ "$2" == "$3" ]]; then
    echo "[TEST] OK DemoNames.$1"
  else
    echo "[TEST] FAIL DemoNames.$1 '${2//$'\n'/ }' instead of '$3'"
    failed=1
  fi
}

said="$("$root/tools/demo.sh" no-such-kernel 2>&1)"
report AWrongNameIsRefused "$?" 2
report ItIsNamed "$(grep -c "no kernel 'no-such-kernel'" <<<"$said")" 1
names="${said##*: }"
report OneNameForEachOfHermitsCpus \
  "$(tr ' ' '\n' <<<"$names" | grep -c '^hermit-')" 3
"$root/tools/demo.sh" dragonos alien no-such-kernel >/dev/null 2>&1
report AWrongNameBehindRightOnesIsRefused "$?" 2
report TheHelpHasEachName \
  "$("$root/tools/demo.sh" --help | sed 1d | awk '{ print $1 }' | xargs)" \
  "$names"
exit "$failed"
