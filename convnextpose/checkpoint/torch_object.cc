#include "convnextpose/checkpoint/torch_object.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "convnextpose/checkpoint/printable.h"

namespace cnp::checkpoint {
namespace {

constexpr std::int64_t kMaxStorage = std::int64_t{1} << 40;
// Tied weights share a storage; more than this many times the data is an attack on memory.
constexpr std::int64_t kMaxSharing = 4;
constexpr std::int64_t kSmallSharing = 1 << 20;  // Elements that may be shared at will.
constexpr std::size_t kMaxKey = 64;
constexpr std::size_t kListed = 12;  // Keys and values in a message.

constexpr std::array<std::string_view, 5> kStateDictKeys = {"network", "state_dict", "model",
                                                            "model_state_dict", "net"};
constexpr std::array<std::string_view, 2> kOptimizerKeys = {"optimizer", "optimizer_state_dict"};

struct StorageType {
  std::string_view global;
  DType dtype;
};
constexpr std::array kStorageTypes = {
    StorageType{"torch.DoubleStorage", DType::kF64},
    StorageType{"torch.FloatStorage", DType::kF32},
    StorageType{"torch.HalfStorage", DType::kF16},
    StorageType{"torch.BFloat16Storage", DType::kBF16},
    StorageType{"torch.LongStorage", DType::kI64},
    StorageType{"torch.IntStorage", DType::kI32},
    StorageType{"torch.ShortStorage", DType::kI16},
    StorageType{"torch.CharStorage", DType::kI8},
    StorageType{"torch.ByteStorage", DType::kU8},
    StorageType{"torch.BoolStorage", DType::kBool},
};

Error MalformedStorage() { return {"a malformed reference to a storage"}; }

bool IsSafeKey(std::string_view key) {
  const auto safe = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == '.';
  };
  return !key.empty() && key.size() <= kMaxKey && std::all_of(key.begin(), key.end(), safe) &&
         key != "." && key != "..";
}

/// The view of the legacy stream: (key, offset, count), or None.
Status ParseView(const Pickle& pickle, const Value& view, StorageRef& ref) {
  if (view.kind == ValueKind::kNone) return {};
  if (view.kind != ValueKind::kTuple || view.items.size() != 3) return MalformedStorage();
  const Value& offset = pickle[view.items[1]];
  const Value& count = pickle[view.items[2]];
  if (offset.kind != ValueKind::kInt || count.kind != ValueKind::kInt || offset.integer < 0 ||
      count.integer < 0 || offset.integer > ref.count ||
      count.integer > ref.count - offset.integer) {
    return Error{"a view that reaches beyond its storage " + ref.key};
  }
  ref.view_offset = offset.integer;
  ref.view_count = count.integer;
  return {};
}

std::string FloatText(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

/// A number, text or None as text for people.
std::optional<std::string> ScalarText(const Value& value) {
  switch (value.kind) {
    case ValueKind::kNone:
      return "None";
    case ValueKind::kBool:
      return value.integer != 0 ? "True" : "False";
    case ValueKind::kInt:
      return std::to_string(value.integer);
    case ValueKind::kFloat:
      return FloatText(value.real);
    case ValueKind::kString:
      return IsPrintable(value.text) ? std::string(value.text) : Printable(value.text);
    default:
      return std::nullopt;
  }
}

/// Follows the pickled object from its root to the tensors.
class TorchObject {
 public:
  TorchObject(const Pickle& pickle, const FetchStorage& fetch) : pickle_(pickle), fetch_(fetch) {}

  Result<Checkpoint> Read() {
    const Value& root = pickle_[pickle_.root];
    if (root.kind != ValueKind::kDict) return Error{"the file holds no dict" + Cure()};
    CNP_ASSIGN(const Value* state_dict, FindStateDict(root));
    CNP_RETURN_IF_ERROR(ReadStateDict(*state_dict));
    CNP_RETURN_IF_ERROR(CheckSharing());
    if (state_dict != &root) {
      ReadEpoch(root);
      ReadMetadata(root);
      CNP_RETURN_IF_ERROR(ReadOptimizer(root));
    }
    return std::move(checkpoint_);
  }

 private:
  struct Storage {
    StorageRef ref;
    Content content;
  };

  static std::string Cure() {
    return "; in PyTorch save the state dict: torch.save({'network': model.state_dict()}, file)";
  }

  // ---- Tensors

  /// The arguments of a call of one of `names`, nullptr when `value` is another thing.
  [[nodiscard]] const Value* ArgumentsOf(const Value& value,
                                         std::initializer_list<std::string_view> names) const {
    if (value.kind != ValueKind::kCall) return nullptr;
    const std::string_view name = pickle_[value.items[0]].text;
    if (std::find(names.begin(), names.end(), name) == names.end()) return nullptr;
    return &pickle_[value.items[1]];
  }

  /// The arguments (storage, offset, size, stride, ...) when `value` is a tensor or a Parameter.
  [[nodiscard]] const Value* TensorArguments(const Value& value) const {
    const Value* parameter = ArgumentsOf(value, {"torch._utils._rebuild_parameter"});
    if (parameter != nullptr && parameter->items.empty()) return nullptr;
    return ArgumentsOf(parameter == nullptr ? value : pickle_[parameter->items[0]],
                       {"torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor"});
  }

  [[nodiscard]] bool HoldsTensors(const Value& dict) const {
    for (std::size_t i = 1; i < dict.items.size(); i += 2) {
      if (TensorArguments(pickle_[dict.items[i]]) != nullptr) return true;
    }
    return false;
  }

  [[nodiscard]] bool ReadSizes(const Value& value, std::vector<std::int64_t>& sizes) const {
    if (value.kind != ValueKind::kTuple && value.kind != ValueKind::kList) return false;
    for (const ValueId id : value.items) {
      if (pickle_[id].kind != ValueKind::kInt) return false;
      sizes.push_back(pickle_[id].integer);
    }
    return true;
  }

  Result<const Storage*> GetStorage(const Value& persistent) {
    CNP_ASSIGN(StorageRef ref, ParseStorageRef(pickle_, persistent));
    const auto known = storages_.find(ref.key);
    if (known == storages_.end()) {
      CNP_ASSIGN(Content content, fetch_(ref));
      if (content.owner != nullptr) checkpoint_.owners.push_back(content.owner);
      return &storages_.emplace(ref.key, Storage{ref, std::move(content)}).first->second;
    }
    if (known->second.ref.dtype != ref.dtype || known->second.ref.count != ref.count) {
      return Error{"storage " + ref.key + " is described in two ways"};
    }
    return &known->second;
  }

  Result<Tensor> ReadTensor(const Value& arguments, std::string_view name) {
    Tensor tensor;
    tensor.name = name;
    if (arguments.items.size() < 4) return Error{"a malformed tensor"};
    const Value& persistent = pickle_[arguments.items[0]];
    CNP_ASSIGN(const StorageRef ref, ParseStorageRef(pickle_, persistent));
    CNP_ASSIGN(const Storage* storage, GetStorage(persistent));
    const std::optional<Bytes> whole =
        Slice(storage->content.bytes, 0, static_cast<std::uint64_t>(ref.bytes()));
    if (!whole) {
      return Error{"its storage " + ref.key + " holds " +
                   std::to_string(storage->content.bytes.size()) + " bytes instead of " +
                   std::to_string(ref.bytes()) + "; download the file again"};
    }
    tensor.dtype = ref.dtype;
    const std::int64_t size = ElementSize(ref.dtype);
    tensor.storage = whole->subspan(static_cast<std::size_t>(ref.view_offset * size),
                                    static_cast<std::size_t>(ref.view_count * size));
    const Value& offset = pickle_[arguments.items[1]];
    tensor.offset = offset.integer;
    if (offset.kind != ValueKind::kInt || !ReadSizes(pickle_[arguments.items[2]], tensor.shape) ||
        !ReadSizes(pickle_[arguments.items[3]], tensor.strides)) {
      return Error{"a malformed tensor"};
    }
    CNP_RETURN_IF_ERROR(Validate(tensor));
    return tensor;
  }

  // ---- The dicts around them

  Result<const Value*> FindStateDict(const Value& root) {
    for (const std::string_view key : kStateDictKeys) {
      const Value* value = pickle_.Find(root, key);
      if (value == nullptr || value->kind != ValueKind::kDict || !HoldsTensors(*value)) continue;
      checkpoint_.state_dict_key = key;
      return value;
    }
    if (HoldsTensors(root)) return &root;
    return Error{"the file holds no state dict: its keys are " + KeyList(root) +
                 ", not network, state_dict or model with tensors" + Cure()};
  }

  [[nodiscard]] std::string KeyList(const Value& dict) const {
    std::string list;
    for (std::size_t i = 0; i < std::min(dict.items.size(), kListed); i += 2) {
      const std::optional<std::string> key = ScalarText(pickle_[dict.items[i]]);
      list += (i == 0 ? "" : ", ") + Printable(key.value_or("(no text)"));
    }
    if (dict.items.empty()) return "none";
    return dict.items.size() > kListed ? list + ", ..." : list;
  }

  Status ReadStateDict(const Value& dict) {
    std::unordered_set<std::string_view> names;
    for (std::size_t i = 0; i < dict.items.size(); i += 2) {
      const Value& key = pickle_[dict.items[i]];
      const Value* arguments = TensorArguments(pickle_[dict.items[i + 1]]);
      if (arguments == nullptr) continue;  // A counter, a version, an extra state.
      if (key.kind != ValueKind::kString || !IsPrintable(key.text)) {
        return Error{"a tensor of the state dict has a name that is no plain text"};
      }
      if (!names.insert(key.text).second) {
        return Error{"the state dict holds " + Printable(key.text) + " twice"};
      }
      Result<Tensor> tensor = ReadTensor(*arguments, key.text);
      if (!tensor.ok()) return tensor.error().In("tensor " + Printable(key.text));
      checkpoint_.tensors.push_back(std::move(tensor).value());
    }
    return {};
  }

  /// Views let a small file claim any amount of tensors.
  [[nodiscard]] Status CheckSharing() const {
    std::int64_t held = 0;
    for (const auto& [key, storage] : storages_) held += storage.ref.count;
    const std::int64_t allowed = kMaxSharing * held + kSmallSharing;
    std::int64_t claimed = 0;
    for (const Tensor& tensor : checkpoint_.tensors) {
      claimed += ElementCount(tensor);  // Both stay below 2^62: each term is at most `allowed`.
      if (claimed > allowed) {
        return Error{"the tensors claim far more elements than the " + std::to_string(held) +
                     " that the file holds; tensor " + Printable(tensor.name) +
                     " is a view that repeats them"};
      }
    }
    return {};
  }

  void ReadEpoch(const Value& root) {
    const Value* epoch = pickle_.Find(root, "epoch");
    if (epoch == nullptr) return;
    if (epoch->kind == ValueKind::kInt) {
      checkpoint_.epoch = epoch->integer;
    } else {
      checkpoint_.epoch = NumpyInteger(*epoch);
    }
  }

  /// numpy.scalar(numpy.dtype("i8", ...), 8 bytes), the bytes as such or as text in Latin-1.
  [[nodiscard]] std::optional<std::int64_t> NumpyInteger(const Value& value) const {
    const Value* scalar = ArgumentsOf(value, {"numpy.scalar"});
    if (scalar == nullptr || scalar->items.size() != 2) return std::nullopt;
    const Value* dtype = ArgumentsOf(pickle_[scalar->items[0]], {"numpy.dtype"});
    if (dtype == nullptr || dtype->items.empty()) return std::nullopt;
    const Value* data = &pickle_[scalar->items[1]];
    const Value* encoded = ArgumentsOf(*data, {"_codecs.encode"});
    if (encoded != nullptr && !encoded->items.empty()) data = &pickle_[encoded->items[0]];
    const std::string bytes =
        data->kind == ValueKind::kString ? Latin1(data->text) : std::string(data->text);
    if (pickle_[dtype->items[0]].text != "i8") return std::nullopt;
    return ByteReader(std::as_bytes(std::span(bytes))).Read<std::int64_t>();
  }

  /// The bytes of a text whose characters are all below U+0100.
  static std::string Latin1(std::string_view utf8) {
    std::string bytes;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
      const auto lead = static_cast<unsigned char>(utf8[i]);
      if (lead < 0x80 || i + 1 == utf8.size()) {
        bytes += utf8[i];
      } else {
        bytes += static_cast<char>(lead << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3FU));
      }
    }
    return bytes;
  }

  void ReadMetadata(const Value& root) {
    for (std::size_t i = 0; i < root.items.size(); i += 2) {
      const Value& key = pickle_[root.items[i]];
      const std::optional<std::string> text = ScalarText(pickle_[root.items[i + 1]]);
      if (key.kind == ValueKind::kString && key.text != "epoch" && text) {
        checkpoint_.metadata[*ScalarText(key)] = *text;
      }
    }
  }

  /// Counts the optimizer's tensors and the bytes of their storages; reads none.
  Status ReadOptimizer(const Value& root) {
    for (const std::string_view key : kOptimizerKeys) {
      const Value* optimizer = pickle_.Find(root, key);
      if (optimizer == nullptr) continue;
      std::set<std::string> keys;
      std::vector<bool> seen(pickle_.values.size(), false);
      std::vector<ValueId> open = optimizer->items;
      while (!open.empty()) {
        const ValueId id = open.back();
        open.pop_back();
        if (seen[id]) continue;
        seen[id] = true;
        const Value& value = pickle_[id];
        if (const Value* arguments = TensorArguments(value)) {
          CNP_RETURN_IF_ERROR(CountTensor(*arguments, keys));
        } else {
          open.insert(open.end(), value.items.begin(), value.items.end());
        }
      }
    }
    return {};
  }

  Status CountTensor(const Value& arguments, std::set<std::string>& keys) {
    if (arguments.items.empty()) return Error{"a malformed tensor in the optimizer"};
    CNP_ASSIGN(const StorageRef ref, ParseStorageRef(pickle_, pickle_[arguments.items[0]]));
    ++checkpoint_.optimizer_tensors;
    if (!keys.insert(ref.key).second) return {};
    if (ref.bytes() > std::numeric_limits<std::int64_t>::max() - checkpoint_.optimizer_bytes) {
      return Error{"the optimizer claims an absurd size"};
    }
    checkpoint_.optimizer_bytes += ref.bytes();
    return {};
  }

  const Pickle& pickle_;
  const FetchStorage& fetch_;
  Checkpoint checkpoint_;
  std::unordered_map<std::string, Storage> storages_;
};

}  // namespace

Result<StorageRef> ParseStorageRef(const Pickle& pickle, const Value& value) {
  if (value.kind != ValueKind::kPersistent) return MalformedStorage();
  const Value& id = pickle[value.items[0]];
  if (id.kind != ValueKind::kTuple || id.items.size() < 5) return MalformedStorage();
  const Value& type = pickle[id.items[1]];
  const Value& key = pickle[id.items[2]];
  const Value& count = pickle[id.items[4]];
  if (pickle[id.items[0]].text != "storage" || type.kind != ValueKind::kGlobal ||
      count.kind != ValueKind::kInt || !IsSafeKey(key.text)) {
    return MalformedStorage();
  }
  const auto* const known =
      std::find_if(kStorageTypes.begin(), kStorageTypes.end(),
                   [&](const StorageType& candidate) { return candidate.global == type.text; });
  if (known == kStorageTypes.end()) return Error{std::string(type.text) + " is no type of storage"};
  if (count.integer < 0 || count.integer >= kMaxStorage) {
    return Error{"storage " + std::string(key.text) + " claims an absurd size"};
  }
  StorageRef ref{.key = std::string(key.text),
                 .dtype = known->dtype,
                 .count = count.integer,
                 .view_count = count.integer};
  if (id.items.size() > 5) CNP_RETURN_IF_ERROR(ParseView(pickle, pickle[id.items[5]], ref));
  return ref;
}

std::string_view StorageClass(DType dtype) {
  const auto* const known =
      std::find_if(kStorageTypes.begin(), kStorageTypes.end(),
                   [&](const StorageType& candidate) { return candidate.dtype == dtype; });
  CNP_CHECK(known != kStorageTypes.end(), "not a DType");
  return known->global.substr(std::string_view("torch.").size());
}

Result<Checkpoint> ReadTorchObject(const Pickle& pickle, const FetchStorage& fetch) {
  return TorchObject(pickle, fetch).Read();
}

}  // namespace cnp::checkpoint
