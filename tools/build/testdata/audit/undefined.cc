// SPDX-License-Identifier: MIT
//
// Calls a function that no kernel gives.
extern "C" int strlen_of_nobody(const char* text);

int Length(const char* text) { return strlen_of_nobody(text) + 1; }
