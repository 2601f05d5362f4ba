// SPDX-License-Identifier: MIT
//
// Calls a function that no kernel gives, and one that another object has but
// keeps for itself.
extern "C" int strlen_of_nobody(const char* text);
extern "C" int strlen_of_another(const char* text);

int Length(const char* text) {
  return strlen_of_nobody(text) + strlen_of_another(text);
}
