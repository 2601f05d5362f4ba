#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Checks that a function of an image goes straight from its begin to its
# return: usage: calls_nothing.sh OBJDUMP IMAGE FUNCTION
set -euo pipefail
readonly objdump="$1" image="$2" function="$3"
# The mnemonics of its instructions, one a line, to the first return: without a
# branch before, nothing behind it is reached.
code="$("$objdump" -d --no-show-raw-insn "--disassemble-symbols=$function" \
  "$image" | sed -nE 's/^ *[0-9a-f]+:[[:space:]]+([a-z0-9._]+).*/\1/p' | sed '/^ret/q')"
if [[ "$(tail -n 1 <<<"$code")" == ret* ]] &&
  [[ "$(grep -cvE '^(mov|ld|lw|sd|add|push|pop|xor|li$|mv$)' <<<"$code")" == 1 ]]; then
  echo "[TEST] OK $function"
else
  echo "[TEST] FAIL $function is not moves and a return:" ${code:-no code}
  exit 1
fi
