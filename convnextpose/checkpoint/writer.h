// Writes named tensors as a safetensors file or as a PyTorch zip archive that torch.load opens.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/checkpoint/tensor.h"

namespace cnp::checkpoint {

/// Writes the tensors densely in the given order (the format allows no gaps; the first one is
/// 64-byte aligned in the file), `metadata` as __metadata__. Atomic (base/file.h). Errors: a name
/// twice, a tensor that fails Validate, and those of base/file.h. Memory: a copy of the tensors
/// that are not contiguous.
Status WriteSafetensors(const std::filesystem::path& path, std::span<const Tensor> tensors,
                        const std::map<std::string, std::string>& metadata);

/// The state of torch.optim.AdamW with one group of parameters: what its state_dict() returns.
struct TorchAdamW {
  std::span<const Tensor> first;   ///< exp_avg of each parameter, in the order of the module's.
  std::span<const Tensor> second;  ///< exp_avg_sq.
  std::int64_t step = 0;
  double learning_rate = 0;
  double beta1 = 0;
  double beta2 = 0;
  double epsilon = 0;
  double weight_decay = 0;
};

/// What WriteTorchZip puts around the state dict.
struct TorchZipOptions {
  /// The key of the state dict in the saved dict; "" saves the bare state dict.
  std::string state_dict_key = "network";
  std::optional<std::int64_t> epoch;      // Saved as "epoch"; not with a bare state dict.
  const TorchAdamW* optimizer = nullptr;  // Saved as "optimizer"; not with a bare state dict.
};

/// Writes what torch.save would: a stored zip, pickle protocol 2, an OrderedDict of contiguous
/// tensors, each storage 64-byte aligned in the file. Opens in torch 1.6 and later, also with
/// weights_only. The rest as WriteSafetensors.
Status WriteTorchZip(const std::filesystem::path& path, std::span<const Tensor> tensors,
                     const TorchZipOptions& options = {});

}  // namespace cnp::checkpoint
