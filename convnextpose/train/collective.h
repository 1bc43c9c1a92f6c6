// What several processes that train together say to each other: sums. Over torch's own c10d, Gloo
// on CPUs, NCCL where LibTorch has it.
#pragma once

#include <memory>
#include <string>

#include "convnextpose/base/result.h"

namespace cnp::train {

/// Who and where this process is among those that train together.
struct Membership {
  int rank = 0;
  int world = 1;
  int local_rank = 0;  ///< On this machine: which GPU.
  std::string master = "127.0.0.1";
  int port = 29500;
};

/// From torchrun's variables (RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT), Slurm's
/// (SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID, SLURM_LAUNCH_NODE_IPADDR) or Open MPI's
/// (OMPI_COMM_WORLD_RANK, _SIZE, _LOCAL_RANK), the first that is complete; one process where none
/// is. Errors: numbers that are none or contradict each other.
Result<Membership> MembershipFromEnvironment();

/// Opaque: joined processes. Calls come from one thread, the same in the same order everywhere.
class Collective {
 public:
  /// Waits for all. Errors: not all came within `timeout_s`, with who is missing where known.
  static Result<std::unique_ptr<Collective>> Join(const Membership& membership, double timeout_s);
  Collective(const Collective&) = delete;
  Collective& operator=(const Collective&) = delete;
  virtual ~Collective() = default;

  [[nodiscard]] virtual const Membership& membership() const = 0;

 protected:
  Collective() = default;
};

}  // namespace cnp::train
