#include "apps/cli/child_process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to us

namespace cnp::cli {
namespace {

using std::chrono::milliseconds;

std::string Reason(int error) { return std::strerror(error); }  // NOLINT(concurrency-mt-unsafe)

// Whether it ended within `patience`; then `status` says how.
bool Ended(pid_t pid, milliseconds patience, int& status) {
  constexpr milliseconds kStep{5};
  for (milliseconds waited{0}; waited <= patience; waited += kStep) {
    if (::waitpid(pid, &status, WNOHANG) != 0) return true;
    std::this_thread::sleep_for(kStep);
  }
  return false;
}

// Signals that we ignore end the child as usual.
int Spawn(const std::string& program, int in, int out, int err, pid_t& pid) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
  sigset_t usual;
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  sigaddset(&usual, SIGXFSZ);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::string name = program;
  std::array<char*, 2> argv = {name.data(), nullptr};
  const int error = ::posix_spawn(&pid, program.c_str(), &files, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

std::string LastLine(std::FILE* file) {
  std::string last;
  std::string line;
  std::rewind(file);
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
    if (c != '\n') {
      line += static_cast<char>(c);
    } else if (!line.empty()) {
      last = std::exchange(line, {});
    }
  }
  return line.empty() ? last : line;
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(const std::filesystem::path& program) {
  std::unique_ptr<ChildProcess> child(new ChildProcess);
  child->name_ = program.string();
  child->errors_.reset(std::tmpfile());
  std::array<int, 2> in = {-1, -1};
  std::array<int, 2> out = {-1, -1};
  // Closed in other children, which else would keep this one's input from ending.
  if (!child->errors_ || ::pipe2(in.data(), O_CLOEXEC) != 0 ||
      ::pipe2(out.data(), O_CLOEXEC) != 0) {
    return Error{child->name_ + ": cannot make a pipe to it: " + Reason(errno)};
  }
  child->to_child_ = in[1];
  child->from_child_ = out[0];
  const int error = Spawn(child->name_, in[0], out[1], ::fileno(child->errors_.get()), child->pid_);
  ::close(in[0]);
  ::close(out[1]);
  if (error == 0) return child;
  child->pid_ = -1;
  return Error{child->name_ + ": cannot be run: " + Reason(error)};
}

ChildProcess::~ChildProcess() {
  if (to_child_ >= 0) ::close(to_child_);
  if (from_child_ >= 0) ::close(from_child_);
  int status = 0;
  if (pid_ <= 0 || Ended(pid_, milliseconds{500}, status)) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Status ChildProcess::Write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(to_child_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Error{name_ + ": reads no more: " + Reason(errno)};
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status ChildProcess::Write(std::string_view text) { return Write(std::as_bytes(std::span(text))); }

// False: nothing will come any more.
Result<bool> ChildProcess::ReadMore(std::chrono::seconds patience) {
  pollfd ready = {from_child_, POLLIN, 0};
  int count = -1;
  do {
    count = ::poll(&ready, 1, static_cast<int>(milliseconds(patience).count()));
  } while (count < 0 && errno == EINTR);
  if (count == 0) return Error{fmt::format("{}: silent for {} s", name_, patience.count())};
  std::array<char, 65536> buffer;
  const ssize_t bytes = ::read(from_child_, buffer.data(), buffer.size());
  if (bytes > 0) unread_.append(buffer.data(), static_cast<std::size_t>(bytes));
  return bytes > 0;
}

Result<std::string> ChildProcess::ReadLine(std::chrono::seconds patience) {
  while (unread_.find('\n') == std::string::npos) {
    CNP_ASSIGN(const bool more, ReadMore(patience));
    if (!more) return HowItEnded();
  }
  const std::size_t end = unread_.find('\n');
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return line;
}

Error ChildProcess::HowItEnded() {
  int status = 0;
  std::string how = "stopped answering";
  if (pid_ > 0 && Ended(pid_, milliseconds{500}, status)) {
    pid_ = -1;
    how = WIFSIGNALED(status) ? fmt::format("died of signal {}", WTERMSIG(status))
                              : fmt::format("ended with exit code {}", WEXITSTATUS(status));
  }
  const std::string said = LastLine(errors_.get());
  return {name_ + " " + how + (said.empty() ? "" : ": " + said)};
}

}  // namespace cnp::cli
