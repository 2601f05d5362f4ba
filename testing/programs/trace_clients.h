// SPDX-License-Identifier: MIT
//
// What trace_clients.bpf.c has seen.
#pragma once

#define TRACE_CLIENT_NAME_SIZE 8
#define TRACE_CLIENT_TEXT_SIZE 16

struct trace_client_view {
  // By "tracepoint/" and "tp/": of the record.
  unsigned long long records;
  unsigned long long short_records;
  unsigned long long word;
  int number;
  unsigned int text_size;
  char name[TRACE_CLIENT_NAME_SIZE];
  char text[TRACE_CLIENT_TEXT_SIZE];
  // By "raw_tracepoint/" and "raw_tp/": of the arguments.
  unsigned long long raws;
  unsigned long long short_raws;
  unsigned long long raw_number;
  unsigned long long raw_word;
  char raw_text[TRACE_CLIENT_TEXT_SIZE];
  // By "raw_tp.w/".
  unsigned long long writes;
  // Of who passed it.
  unsigned long long pid_tgid;
};

// What trace_typed.bpf.c has seen.
struct trace_typed_view {
  unsigned long long typed;
  unsigned long long records;
  unsigned int frequency;
  unsigned int cpu;
  unsigned int state;
  unsigned long long samples;
  unsigned long long period;
};
