// SPDX-License-Identifier: MIT
//
// testing/linux_tracefs/host_tracefs.h's implementation.
#include "testing/linux_tracefs/host_tracefs.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ebpf {

std::unique_ptr<HostTracefs> HostTracefs::Open(std::string* reason) {
  const auto refuse = [&](const char* what) {
    *reason = std::string(what) + ": " + strerror(errno);
    return nullptr;
  };
  if (unshare(CLONE_NEWNS) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return refuse("no mounts of its own");
  }
  char folder[] = "/tmp/ebpf_tracefs_XXXXXX";
  if (mkdtemp(folder) == nullptr) {
    return refuse("no folder");
  }
  if (mount("none", folder, "tracefs", 0, nullptr) != 0) {
    const auto nothing = refuse("no tracefs");
    rmdir(folder);
    return nothing;
  }
  std::unique_ptr<HostTracefs> host(new HostTracefs(folder));
  const std::string instance =
      host->mount_ + "/instances/ebpf_test_" + std::to_string(getpid());
  if (mkdir(instance.c_str(), 0700) != 0) {
    return refuse("no instances");
  }
  host->instance_ = instance;
  return host;
}

HostTracefs::~HostTracefs() {
  if (!instance_.empty()) {
    rmdir(instance_.c_str());
  }
  umount2(mount_.c_str(), MNT_DETACH);
  rmdir(mount_.c_str());
}

int HostTracefs::Write(const std::string& file, const std::string& text) const {
  const int fd =
      open((instance_ + "/" + file).c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (fd < 0) {
    return errno;
  }
  errno = 0;
  const bool written =
      write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  close(fd);
  return written ? 0 : error;
}

std::string HostTracefs::Read(const std::string& file) const {
  std::ostringstream text;
  text << std::ifstream(instance_ + "/" + file).rdbuf();
  return text.str();
}

int HostTracefs::Open(const std::string& file, int flags) const {
  const int fd =
      open((instance_ + "/" + file).c_str(), flags | O_CLOEXEC | O_NONBLOCK);
  return fd < 0 ? -errno : fd;
}

int64_t HostTracefs::Put(const std::string& file, const std::string& text,
                         int flags) const {
  const int fd = Open(file, flags);
  if (fd < 0) {
    return fd;
  }
  const ssize_t count = write(fd, text.data(), text.size());
  const int64_t result = count < 0 ? -errno : count;
  close(fd);
  return result;
}

std::string HostTracefs::Get(const std::string& file) const {
  const int fd = Open(file, O_RDONLY);
  if (fd < 0) {
    return "!" + std::to_string(-fd);
  }
  std::string all;
  char some[4096];
  ssize_t count;
  while ((count = read(fd, some, sizeof(some))) > 0) {
    all.append(some, static_cast<size_t>(count));
  }
  if (count < 0) {
    all += "!" + std::to_string(errno);
  }
  close(fd);
  return all;
}

}  // namespace ebpf
