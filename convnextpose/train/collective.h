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
  int local_rank = 0;                ///< On this machine: which GPU.
  std::string master = "127.0.0.1";  ///< Where they meet: the machine of rank 0.
  int port = 29500;
  bool launcher_serves =
      false;        ///< The meeting point is the launcher's, as torchrun's; else rank 0's.
  int attempt = 0;  ///< How often the launcher has started all of them again.
};

/// From torchrun's variables (RANK, WORLD_SIZE, LOCAL_RANK), Open MPI's (OMPI_COMM_WORLD_RANK,
/// _SIZE, _LOCAL_RANK) or Slurm's (SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID), the first that is
/// complete; one process where none is. They meet at MASTER_ADDR and MASTER_PORT, without it at
/// SLURM_LAUNCH_NODE_IPADDR. Errors: numbers that are none or contradict each other; several
/// machines and no place to meet.
Result<Membership> MembershipFromEnvironment();

/// Opaque: joined processes. Calls come from one thread, the same in the same order everywhere.
/// A process that is killed is missed at once, one whose machine or network is gone after
/// `patience_s`; one that lives may do something else for a day.
class Collective {
 public:
  /// Waits for all. A world of one opens nothing. Errors: not all came within `timeout_s`, with who
  /// is missing where known.
  static Result<std::unique_ptr<Collective>> Join(const Membership& membership, double timeout_s,
                                                  double patience_s = 30);
  Collective(const Collective&) = delete;
  Collective& operator=(const Collective&) = delete;
  virtual ~Collective() = default;

  [[nodiscard]] virtual const Membership& membership() const = 0;

 protected:
  Collective() = default;
};

}  // namespace cnp::train
