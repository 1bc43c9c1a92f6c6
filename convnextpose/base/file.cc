#include "convnextpose/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <utility>

namespace cnp {
namespace {

// Writes in progress, for RemoveUnfinishedFiles: a signal handler may not lock or allocate.
struct Unfinished {
  std::atomic<bool> taken{false};
  std::atomic<bool> listed{false};
  std::array<char, PATH_MAX> path{};
};
std::array<Unfinished, 32> unfinished_files;
std::atomic<bool> ending{false};  // RemoveUnfinishedFiles has run: no more files are begun.

Unfinished* Register(const std::string& path) {
  for (Unfinished& slot : unfinished_files) {
    if (path.size() >= slot.path.size()) return nullptr;
    bool expected = false;
    if (!slot.taken.compare_exchange_strong(expected, true)) continue;
    std::memcpy(slot.path.data(), path.c_str(), path.size() + 1);
    slot.listed.store(true, std::memory_order_release);
    return &slot;
  }
  return nullptr;  // More writers than slots: this one is only not cleaned up on Ctrl-C.
}

void Unregister(Unfinished* slot) {
  if (slot == nullptr) return;
  slot->listed.store(false, std::memory_order_release);
  slot->taken.store(false, std::memory_order_release);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::string Reason(int error) { return std::strerror(error); }  // NOLINT(concurrency-mt-unsafe)

Error CannotWrite(const std::string& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return {path + ": cannot write: " + Reason(error) +
          (full ? "; free some space or write elsewhere" : "")};
}

Status WriteAll(int fd, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return CannotWrite(path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status WriteAndFlush(int fd, std::span<const std::span<const std::byte>> pieces,
                     const std::string& path) {
  for (const std::span<const std::byte> piece : pieces) {
    CNP_RETURN_IF_ERROR(WriteAll(fd, piece, path));
  }
  if (::fsync(fd) != 0 && errno != EINVAL) {
    return Error{path + ": cannot flush to disk: " + Reason(errno)};
  }
  return {};
}

// A device, a pipe or the like: written to as it is, for renaming would replace it.
bool IsSpecial(const std::filesystem::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

Status WriteInPlace(const std::filesystem::path& path,
                    std::span<const std::span<const std::byte>> pieces) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.get() < 0) return Error{path.string() + ": cannot open: " + Reason(errno)};
  for (const std::span<const std::byte> piece : pieces) {
    CNP_RETURN_IF_ERROR(WriteAll(file.get(), piece, path.string()));
  }
  return {};
}

// What a symbolic link leads to: that file is replaced, not the link.
std::filesystem::path Target(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::canonical(path, error);
  return error || !std::filesystem::is_symlink(path, error) ? path : target;
}

}  // namespace

Result<MappedFile> MappedFile::Open(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    return Error{path.string() + ": cannot open: " + Reason(errno) + "; check the path"};
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) {
    return Error{path.string() + ": cannot read its size: " + Reason(errno)};
  }
  if (!S_ISREG(info.st_mode)) return Error{path.string() + ": not a regular file"};
  MappedFile mapped;
  mapped.size_ = static_cast<std::size_t>(info.st_size);
  if (mapped.size_ == 0) return mapped;
  void* data = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) {  // NOLINT(performance-no-int-to-ptr): the system's own macro
    mapped.size_ = 0;
    return Error{path.string() + ": cannot map into memory: " + Reason(errno)};
  }
  mapped.data_ = static_cast<const std::byte*>(data);
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

Status WriteFileAtomically(const std::filesystem::path& path,
                           std::span<const std::span<const std::byte>> pieces) {
  if (IsSpecial(path)) return WriteInPlace(path, pieces);
  static std::atomic<unsigned> counter{0};
  const std::filesystem::path target = Target(path);
  const std::string temporary =
      target.string() + ".tmp." + std::to_string(::getpid()) + "." + std::to_string(counter++);
  Unfinished* slot = Register(temporary);
  Status status;
  if (ending.load()) {
    status = Error{path.string() + ": not written, for the program was interrupted"};
  } else {
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));  // less umask
    status = file.get() < 0 ? Status(Error{path.string() + ": cannot create: " + Reason(errno) +
                                           "; choose a folder that exists and is writable"})
                            : WriteAndFlush(file.get(), pieces, path.string());
  }
  if (status.ok() && ::rename(temporary.c_str(), target.c_str()) != 0) {
    status = Error{path.string() + ": cannot put the finished file in place: " + Reason(errno)};
  }
  if (!status.ok()) ::unlink(temporary.c_str());
  Unregister(slot);
  return status;
}

Status WriteFileAtomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  return WriteFileAtomically(path, std::span<const std::span<const std::byte>>(&bytes, 1));
}

Status WriteFileAtomically(const std::filesystem::path& path, std::string_view text) {
  return WriteFileAtomically(path, std::as_bytes(std::span(text)));
}

void RemoveUnfinishedFiles() {
  ending.store(true);
  for (const Unfinished& slot : unfinished_files) {
    if (slot.listed.load(std::memory_order_acquire)) ::unlink(slot.path.data());
  }
}

}  // namespace cnp
