// Who this process is, from what started it.
#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "convnextpose/train/collective.h"

namespace cnp::train {
namespace {

/// The variables of one launcher. Open MPI's come before Slurm's, for under both each process has
/// Slurm's variables of the mpirun that started it. Torchrun says itself where to meet.
struct Launcher {
  const char* rank;
  const char* world;
  const char* local_rank;
  const char* local_world;  ///< How many are on this machine.
  const char* master;
};

constexpr std::array kLaunchers = {
    Launcher{"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", nullptr},
    Launcher{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
             "OMPI_COMM_WORLD_LOCAL_SIZE", nullptr},
    Launcher{"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", nullptr, "SLURM_LAUNCH_NODE_IPADDR"},
};

constexpr const char* kMaster = "MASTER_ADDR";
constexpr const char* kPort = "MASTER_PORT";
constexpr const char* kLauncherServes = "TORCHELASTIC_USE_AGENT_STORE";
constexpr const char* kAttempt = "TORCHELASTIC_RESTART_COUNT";
constexpr int kMostProcesses = 1 << 20;
constexpr int kMostPorts = 65535;

const char* Variable(const char* name) { return name == nullptr ? nullptr : std::getenv(name); }

/// A whole number in [low, high]; `otherwise` where there is no such variable.
Result<int> Number(const char* name, int low, int high, int otherwise) {
  if (Variable(name) == nullptr) return otherwise;
  const std::string_view text = Variable(name);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
    return Error{"the environment's " + std::string(name) + " is '" +
                 std::string(text.substr(0, 40)) + "', must be a whole number from " +
                 std::to_string(low) + " to " + std::to_string(high)};
  }
  return value;
}

bool IsComplete(const Launcher& launcher) {
  return Variable(launcher.rank) != nullptr && Variable(launcher.world) != nullptr &&
         Variable(launcher.local_rank) != nullptr;
}

/// Fills master, port, launcher_serves and attempt.
Status ReadMeetingPoint(const Launcher& launcher, Membership& self) {
  const char* master = Variable(kMaster) != nullptr ? Variable(kMaster) : Variable(launcher.master);
  if (master != nullptr) self.master = master;
  CNP_ASSIGN(self.port, Number(kPort, 1, kMostPorts, self.port));
  CNP_ASSIGN(self.attempt, Number(kAttempt, 0, kMostProcesses, 0));
  const char* serves = Variable(kLauncherServes);
  self.launcher_serves = serves != nullptr && std::string_view(serves) == "True";
  if (master != nullptr || launcher.local_world == nullptr) return {};
  CNP_ASSIGN(const int here, Number(launcher.local_world, 1, kMostProcesses, self.world));
  if (here >= self.world) return {};
  return Error{"the processes are on several machines: set " + std::string(kMaster) +
               " to the address of the first one, for all (mpirun -x " + kMaster + "=...)"};
}

Result<Membership> Read(const Launcher& launcher) {
  Membership self;
  CNP_ASSIGN(self.world, Number(launcher.world, 1, kMostProcesses, 1));
  CNP_ASSIGN(self.rank, Number(launcher.rank, 0, self.world - 1, 0));
  CNP_ASSIGN(self.local_rank, Number(launcher.local_rank, 0, self.world - 1, 0));
  CNP_RETURN_IF_ERROR(ReadMeetingPoint(launcher, self));
  return self;
}

}  // namespace

Result<Membership> MembershipFromEnvironment() {
  for (const Launcher& launcher : kLaunchers) {
    if (IsComplete(launcher)) return Read(launcher);
  }
  return Membership{};
}

}  // namespace cnp::train
