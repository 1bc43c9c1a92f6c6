#include "apps/cli/bench_machine.h"

#include <sys/utsname.h>

#include <fstream>
#include <sstream>

namespace cnp::cli {
namespace {

// What follows "key" and a colon in a file of such lines; empty if nothing does.
std::string Field(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return {};
}

}  // namespace

std::string CpuName() {
  std::string name = Field("/proc/cpuinfo", "model name");
  utsname system{};
  if (name.empty() && ::uname(&system) == 0) name = system.machine;
  return name;
}

std::int64_t PeakMemory(pid_t process) {
  std::istringstream in(Field("/proc/" + std::to_string(process) + "/status", "VmHWM"));
  std::int64_t kilobytes = 0;
  in >> kilobytes;
  return kilobytes * 1024;
}

void ResetPeakMemory() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace cnp::cli
