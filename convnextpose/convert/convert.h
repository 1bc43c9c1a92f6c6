// Writes a loaded checkpoint again, as safetensors or as the authors' PyTorch code wants it.
// What is written, exactly: docs/formats.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/convert/identify.h"
#include "convnextpose/convert/keys.h"

namespace cnp::convert {

struct ConvertOptions {
  Options network;
  HeadForm head = HeadForm::kModern;  ///< Of PyTorch files: the authors' code loads kModern.
  /// Convolutions' weights as float16: half the size. Biases and norms stay as they are, for
  /// trained variances lie below what float16 holds (spec 1).
  bool half = false;
};

struct Converted {
  Identification id;
  std::string form;                   ///< For people: "safetensors", "PyTorch zip archive".
  int filled_counters = 0;            ///< num_batches_tracked that were missing and are now 0.
  std::vector<std::string> warnings;  ///< As Network::warnings.
};

/// The ending of `out` decides: .safetensors, or .pth, .pt, .tar for PyTorch. Element types are
/// kept (but for `half`), names are brought to the form of model::Tensors (behind "module." for
/// PyTorch), what is no part of the network is left out: optimizer, losses. Atomic; overwrites
/// `out`. Errors: those of LoadNetwork, an unknown ending, `out` being `in`, a weight beyond
/// float16, those of writing.
Result<Converted> Convert(const std::filesystem::path& in, const std::filesystem::path& out,
                          const ConvertOptions& options = {});

/// What a written file says about itself: the keys of examine.h. `source` is the name of the file
/// that it was made from.
std::map<std::string, std::string> Metadata(const model::Spec& spec,
                                            std::optional<std::int64_t> epoch,
                                            const std::string& source);

/// Error: `out` is `in`, which writing would destroy.
Status CheckDistinct(const std::filesystem::path& in, const std::filesystem::path& out);

}  // namespace cnp::convert
