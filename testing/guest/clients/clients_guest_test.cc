// SPDX-License-Identifier: MIT
//
// What Linux's clients are made of, in each kernel: objects whose sections name
// their functions, and libbpf's macros for arguments, results and addresses.
#include "core/machine/function_entry.h"
#include "core/platform/symbols.h"
#include "testing/guest/clients/loaded_object.h"
#include "testing/guest/clients/subject.h"
#include "testing/guest/demo/start.h"
#include "testing/programs/clients.h"
#include "testing/programs/clients_object.h"
#include "testing/programs/many_object.h"

namespace guest {
namespace {

constexpr long kFirst = -0x1234'5678'9abc;
constexpr int kSecond = -7;
constexpr uint16_t kThird = 0xfffe;
constexpr uint8_t kFourth = 0x81;
constexpr long kSum = kFirst + kSecond + kThird + kFourth;

[[gnu::noinline]] bool SubjectIsRight() {
  return client_subject(kFirst, kSecond, kThird, kFourth, "a path") == kSum;
}

uint64_t SubjectAddress() {
  return reinterpret_cast<uint64_t>(&client_subject);
}

/// Whether `address` is in the function that calls the subject.
bool IsInCaller(uint64_t address) {
  ebpf_symbol symbol;
  return ebpf_port_symbol_by_address(address, &symbol) &&
         symbol.address == reinterpret_cast<uint64_t>(&SubjectIsRight);
}

GUEST_TEST(Clients, Start) { GUEST_EXPECT_EQ(-StartEbpf(), 0); }

GUEST_TEST(Clients, AKprobesArgumentsAreThoseOfTheCall) {
  LoadedObject clients(clients_object());
  GUEST_ASSERT(clients.loaded());
  GUEST_ASSERT(clients.Attach("on_entry") > 0);
  GUEST_EXPECT(SubjectIsRight());
  GUEST_EXPECT(SubjectIsRight());

  const auto seen = clients.Variables<client_view>();
  GUEST_EXPECT_EQ(seen.entries, 2);
  GUEST_EXPECT_EQ(seen.first, kFirst);
  GUEST_EXPECT_EQ(seen.second, kSecond);
  GUEST_EXPECT_EQ(seen.third, kThird);
  GUEST_EXPECT_EQ(seen.fourth, kFourth);
  GUEST_EXPECT(ebpf::StringView::FromField(seen.text, sizeof(seen.text)) ==
               "a path");
  GUEST_EXPECT_EQ(seen.entry_ip,
                  SubjectAddress() + ebpf::machine::kPcBehindProbe);
  GUEST_EXPECT_EQ(seen.entry_function, SubjectAddress());
  GUEST_EXPECT(IsInCaller(seen.caller));
  char here;
  const auto stack = reinterpret_cast<uint64_t>(&here);
  GUEST_EXPECT(stack - seen.entry_frame + 4096 < 8192);
}

GUEST_TEST(Clients, AnOffsetNamesAnInstructionInsideOfTheFunction) {
  LoadedObject clients(clients_object());
  GUEST_ASSERT(clients.loaded());
  GUEST_ASSERT(clients.Attach("inside") > 0);
  GUEST_EXPECT(SubjectIsRight());

  const auto seen = clients.Variables<client_view>();
  GUEST_EXPECT_EQ(seen.insides, 1);
  GUEST_EXPECT_EQ(seen.inside_ip,
                  SubjectAddress() + 0x10 + ebpf::machine::kPcBehindProbe);
  GUEST_EXPECT_EQ(seen.inside_function, 0);
  GUEST_EXPECT_EQ(seen.entries, 0);
}

GUEST_TEST(Clients, AKretprobeSeesTheResult) {
  LoadedObject clients(clients_object());
  GUEST_ASSERT(clients.loaded());
  GUEST_ASSERT(clients.Attach("on_return") > 0);
  GUEST_EXPECT(SubjectIsRight());
  GUEST_EXPECT(SubjectIsRight());

  const auto seen = clients.Variables<client_view>();
  GUEST_EXPECT_EQ(seen.returns, 2);
  GUEST_EXPECT_EQ(seen.result, kSum);
  GUEST_EXPECT_EQ(seen.return_function, SubjectAddress());
  GUEST_EXPECT_EQ(seen.entries, 0);
  clients.object().Close();
  GUEST_EXPECT(SubjectIsRight());
}

/// What a map of many.bpf.c says of a function.
uint64_t ValueOf(LoadedObject& many, ebpf::StringView map, uint64_t function) {
  uint64_t value = 0;
  const ebpf::Result<int> fd = many.object().MapFd(map);
  (void)demo::LookupElem(many.client(), *fd, &function, &value);
  return value;
}

GUEST_TEST(Clients, APatternAttachesToEachFunctionThatFits) {
  const auto second = reinterpret_cast<uint64_t>(&client_second);
  LoadedObject many(many_object());
  GUEST_ASSERT(many.loaded());
  GUEST_ASSERT(many.Attach("on_call") > 0);
  GUEST_ASSERT(many.Attach("on_return") > 0);
  for (long i = 0; i < 20; ++i) {
    GUEST_EXPECT_EQ(client_second(i), i + 1);
  }
  GUEST_EXPECT(SubjectIsRight());
  constexpr const char* kMaps[] = {"calls", "returns"};
  for (const char* map : kMaps) {
    GUEST_EXPECT_EQ(ValueOf(many, map, second), 20);
    GUEST_EXPECT_EQ(ValueOf(many, map, SubjectAddress()), 1);
  }
  many.object().Close();
  GUEST_EXPECT(SubjectIsRight());
}

GUEST_TEST(Clients, ASessionRunsAtBothEndsOfACall) {
  const auto second = reinterpret_cast<uint64_t>(&client_second);
  LoadedObject many(many_object());
  GUEST_ASSERT(many.loaded());
  GUEST_ASSERT(many.Attach("on_both") > 0);
  for (long i = 0; i < 20; ++i) {
    GUEST_EXPECT_EQ(client_second(i), i + 1);
  }
  GUEST_EXPECT(SubjectIsRight());
  GUEST_EXPECT_EQ(ValueOf(many, "ends", second), 40);
  GUEST_EXPECT_EQ(ValueOf(many, "ends", SubjectAddress()), 0);
}

GUEST_TEST(Clients, EachFunctionHasItsCookieAtBothEnds) {
  const auto second = reinterpret_cast<uint64_t>(&client_second);
  constexpr const char* kNames[] = {"client_second", "client_subject"};
  constexpr uint64_t kCookies[] = {0x1234'5678'9abc'def0, 42};
  constexpr const char* kPrograms[] = {"with_cookie", "with_cookie_too"};
  for (const char* program : kPrograms) {
    LoadedObject many(many_object());
    GUEST_ASSERT(many.loaded());
    GUEST_ASSERT(many.object()
                     .AttachMany(many.IndexOf(program),
                                 {.names = kNames, .cookies = kCookies})
                     .ok());
    GUEST_EXPECT_EQ(client_second(1), 2);
    GUEST_EXPECT(SubjectIsRight());
    GUEST_EXPECT_EQ(ValueOf(many, "cookies", second), kCookies[0]);
    GUEST_EXPECT_EQ(ValueOf(many, "cookies", SubjectAddress()), kCookies[1]);
  }
}

}  // namespace
}  // namespace guest
