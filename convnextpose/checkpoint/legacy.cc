#include "convnextpose/checkpoint/legacy.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "convnextpose/checkpoint/pickle.h"
#include "convnextpose/checkpoint/printable.h"
#include "convnextpose/checkpoint/torch_object.h"

namespace cnp::checkpoint {
namespace {

// 0x1950a86a20f9469cfc6c, little-endian as a pickle holds it.
constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::int64_t kProtocolVersion = 1001;

using StorageTable = std::map<std::string, StorageRef>;

class LegacyReader {
 public:
  explicit LegacyReader(Bytes bytes) : bytes_(bytes), reader_(bytes) {}

  Result<Checkpoint> Read() {
    CNP_RETURN_IF_ERROR(CheckHead());
    CNP_ASSIGN(const Pickle object, Next("object"));
    CNP_ASSIGN(const Pickle keys, Next("list of storages"));
    CNP_RETURN_IF_ERROR(LocateStorages(object, keys));
    CNP_ASSIGN(Checkpoint checkpoint,
               ReadTorchObject(object, [this](const StorageRef& ref) { return Fetch(ref); }));
    checkpoint.container = Container::kTorchLegacy;
    checkpoint.form = "PyTorch legacy stream (before torch 1.6), pickle protocol " +
                      std::to_string(object.protocol);
    checkpoint.file_bytes = bytes_.size();
    return checkpoint;
  }

 private:
  /// Reads the pickle that stands next in the stream.
  Result<Pickle> Next(const std::string& what) {
    const std::size_t start = reader_.offset();
    Result<Pickle> pickle = ReadPickle(bytes_.subspan(start));
    if (!pickle.ok()) {
      return pickle.error().In("pickle of the " + what + " at " + std::to_string(start));
    }
    (void)reader_.Take(pickle->size);
    return pickle;
  }

  Status CheckHead() {
    const Result<Pickle> magic = ReadPickle(bytes_);
    const auto foreign =
        Error{"is a Python pickle, but none that torch.save wrote; pass the checkpoint itself"};
    if (!magic.ok()) return foreign;
    const Value& number = (*magic)[magic->root];
    if (number.kind != ValueKind::kBigInt || number.text != kMagic) return foreign;
    (void)reader_.Take(magic->size);
    CNP_ASSIGN(const Pickle version, Next("version"));
    if (version[version.root].integer != kProtocolVersion) {
      return Error{"is a PyTorch stream of an unknown version; save it again with a newer PyTorch"};
    }
    CNP_ASSIGN(const Pickle system, Next("system's facts"));
    const Value* little_endian = system.Find(system[system.root], "little_endian");
    if (little_endian != nullptr && little_endian->integer == 0) {
      return Error{
          "was written by a big-endian machine, which is not supported; load and save it "
          "again on a little-endian one"};
    }
    return {};
  }

  /// What the object says of each storage. The stream itself holds only counts.
  static Result<StorageTable> Declared(const Pickle& object) {
    StorageTable table;
    for (const Value& value : object.values) {
      if (value.kind != ValueKind::kPersistent) continue;
      CNP_ASSIGN(StorageRef ref, ParseStorageRef(object, value));
      const auto [known, added] = table.emplace(ref.key, ref);
      if (!added && known->second.bytes() != ref.bytes()) {
        return Error{"storage " + ref.key + " is described in two ways"};
      }
    }
    return table;
  }

  /// Walks the storages behind the pickles: an int64 count each, then the elements.
  Status LocateStorages(const Pickle& object, const Pickle& keys) {
    CNP_ASSIGN(const StorageTable declared, Declared(object));
    for (const ValueId id : keys[keys.root].items) {
      const std::string key(keys[id].text);
      const auto found = declared.find(key);
      if (found == declared.end()) {
        return Error{"storage " + Printable(key) + " belongs to no tensor; the file is damaged"};
      }
      const auto count = reader_.Read<std::int64_t>();
      if (count && *count != found->second.count) {
        return Error{"storage " + key + " holds " + std::to_string(*count) +
                     " elements instead of " + std::to_string(found->second.count) +
                     "; download the file again"};
      }
      const auto data = reader_.Take(static_cast<std::uint64_t>(found->second.bytes()));
      if (!count || !data) {
        return Error{"is truncated at " + std::to_string(bytes_.size()) +
                     " bytes; download it again"};
      }
      if (!storages_.emplace(key, *data).second) return Error{"storage " + key + " comes twice"};
    }
    return {};
  }

  [[nodiscard]] Result<Content> Fetch(const StorageRef& ref) const {
    const auto found = storages_.find(ref.key);
    if (found == storages_.end()) return Error{"storage " + ref.key + " is missing from the file"};
    return Content{found->second, nullptr};
  }

  Bytes bytes_;
  ByteReader reader_;
  std::map<std::string, Bytes> storages_;
};

}  // namespace

bool LooksLikePickle(Bytes bytes) {
  return bytes.size() > 2 && bytes[0] == std::byte{0x80} && bytes[1] >= std::byte{2} &&
         bytes[1] <= std::byte{5};
}

Result<Checkpoint> ReadLegacy(Bytes bytes) { return LegacyReader(bytes).Read(); }

}  // namespace cnp::checkpoint
