// SPDX-License-Identifier: MIT
#include "testing/guest/personalities/alien/user_space.h"

#include "core/base/memory.h"
#include "ports/alien/kernel.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/personalities/alien/ksync.h"

namespace guest::alien {
namespace {

struct Page {
  uintptr_t va = 0;
  uint8_t* frame = nullptr;  // null: no page
  uint32_t flags = 0;
};

constinit Page pages[16] = {};

Page* Find(uintptr_t va) {
  for (Page& page : pages) {
    if (page.frame != nullptr && page.va == (va & ~(kPageSize - 1))) {
      return &page;
    }
  }
  return nullptr;
}

uint32_t FlagsOf(UserPage kind) {
  constexpr uint32_t kRead = ALIEN_MAP_VALID | ALIEN_MAP_READ | ALIEN_MAP_USER |
                             ALIEN_MAP_ACCESSED | ALIEN_MAP_DIRTY;
  switch (kind) {
    case UserPage::kReadOnly:
      return kRead;
    case UserPage::kWritable:
      return kRead | ALIEN_MAP_WRITE;
    case UserPage::kLazy:
      return (kRead | ALIEN_MAP_WRITE) & ~uint32_t{ALIEN_MAP_VALID};
    case UserPage::kCopyOnWrite:
      return kRead | ALIEN_MAP_COPY_ON_WRITE;
    case UserPage::kKernel:
      return (kRead | ALIEN_MAP_WRITE) & ~uint32_t{ALIEN_MAP_USER};
  }
  return 0;
}

}  // namespace

uint8_t* AddUserPage(uintptr_t va, UserPage kind) {
  for (Page& page : pages) {
    if (page.frame == nullptr) {
      page.va = va;
      page.flags = FlagsOf(kind);
      page.frame = static_cast<uint8_t*>(AllocatePages(1));
      return page.frame;
    }
  }
  return nullptr;
}

uint8_t* UserFrame(uintptr_t va) {
  const Page* page = Find(va);
  return page != nullptr ? page->frame : nullptr;
}

void ClearUserPages() {
  for (Page& page : pages) {
    if (page.frame != nullptr) {
      FreePages(page.frame, 1);
    }
    page = {};
  }
}

extern "C" bool alien_user_query(uintptr_t va, uintptr_t* pa, uint32_t* flags) {
  MutexGuard guard(task_lock);
  const Page* page = Find(va);
  if (page == nullptr) {
    return false;
  }
  *flags = page->flags;
  if ((page->flags & ALIEN_MAP_VALID) != 0) {
    *pa = reinterpret_cast<uintptr_t>(page->frame) + va % kPageSize;
  }
  return true;
}

extern "C" bool alien_user_page_fault(uintptr_t va, bool store) {
  MutexGuard guard(task_lock);
  Page* page = Find(va);
  if (page == nullptr) {
    return false;
  }
  if (!store) {
    page->flags |= ALIEN_MAP_VALID;
    return true;
  }
  if ((page->flags & ALIEN_MAP_COPY_ON_WRITE) == 0) {
    Panic("do_store_page_fault: the page is not copy-on-write");
  }
  auto* copy = static_cast<uint8_t*>(AllocatePages(1));
  ebpf::CopyBytes(copy, page->frame, kPageSize);
  FreePages(page->frame, 1);
  page->frame = copy;
  page->flags |= ALIEN_MAP_WRITE;
  page->flags &= ~uint32_t{ALIEN_MAP_COPY_ON_WRITE};
  return true;
}

}  // namespace guest::alien
