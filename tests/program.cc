#include "tests/program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "convnextpose/base/check.h"

namespace cnp::test {
namespace {

namespace fs = std::filesystem;

fs::path NewFolder() {
  std::string pattern = (fs::temp_directory_path() / "cnp_program_XXXXXX").string();
  CNP_CHECK(::mkdtemp(pattern.data()) != nullptr, "cannot make a temporary folder");
  return pattern;
}

std::string Contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void Redirect(int descriptor, const fs::path& path, int flags) {
  const int file = ::open(path.c_str(), flags, 0600);
  if (file < 0 || ::dup2(file, descriptor) < 0) ::_exit(126);
}

void RedirectToNobody(int descriptor) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0 || ::dup2(ends[1], descriptor) < 0) ::_exit(126);
  ::close(ends[0]);
  ::close(ends[1]);
}

// In the child, between fork and exec.
[[noreturn]] void Become(std::vector<std::string>& command, const RunOptions& options,
                         const fs::path& out, const fs::path& err) {
  Redirect(STDIN_FILENO, options.stdin_file, O_RDONLY);
  Redirect(STDOUT_FILENO, out, O_WRONLY | O_CREAT);
  Redirect(STDERR_FILENO, err, O_WRONLY | O_CREAT);
  if (options.reader_is_gone) RedirectToNobody(STDOUT_FILENO);
  if (options.max_file_bytes) {
    const rlimit limit = {*options.max_file_bytes, *options.max_file_bytes};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(126);
  }
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (std::string& argument : command) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

}  // namespace

Process::Process(std::vector<std::string> command, const RunOptions& options)
    : captured_(NewFolder()) {
  const fs::path out = options.stdout_file.value_or(captured_ / "out");
  const fs::path err = captured_ / "err";
  pid_ = ::fork();
  CNP_CHECK(pid_ >= 0, "cannot fork");
  if (pid_ == 0) Become(command, options, out, err);
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  fs::remove_all(captured_, ignored);
}

void Process::Signal(int signal) const { ::kill(pid_, signal); }

bool Process::Running() const {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

Outcome Process::Wait() {
  int status = 0;
  CNP_CHECK(::waitpid(pid_, &status, 0) == pid_, "waits once");
  pid_ = -1;
  Outcome outcome{.out = Contents(captured_ / "out"), .err = Contents(captured_ / "err")};
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

std::vector<std::string> ProgramCommand(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {CNP_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

Outcome RunProgram(const std::vector<std::string>& arguments, const RunOptions& options) {
  return Process(ProgramCommand(arguments), options).Wait();
}

}  // namespace cnp::test
