// What torch.save pickled, made into a Checkpoint: finds the state dict and rebuilds its tensors.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "convnextpose/base/result.h"
#include "convnextpose/checkpoint/archive.h"
#include "convnextpose/checkpoint/checkpoint.h"
#include "convnextpose/checkpoint/pickle.h"

namespace cnp::checkpoint {

/// A pickled reference to a storage: ("storage", type, key, location, count[, view]).
struct StorageRef {
  std::string key;  // Letters, digits, '.', '_' and '-' only: safe in a path.
  DType dtype = DType::kF32;
  std::int64_t count = 0;  // Elements of the whole storage, below 2^40.
  // The part meant, in elements; all of it but for the legacy stream's views. Within the whole.
  std::int64_t view_offset = 0;
  std::int64_t view_count = 0;

  [[nodiscard]] std::int64_t bytes() const { return count * ElementSize(dtype); }
};

/// `value` is a kPersistent of `pickle`. Errors: malformed, an unknown type.
Result<StorageRef> ParseStorageRef(const Pickle& pickle, const Value& value);

/// torch's class of such a storage: "FloatStorage", ...
std::string_view StorageClass(DType dtype);

/// Fetches a whole storage, of at least ref.bytes() bytes; called once for each key.
using FetchStorage = std::function<Result<Content>(const StorageRef& ref)>;

/// Fills what the pickle knows: state_dict_key, tensors, epoch, optimizer_*, metadata, owners.
/// Errors: no state dict (names the keys there are), a tensor that is malformed or reaches beyond
/// its storage, views that multiply the file's size.
Result<Checkpoint> ReadTorchObject(const Pickle& pickle, const FetchStorage& fetch);

}  // namespace cnp::checkpoint
