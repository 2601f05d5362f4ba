// SPDX-License-Identifier: MIT
//
// testing/guest/maps/calls.h's implementation.
#include "testing/guest/maps/calls.h"

#include "core/linux_abi/bpf.h"
#include "testing/guest/kernel/thread.h"

namespace guest::maps {
namespace {

using ebpf::linux_abi::MapElemAttr;

constexpr int64_t kNoEntry = -2;
constexpr int64_t kFull = -7;
constexpr int64_t kAgain = -11;
constexpr int64_t kNoMemory = -12;
constexpr int64_t kExists = -17;

constexpr uint32_t kShortPrefix = 28;
constexpr uint32_t kPrefixKeys = 15;

int64_t Elem(const Map& map, uint32_t command, const void* key,
             const void* value, uint64_t flags) {
  MapElemAttr attr = {};
  attr.map_fd = static_cast<uint32_t>(map.fd);
  attr.key = reinterpret_cast<uint64_t>(key);
  attr.value = reinterpret_cast<uint64_t>(value);
  attr.flags = flags;
  return ebpf_bpf(map.client, command, reinterpret_cast<uint64_t>(&attr),
                  sizeof(attr));
}

}  // namespace

int64_t Map::Lookup(const void* key, void* value) const {
  return Elem(*this, ebpf::linux_abi::kMapLookupElem, key, value, 0);
}

int64_t Map::Take(const void* key, void* value) const {
  return Elem(*this, ebpf::linux_abi::kMapLookupAndDeleteElem, key, value, 0);
}

int64_t Map::Update(const void* key, const void* value, uint64_t flags) const {
  return Elem(*this, ebpf::linux_abi::kMapUpdateElem, key, value, flags);
}

int64_t Map::Delete(const void* key) const {
  return Elem(*this, ebpf::linux_abi::kMapDeleteElem, key, nullptr, 0);
}

int64_t Map::Next(const void* key, void* next) const {
  return Elem(*this, ebpf::linux_abi::kMapGetNextKey, key, next, 0);
}

bool Maps::Find(ebpf_client* client, const ebpf::loader::Object& object) {
  const struct {
    Map& map;
    const char* name;
  } all[] = {{hash, "hash"},
             {lru, "lru"},
             {per_cpu_hash, "per_cpu_hash"},
             {per_cpu_array, "per_cpu_array"},
             {array, "array"},
             {trie, "trie"},
             {queue, "queue"},
             {ring, "ring"},
             {counts, "counts"}};
  for (const auto& one : all) {
    const ebpf::Result<int> fd = object.MapFd(one.name);
    if (!fd.ok()) {
      return false;
    }
    one.map = {client, *fd};
  }
  return true;
}

uint64_t Caller::Random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_ * 0x2545f4914f6cdd1d >> 16;
}

storm_value Caller::NewValue(uint32_t key, uint32_t cpu) {
  const uint64_t word = storm_word(key, cpu, ++counts_.version);
  return {word, ~word};
}

Caller::Values Caller::NewValues(uint32_t key) {
  Values values = {};
  for (uint32_t cpu = 0; cpu < kMaxCpus; ++cpu) {
    values.of_cpu[cpu] = NewValue(key, cpu);
  }
  return values;
}

bool Caller::Judge(int64_t result, int64_t allowed) {
  ++counts_.operations;
  if (result != 0) {
    ++(result == allowed ? counts_.refused : counts_.unexpected);
  }
  return result == 0;
}

void Caller::LookAtCopy(const storm_value& value, uint32_t key) {
  if (!storm_was_written(value.word) || value.inverse != ~value.word) {
    ++counts_.never_written;
  } else if (storm_key(value.word) != key) {
    ++counts_.wrong_key;
  }
}

void Caller::LookAtWords(const storm_value& value, uint32_t key, uint32_t cpu) {
  const uint64_t words[] = {value.word, ~value.inverse};
  for (const uint64_t word : words) {
    if (word == 0 || ~word == 0) {
      continue;  // nobody has written it yet
    }
    if (!storm_was_written(word)) {
      ++counts_.never_written;
    } else if (storm_key(word) != key) {
      ++counts_.wrong_key;
    } else if (cpu != kMaxCpus && storm_cpu(word) != cpu) {
      ++counts_.wrong_cpu;
    }
  }
}

void Caller::LookAtAll(const Values& values, uint32_t key) {
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    LookAtWords(values.of_cpu[cpu], key, cpu);
  }
}

void Caller::UseHash(uint32_t key, uint64_t choice) {
  storm_value value = NewValue(key, cpu_);
  switch (choice % 6) {
    case 0:
      counts_.hash_in +=
          Judge(maps_.hash.Update(&key, &value, kNoExist), kExists);
      break;
    case 1:
      Judge(maps_.hash.Update(&key, &value, kExist), kNoEntry);
      break;
    case 2:
      counts_.hash_out += Judge(maps_.hash.Delete(&key), kNoEntry);
      break;
    case 3:
      if (Judge(maps_.hash.Take(&key, &value), kNoEntry)) {
        ++counts_.hash_out;
        LookAtCopy(value, key);
      }
      break;
    default:
      if (Judge(maps_.hash.Lookup(&key, &value), kNoEntry)) {
        LookAtCopy(value, key);
      }
      break;
  }
}

void Caller::UsePerCpuHash(uint32_t key, uint64_t choice) {
  Values values = NewValues(key);
  switch (choice % 6) {
    case 0:
      counts_.per_cpu_in +=
          Judge(maps_.per_cpu_hash.Update(&key, &values, kNoExist), kExists);
      break;
    case 1:
      Judge(maps_.per_cpu_hash.Update(&key, &values, kExist), kNoEntry);
      break;
    case 2:
      counts_.per_cpu_out += Judge(maps_.per_cpu_hash.Delete(&key), kNoEntry);
      break;
    default:
      if (Judge(maps_.per_cpu_hash.Lookup(&key, &values), kNoEntry)) {
        LookAtAll(values, key);
      }
      break;
  }
}

void Caller::UsePerCpuArray(uint32_t key, uint64_t choice) {
  Values values = NewValues(key);
  if (choice % 4 == 0) {
    Judge(maps_.per_cpu_array.Update(&key, &values, kAny), 0);
  } else if (Judge(maps_.per_cpu_array.Lookup(&key, &values), 0)) {
    LookAtAll(values, key);
  }
}

void Caller::UseLru(uint64_t choice) {
  const uint32_t key = static_cast<uint32_t>(choice >> 8) % STORM_LRU_KEYS;
  storm_value value = NewValue(key, cpu_);
  switch (choice % 4) {
    case 0:
      Judge(maps_.lru.Update(&key, &value, kAny), kNoMemory);
      break;
    case 1:
      Judge(maps_.lru.Delete(&key), kNoEntry);
      break;
    default:
      if (Judge(maps_.lru.Lookup(&key, &value), kNoEntry)) {
        LookAtCopy(value, key);
      }
      break;
  }
}

void Caller::UseArray(uint32_t key, uint64_t choice) {
  storm_value value = NewValue(key, cpu_);
  if (choice % 2 == 0) {
    Judge(maps_.array.Update(&key, &value, kAny), 0);
  } else if (Judge(maps_.array.Lookup(&key, &value), 0)) {
    LookAtWords(value, key, kMaxCpus);
  }
}

void Caller::UseTrie(uint32_t key, uint64_t choice) {
  Prefix prefix = Prefix::Of(key);
  storm_value value = {};
  const bool is_short = choice >> 8 & 1;
  const uint32_t short_key = (key & ~kPrefixKeys) | STORM_PREFIX_KEY;
  if (choice % 4 < 2 && is_short) {
    prefix.length = kShortPrefix;
    prefix.bytes[3] &= 0xf0;
  }
  switch (choice % 4) {
    case 0:
      value = NewValue(is_short ? short_key : key, cpu_);
      counts_.trie_in +=
          Judge(maps_.trie.Update(&prefix, &value, kNoExist), kExists);
      break;
    case 1:
      counts_.trie_out += Judge(maps_.trie.Delete(&prefix), kNoEntry);
      break;
    default:
      if (Judge(maps_.trie.Lookup(&prefix, &value), kNoEntry)) {
        LookAtCopy(value, storm_key(value.word) == short_key ? short_key : key);
      }
      break;
  }
}

void Caller::UseQueue(uint64_t choice) {
  storm_value value = NewValue(0, cpu_);
  if (choice % 2 == 0) {
    if (Judge(maps_.queue.Update(nullptr, &value, kAny), kFull)) {
      ++counts_.pushed;
      counts_.pushed_sum += value.word;
    }
  } else if (Judge(maps_.queue.Take(nullptr, &value), kNoEntry)) {
    ++counts_.popped;
    counts_.popped_sum += value.word;
    LookAtCopy(value, storm_key(value.word));
  }
}

void Caller::Drain(uint64_t at_most) {
  for (uint64_t i = 0; i < at_most; ++i) {
    storm_value record = {};
    const int64_t size =
        ebpf_read(maps_.ring.client, maps_.ring.fd,
                  reinterpret_cast<uint64_t>(&record), sizeof(record));
    if (size == kAgain) {
      return;
    }
    ++counts_.operations;
    if (size != sizeof(record)) {
      ++counts_.unexpected;
      return;
    }
    LookAtCopy(record, storm_key(record.word));
    ++read_;
    read_sum_ += record.word;
  }
}

void Caller::CallOnce() {
  const uint64_t choice = Random();
  const auto key = static_cast<uint32_t>(choice >> 16) % STORM_KEYS;
  const uint64_t operation = choice >> 24;
  switch (choice % 7) {
    case 0:
      return UseHash(key, operation);
    case 1:
      return UsePerCpuHash(key, operation);
    case 2:
      return UsePerCpuArray(key, operation);
    case 3:
      return UseLru(operation);
    case 4:
      return UseArray(key, operation);
    case 5:
      return UseTrie(key, operation);
    default:
      return UseQueue(operation);
  }
}

}  // namespace guest::maps
