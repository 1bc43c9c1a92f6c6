#include "convnextpose/checkpoint/writer.h"

#include <bit>
#include <deque>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "convnextpose/base/aligned.h"
#include "convnextpose/base/file.h"
#include "convnextpose/checkpoint/byte_reader.h"
#include "convnextpose/checkpoint/printable.h"
#include "convnextpose/checkpoint/safetensors.h"
#include "convnextpose/checkpoint/torch_object.h"
#include "convnextpose/checkpoint/zip_writer.h"

namespace cnp::checkpoint {
namespace {

// Small files of a torch archive.
constexpr std::string_view kByteOrder = "little";
constexpr std::string_view kVersion = "3\n";

// What the name of the folder in the archive may be made of; else it is "archive".
constexpr std::string_view kPlain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
constexpr std::size_t kLongestName = 100;

Status CheckTensors(std::span<const Tensor> tensors) {
  std::unordered_set<std::string_view> names;
  for (const Tensor& tensor : tensors) {
    if (!IsPrintable(tensor.name)) {
      return Error{"tensor " + Printable(tensor.name) + " has a name that is no plain text"};
    }
    if (!names.insert(tensor.name).second) return Error{"two tensors are named " + tensor.name};
    if (const Status status = Validate(tensor); !status.ok()) {
      return status.error().In("tensor " + tensor.name);
    }
  }
  return {};
}

/// The tensors' dense bytes: in place where they lie densely, copied where not.
class DenseBytes {
 public:
  explicit DenseBytes(std::span<const Tensor> tensors) {
    for (const Tensor& tensor : tensors) bytes_.push_back(Dense(tensor));
  }
  [[nodiscard]] const std::vector<Bytes>& bytes() const { return bytes_; }

 private:
  Bytes Dense(const Tensor& tensor) {
    const std::int64_t size = ElementSize(tensor.dtype);
    if (IsContiguous(tensor)) {
      return tensor.storage.subspan(static_cast<std::size_t>(tensor.offset * size),
                                    static_cast<std::size_t>(ElementCount(tensor) * size));
    }
    copies_.push_back(ToContiguousBytes(tensor));
    return copies_.back();
  }

  std::deque<std::vector<std::byte>> copies_;
  std::vector<Bytes> bytes_;
};

std::string JsonText(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// {"__metadata__": {...}, "name": {"dtype": ..., "shape": [...], "data_offsets": [begin, end]},
/// ...}
std::string SafetensorsHeader(std::span<const Tensor> tensors, const std::vector<Bytes>& bytes,
                              const std::map<std::string, std::string>& metadata) {
  std::string header = R"({"__metadata__":{)";
  for (const auto& [key, value] : metadata) {
    if (!header.ends_with('{')) header += ',';
    header.append(JsonText(key)).append(":").append(JsonText(value));
  }
  header += "}";
  std::size_t end = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::size_t begin = std::exchange(end, end + bytes[i].size());
    header.append(",").append(JsonText(tensors[i].name));
    header.append(R"(:{"dtype":")").append(SafetensorsName(tensors[i].dtype));
    header.append(R"(","shape":)").append(nlohmann::json(tensors[i].shape).dump());
    header.append(R"(,"data_offsets":[)").append(std::to_string(begin));
    header.append(",").append(std::to_string(end)).append("]}");
  }
  header += "}";
  const std::size_t unpadded = sizeof(std::uint64_t) + header.size();
  return header.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
}

/// Opcodes of pickle protocol 2, one method for each kind of value that a checkpoint needs.
class PickleWriter {
 public:
  PickleWriter() { text_ = "\x80\x02"; }

  void Op(char opcode) { text_ += opcode; }
  void Global(std::string_view module, std::string_view name) {
    text_.append("c").append(module).append("\n").append(name).append("\n");
  }
  void String(std::string_view value) {
    Op('X');
    Number(static_cast<std::uint32_t>(value.size()));
    text_ += value;
  }
  void Integer(std::int64_t value) {
    if (value >= std::numeric_limits<std::int32_t>::min() &&
        value <= std::numeric_limits<std::int32_t>::max()) {
      Op('J');
      Number(static_cast<std::int32_t>(value));
    } else {
      text_ += "\x8a\x08";  // LONG1 of 8 bytes
      Number(value);
    }
  }
  void Real(double value) {
    Op('G');  // Big-endian.
    auto bits = std::bit_cast<std::uint64_t>(value);
    for (int i = 0; i < 8; ++i, bits <<= 8) text_ += static_cast<char>(bits >> 56);
  }
  void Integers(std::span<const std::int64_t> values) {
    Op('(');
    for (const std::int64_t value : values) Integer(value);
    Op('t');
  }
  void EmptyOrderedDict() {
    Global("collections", "OrderedDict");
    text_ += ")R";
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  template <typename T>
  void Number(T value) {
    text_ += AsText(std::as_bytes(std::span(&value, 1)));
  }
  std::string text_;
};

/// torch._utils._rebuild_tensor_v2(storage `key`, 0, shape, strides, False, OrderedDict())
void PickleTensor(const Tensor& tensor, const std::string& key, PickleWriter& pickle) {
  pickle.Global("torch._utils", "_rebuild_tensor_v2");
  pickle.Op('(');
  pickle.Op('(');
  pickle.String("storage");
  pickle.Global("torch", StorageClass(tensor.dtype));
  pickle.String(key);
  pickle.String("cpu");
  pickle.Integer(ElementCount(tensor));
  pickle.Op('t');
  pickle.Op('Q');  // The tuple is a persistent id.
  pickle.Integer(0);
  pickle.Integers(tensor.shape);
  pickle.Integers(ContiguousStrides(tensor.shape));
  pickle.Op('\x89');  // requires_grad = False
  pickle.EmptyOrderedDict();
  pickle.Op('t');
  pickle.Op('R');
}

void Entry(std::string_view key, double value, PickleWriter& pickle) {
  pickle.String(key);
  pickle.Real(value);
}

/// {0: {"step": n, "exp_avg": ..., "exp_avg_sq": ...}, 1: ...}; the storages' keys go on from
/// `key`.
void PickleMoments(const TorchAdamW& optimizer, std::size_t key, PickleWriter& pickle) {
  pickle.Op('}');
  pickle.Op('(');
  for (std::size_t i = 0; i < optimizer.first.size(); ++i) {
    pickle.Integer(static_cast<std::int64_t>(i));
    pickle.Op('}');
    pickle.Op('(');
    pickle.String("step");
    pickle.Integer(optimizer.step);
    pickle.String("exp_avg");
    PickleTensor(optimizer.first[i], std::to_string(key++), pickle);
    pickle.String("exp_avg_sq");
    PickleTensor(optimizer.second[i], std::to_string(key++), pickle);
    pickle.Op('u');
  }
  pickle.Op('u');
}

/// [{"lr": ..., "params": [0, 1, ...]}]
void PickleGroups(const TorchAdamW& optimizer, PickleWriter& pickle) {
  pickle.Op(']');
  pickle.Op('}');
  pickle.Op('(');
  Entry("lr", optimizer.learning_rate, pickle);
  pickle.String("betas");
  pickle.Op('(');
  pickle.Real(optimizer.beta1);
  pickle.Real(optimizer.beta2);
  pickle.Op('t');
  Entry("eps", optimizer.epsilon, pickle);
  Entry("weight_decay", optimizer.weight_decay, pickle);
  pickle.String("amsgrad");
  pickle.Op('\x89');  // False
  pickle.String("params");
  pickle.Op(']');
  pickle.Op('(');
  for (std::size_t i = 0; i < optimizer.first.size(); ++i) {
    pickle.Integer(static_cast<std::int64_t>(i));
  }
  pickle.Op('e');
  pickle.Op('u');
  pickle.Op('a');
}

void PickleOptimizer(const TorchAdamW& optimizer, std::size_t first_key, PickleWriter& pickle) {
  pickle.Op('}');
  pickle.Op('(');
  pickle.String("state");
  PickleMoments(optimizer, first_key, pickle);
  pickle.String("param_groups");
  PickleGroups(optimizer, pickle);
  pickle.Op('u');
}

void PickleStateDict(std::span<const Tensor> tensors, PickleWriter& pickle) {
  pickle.EmptyOrderedDict();
  pickle.Op('(');
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    pickle.String(tensors[i].name);
    PickleTensor(tensors[i], std::to_string(i), pickle);
  }
  pickle.Op('u');
}

std::string PickleCheckpoint(std::span<const Tensor> tensors, const TorchZipOptions& options) {
  PickleWriter pickle;
  if (options.state_dict_key.empty()) {
    PickleStateDict(tensors, pickle);
  } else {
    pickle.Op('}');
    pickle.Op('(');
    if (options.epoch) {
      pickle.String("epoch");
      pickle.Integer(*options.epoch);
    }
    pickle.String(options.state_dict_key);
    PickleStateDict(tensors, pickle);
    if (options.optimizer != nullptr) {
      pickle.String("optimizer");
      PickleOptimizer(*options.optimizer, tensors.size(), pickle);
    }
    pickle.Op('u');
  }
  pickle.Op('.');
  return pickle.text();
}

/// The moments in the order of their storages; empty without an optimizer. Errors: a tensor that
/// fails Validate.
Result<std::vector<Tensor>> OptimizerTensors(const TorchAdamW* optimizer) {
  std::vector<Tensor> tensors;
  if (optimizer == nullptr) return tensors;
  CNP_CHECK(optimizer->first.size() == optimizer->second.size(), "two moments a parameter");
  for (std::size_t i = 0; i < optimizer->first.size(); ++i) {
    for (const Tensor& tensor : {optimizer->first[i], optimizer->second[i]}) {
      if (const Status status = Validate(tensor); !status.ok()) {
        return status.error().In("the moment of " + tensor.name);
      }
      tensors.push_back(tensor);
    }
  }
  return tensors;
}

/// The folder inside the archive: the file's name without its last ending, as torch does.
std::string ArchiveRoot(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  const bool plain = stem.find_first_not_of(kPlain) == std::string::npos;
  return plain && !stem.empty() && stem.size() <= kLongestName ? stem : "archive";
}

}  // namespace

Status WriteSafetensors(const std::filesystem::path& path, std::span<const Tensor> tensors,
                        const std::map<std::string, std::string>& metadata) {
  if (const Status status = CheckTensors(tensors); !status.ok()) {
    return status.error().In(path.string());
  }
  const DenseBytes dense(tensors);
  const std::string header = SafetensorsHeader(tensors, dense.bytes(), metadata);
  const std::uint64_t length = header.size();
  std::vector<Bytes> pieces = {std::as_bytes(std::span(&length, 1)),
                               std::as_bytes(std::span(header))};
  pieces.insert(pieces.end(), dense.bytes().begin(), dense.bytes().end());
  return WriteFileAtomically(path, std::span<const Bytes>(pieces));
}

Status WriteTorchZip(const std::filesystem::path& path, std::span<const Tensor> tensors,
                     const TorchZipOptions& options) {
  if (const Status status = CheckTensors(tensors); !status.ok()) {
    return status.error().In(path.string());
  }
  CNP_ASSIGN(const std::vector<Tensor> moments, OptimizerTensors(options.optimizer));
  const DenseBytes dense(tensors);
  const DenseBytes dense_moments(moments);
  const std::string root = ArchiveRoot(path);
  const std::string pickle = PickleCheckpoint(tensors, options);
  ZipWriter zip;
  zip.Add(root + "/data.pkl", std::as_bytes(std::span(pickle)));
  zip.Add(root + "/byteorder", std::as_bytes(std::span(kByteOrder)));
  std::size_t key = 0;
  for (const DenseBytes* part : {&dense, &dense_moments}) {
    for (const Bytes& bytes : part->bytes()) {
      zip.Add(root + "/data/" + std::to_string(key++), bytes);
    }
  }
  zip.Add(root + "/version", std::as_bytes(std::span(kVersion)));
  return zip.Write(path);
}

}  // namespace cnp::checkpoint
