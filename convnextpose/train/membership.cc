// Who this process is, from what started it.
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "convnextpose/train/collective.h"

namespace cnp::train {
namespace {

/// The variables of one launcher; the last two may be absent from its environment.
struct Launcher {
  const char* rank;
  const char* world;
  const char* local_rank;
  const char* master;
  const char* port;
};

constexpr std::array kLaunchers = {
    Launcher{"RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"},
    Launcher{"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_LAUNCH_NODE_IPADDR",
             "MASTER_PORT"},
    Launcher{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
             "MASTER_ADDR", "MASTER_PORT"},
};

constexpr int kMostProcesses = 1 << 20;
constexpr int kMostPorts = 65535;

const char* Variable(const char* name) { return std::getenv(name); }

/// A whole number in [low, high].
Result<int> Number(const char* name, int low, int high) {
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
  for (const char* name : {launcher.rank, launcher.world, launcher.local_rank}) {
    if (Variable(name) == nullptr) return false;
  }
  return true;
}

Result<Membership> Read(const Launcher& launcher) {
  Membership self;
  CNP_ASSIGN(self.world, Number(launcher.world, 1, kMostProcesses));
  CNP_ASSIGN(self.rank, Number(launcher.rank, 0, self.world - 1));
  CNP_ASSIGN(self.local_rank, Number(launcher.local_rank, 0, self.world - 1));
  if (const char* master = Variable(launcher.master); master != nullptr) self.master = master;
  if (Variable(launcher.port) != nullptr) {
    CNP_ASSIGN(self.port, Number(launcher.port, 1, kMostPorts));
  }
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
