// Which network a checkpoint holds: found from its tensors, held against what its name claims.
// Source: shared spec 1-network.md (variants) and 2-checkpoints.md (what goes wrong).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "convnextpose/convert/claim.h"
#include "convnextpose/convert/sizes.h"
#include "convnextpose/model/spec.h"

namespace cnp::convert {

/// What the user says about the network, where the tensors leave it open or the user insists.
struct Options {
  std::optional<model::Spec> spec;  ///< A variant or a configuration; the tensors must agree.
  std::optional<int> up;            ///< The first `up` layers of the head upsample, no other.
  std::optional<int> joints;
};

struct Identification {
  Sizes sizes;
  std::optional<model::Spec> spec;  ///< Nothing where the tensors fit no network: see `problem`.
  std::string variant;              ///< "XS" ... "L" if `spec` is a published one, else empty.
  std::string problem;              ///< One line with the cure; empty where `spec` is set.
  std::vector<std::string> notes;   ///< What was assumed, and how to say otherwise.
  model::Spec nearest;              ///< `spec`; else what was asked for, or is most alike.
  std::optional<Claim> claim;
  /// False where the claim names another variant than the tensors show.
  [[nodiscard]] bool agrees() const { return !claim || (spec && spec->name == claim->variant); }
};

/// In this order: what `options` says (a contradiction with the tensors is a problem), the
/// configuration that the file carries (if it agrees with its tensors), the published variants,
/// and else a custom network, as far as its sizes tell without guessing.
Identification Identify(const Sizes& sizes, const Clues& clues, const Options& options = {});

}  // namespace cnp::convert
