// Runs the real program, convnextpose, in a process of its own, as a user's shell would.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cnp::test {

struct RunOptions {
  std::filesystem::path stdin_file = "/dev/null";
  std::optional<std::filesystem::path> stdout_file;  ///< Else captured.
  bool reader_is_gone = false;  ///< Standard output is a pipe that nobody reads, as after `| head`.
  std::optional<unsigned long> max_file_bytes;  ///< As `ulimit -f`: a disk that is soon full.
};

struct Outcome {
  int exit_code = -1;  ///< -1: died of `signal`.
  int signal = 0;
  std::string out;
  std::string err;
};

/// A process; killed on destruction if nobody waited for it.
class Process {
 public:
  /// command[0] is looked up in PATH.
  explicit Process(std::vector<std::string> command, const RunOptions& options = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void Signal(int signal) const;
  /// Whether it has not ended yet.
  [[nodiscard]] bool Running() const;
  /// Once.
  Outcome Wait();

 private:
  std::filesystem::path captured_;  // A folder for stdout and stderr.
  pid_t pid_ = -1;
};

/// The command line `convnextpose ARGUMENTS...`.
std::vector<std::string> ProgramCommand(const std::vector<std::string>& arguments);

/// Runs it to its end.
Outcome RunProgram(const std::vector<std::string>& arguments, const RunOptions& options = {});

}  // namespace cnp::test
