// What `bench` says about the machine and about memory and CPU time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace cnp::cli {

/// Its name, or only the architecture where the system does not say.
std::string CpuName();

/// The most memory that a process has had at once, in bytes; 0 where the system does not say.
std::int64_t PeakMemory(pid_t process);
/// From now on PeakMemory of this process counts anew, where the system allows.
void ResetPeakMemory();

/// CPU time that a process has used, in seconds; 0 once it has ended.
double CpuSeconds(pid_t process);
/// And all processes together since the machine started; 0 where the system does not say.
double CpuSecondsOfAll();

}  // namespace cnp::cli
