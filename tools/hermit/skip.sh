#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Stands in for a test that needs the Hermit kernel where that is not built:
# reports one case, $1, as skipped.
reason="the Hermit kernel is not built; tools/hermit/ensure.sh builds it"
echo "[TEST] SKIP $1 $reason"
if [ -n "$XML_OUTPUT_FILE" ]; then
  cat >"$XML_OUTPUT_FILE" <<EOF
<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
<testsuite name="$TEST_TARGET" tests="1" failures="0" skipped="1">
<testcase name="$1" classname="$TEST_TARGET"><skipped message="$reason"/></testcase>
</testsuite>
</testsuites>
EOF
fi
