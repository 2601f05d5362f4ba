// SPDX-License-Identifier: MIT
//
// Has a function that undefined.cc would like to call, for itself only.
extern "C" {
[[gnu::used]] static int strlen_of_another(const char* text) { return *text; }
}
