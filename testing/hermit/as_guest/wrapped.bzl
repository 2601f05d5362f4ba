# SPDX-License-Identifier: MIT
"""How an image with :as_guest is linked."""

WRAPPED = [
    "--wrap=sys_alloc_zeroed",
    "--wrap=sys_dealloc",
]
