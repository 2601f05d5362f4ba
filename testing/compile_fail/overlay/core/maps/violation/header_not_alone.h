// SPDX-License-Identifier: MIT
#pragma once

inline uint64_t Half(uint64_t value) { return value / 2; }
