// A program that answers over its standard input and output.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "convnextpose/base/result.h"

namespace cnp::cli {

/// Its standard input ends when this object does or when this process dies, and that should end
/// it; it is killed if it does not. Not thread-safe.
class ChildProcess {
 public:
  /// Errors: no such program, or one that cannot be run.
  static Result<std::unique_ptr<ChildProcess>> Start(const std::filesystem::path& program);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Error: it reads no more.
  Status Write(std::span<const std::byte> bytes);
  Status Write(std::string_view text);

  /// The next line, without its end. Errors: it ended, with what it last said on standard error;
  /// it says nothing for that long.
  Result<std::string> ReadLine(std::chrono::seconds patience);

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  ChildProcess() = default;
  Result<bool> ReadMore(std::chrono::seconds patience);
  Error HowItEnded();

  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string name_;
  pid_t pid_ = -1;
  int to_child_ = -1;
  int from_child_ = -1;
  std::unique_ptr<std::FILE, CloseFile> errors_;  // Its standard error; a file without a name.
  std::string unread_;
};

}  // namespace cnp::cli
