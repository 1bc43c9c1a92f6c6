// Which variant a file's name says it holds. Names lie: a claim is compared, never believed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cnp::convert {

/// What a file says about itself beside its tensors. Never trusted, only compared.
struct Clues {
  std::string file_name;              ///< Without its folder: "ConvNeXtPose_L.tar".
  std::string root;                   ///< Folder inside the archive: "snapshot_83.pth".
  std::optional<std::int64_t> epoch;  ///< As stored in the checkpoint.
  std::string config;                 ///< Metadata "convnextpose.config", empty if none.
};

/// A variant that a file's name or epoch points to.
struct Claim {
  std::string variant;  ///< "L".
  std::string reason;   ///< "its name says L", "L was published at epoch 83".
  bool label = false;   ///< Its name says so; else only the number of its epoch fits.
};

/// The label of the name ("ConvNeXtPose_L.tar"), else the epoch of a published checkpoint, in the
/// file's name, the archive's root or the checkpoint.
std::optional<Claim> FindClaim(const Clues& clues);

}  // namespace cnp::convert
