#include "apps/cli/bench_machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
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

double CpuSeconds(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double CpuSecondsOfAll() {
  // cpu user nice system idle iowait irq softirq steal: all but the two in which nothing runs.
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0;
  double nice = 0;
  double system = 0;
  double idle = 0;
  double io_wait = 0;
  double irq = 0;
  double soft_irq = 0;
  double steal = 0;
  file >> name >> user >> nice >> system >> idle >> io_wait >> irq >> soft_irq >> steal;
  if (!file) return 0;
  return (user + nice + system + irq + soft_irq + steal) /
         static_cast<double>(::sysconf(_SC_CLK_TCK));
}

void ResetPeakMemory() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace cnp::cli
