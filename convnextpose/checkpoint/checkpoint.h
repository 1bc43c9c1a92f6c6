// Reads a checkpoint in any form in which people hold one: bytes in, named tensors out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/checkpoint/tensor.h"

namespace cnp::checkpoint {

/// How the tensors are packed (spec 2-checkpoints), whatever holds the whole (a tar, another zip).
enum class Container {
  kTorchZip,     // <root>/data.pkl and <root>/data/<key> in a zip or tar archive
  kTorchFolder,  // the same, unpacked
  kTorchLegacy,  // the stream of torch before 1.6
  kSafetensors,
};

/// A read checkpoint. Copies share the bytes; const use from several threads is safe.
struct Checkpoint {
  Container container = Container::kTorchZip;
  std::string form;             // For people: "PyTorch zip archive (stored), pickle protocol 2".
  std::string root;             // Folder inside the archive, e.g. "snapshot_83.pth"; may be empty.
  std::string state_dict_key;   // "network", "state_dict", "model", ...; "" for a bare state dict.
  std::vector<Tensor> tensors;  // The state dict in file order, names as in the file, unique.
  std::optional<std::int64_t> epoch;
  std::int64_t optimizer_bytes = 0;  // As declared; the optimizer's data is not read.
  int optimizer_tensors = 0;
  /// safetensors' __metadata__, or the other top-level scalars of a PyTorch file as text.
  std::map<std::string, std::string> metadata;
  std::uint64_t file_bytes = 0;  // Of the file, or of the files in the folder.

  /// Keeps alive what the tensors' storages point into: mapped files, inflated buffers.
  std::vector<std::shared_ptr<const void>> owners;
};

/// Reads a file of any form, an unpacked folder (also one level further up), or the `data.pkl` in
/// one. Executes nothing. Uses stored data in place from a mapping; only deflated data costs
/// memory. Errors: one line that names the path, what is wrong (truncated, wrong checksum, a
/// picture ...) and the cure. The file must not shrink while the result lives.
Result<Checkpoint> Read(const std::filesystem::path& path);

/// The same for a file in memory. `bytes` must outlive the result; `name` is for messages.
Result<Checkpoint> ReadBytes(std::span<const std::byte> bytes, const std::string& name);

}  // namespace cnp::checkpoint
