// Which network a checkpoint holds: found from its tensors, held against what its name claims.
// Source: shared spec 1-network.md (variants) and 2-checkpoints.md (what goes wrong).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "convnextpose/convert/sizes.h"
#include "convnextpose/model/spec.h"

namespace cnp::convert {

/// What the user says about the network, where the tensors leave it open or the user insists.
struct Options {
  std::optional<model::Spec> spec;  ///< A variant or a configuration; the tensors must agree.
  std::optional<int> up;            ///< The first `up` layers of the head upsample, no other.
  std::optional<int> joints;
};

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

struct Identification {
  Sizes sizes;
  std::optional<model::Spec> spec;  ///< Nothing where the tensors fit no network: see `problem`.
  bool published = false;           ///< `spec` is XS, S, M or L.
  std::string problem;              ///< One line with the cure; empty where `spec` is set.
  std::vector<std::string> notes;   ///< What was assumed, and how to say otherwise.
  model::Spec nearest;              ///< `spec`, or what the tensors resemble most.
  std::optional<Claim> claim;
  /// False where the claim names another variant than the tensors show.
  [[nodiscard]] bool agrees() const { return !claim || (spec && spec->name == claim->variant); }
};

/// In this order: what `options` says (a contradiction with the tensors is a problem), the
/// configuration that the file carries (if it agrees with its tensors), the published variants,
/// and else a custom network, as far as its sizes tell without guessing.
Identification Identify(const Sizes& sizes, const Clues& clues, const Options& options = {});

}  // namespace cnp::convert
