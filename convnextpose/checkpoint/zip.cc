#include "convnextpose/checkpoint/zip.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "convnextpose/checkpoint/crc32.h"
#include "convnextpose/checkpoint/inflate.h"
#include "convnextpose/checkpoint/printable.h"

namespace cnp::checkpoint {
namespace {

// Signatures and sizes of the records (APPNOTE 4.3); field offsets below are from the same section.
constexpr std::uint32_t kLocalHeader = 0x04034B50;
constexpr std::uint32_t kCentralHeader = 0x02014B50;
constexpr std::uint32_t kEnd = 0x06054B50;
constexpr std::uint32_t kEnd64 = 0x06064B50;
constexpr std::uint32_t kEnd64Locator = 0x07064B50;
constexpr std::size_t kLocalHeaderSize = 30;
constexpr std::size_t kCentralHeaderSize = 46;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kEnd64Size = 56;
constexpr std::size_t kEnd64LocatorSize = 20;
constexpr std::size_t kMaxComment = 65535;
constexpr std::uint16_t kZip64Extra = 1;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;  // "See the zip64 extra field".
constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kDeflated = 8;
constexpr std::uint64_t kMaxDeflateRatio = 1032;  // Of the format itself: 258 bytes from 2 bits.

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t entries = 0;
};

struct Entry {
  std::string name;
  std::uint16_t method = kStored;
  std::uint32_t crc = 0;
  std::uint64_t packed_size = 0;
  std::uint64_t size = 0;
  std::uint64_t header_offset = 0;
  Bytes data;  // As stored.
};

/// A field of a record whose size has been checked.
template <typename T>
T Field(Bytes record, std::size_t offset) {
  ByteReader reader(record.subspan(offset, sizeof(T)));
  return reader.Read<T>().value_or(0);
}

Error Truncated(Bytes bytes) {
  return {"is a zip archive without its end, truncated at " + std::to_string(bytes.size()) +
          " bytes; download it again"};
}

Error Damaged(const std::string& what) { return {"is a damaged zip archive: " + what}; }

/// The end record stands last, before nothing but its own comment.
std::optional<std::size_t> FindEnd(Bytes bytes) {
  if (bytes.size() < kEndSize) return std::nullopt;
  const std::size_t last = bytes.size() - kEndSize;
  const std::size_t first = last - std::min(last, kMaxComment);
  for (std::size_t at = last + 1; at-- > first;) {
    const Bytes record = bytes.subspan(at, kEndSize);
    if (Field<std::uint32_t>(record, 0) != kEnd) continue;
    if (at + kEndSize + Field<std::uint16_t>(record, 20) == bytes.size()) return at;
  }
  return std::nullopt;
}

Result<Directory> ReadEnd64(Bytes bytes, std::uint64_t offset) {
  const std::optional<Bytes> record = Slice(bytes, offset, kEnd64Size);
  if (!record || Field<std::uint32_t>(*record, 0) != kEnd64) {
    return Damaged("its zip64 end record is not where it should be");
  }
  return Directory{.offset = Field<std::uint64_t>(*record, 48),
                   .size = Field<std::uint64_t>(*record, 40),
                   .entries = Field<std::uint64_t>(*record, 32)};
}

Result<Directory> FindDirectory(Bytes bytes) {
  const std::optional<std::size_t> end = FindEnd(bytes);
  if (!end) return Truncated(bytes);
  if (*end >= kEnd64LocatorSize) {
    const Bytes locator = bytes.subspan(*end - kEnd64LocatorSize, kEnd64LocatorSize);
    if (Field<std::uint32_t>(locator, 0) == kEnd64Locator) {
      return ReadEnd64(bytes, Field<std::uint64_t>(locator, 8));
    }
  }
  const Bytes record = bytes.subspan(*end, kEndSize);
  if (Field<std::uint16_t>(record, 4) != 0) return Error{"is one volume of several; join them"};
  return Directory{.offset = Field<std::uint32_t>(record, 16),
                   .size = Field<std::uint32_t>(record, 12),
                   .entries = Field<std::uint16_t>(record, 10)};
}

/// Replaces the sizes and the offset that say kIn64 by those of the zip64 extra field.
bool ReadZip64Extra(Bytes extra, Entry& entry) {
  ByteReader reader(extra);
  while (reader.remaining() >= 4) {
    const auto id = reader.Read<std::uint16_t>().value_or(0);
    const auto field = reader.Take(reader.Read<std::uint16_t>().value_or(0));
    if (!field) return false;
    if (id != kZip64Extra) continue;
    ByteReader values(*field);
    for (std::uint64_t* value : {&entry.size, &entry.packed_size, &entry.header_offset}) {
      if (*value != kIn64) continue;
      const auto wide = values.Read<std::uint64_t>();
      if (!wide) return false;
      *value = *wide;
    }
  }
  return true;
}

Result<Entry> ReadCentralHeader(ByteReader& directory) {
  const std::optional<Bytes> header = directory.Take(kCentralHeaderSize);
  if (!header || Field<std::uint32_t>(*header, 0) != kCentralHeader) {
    return Damaged("its directory ends early");
  }
  const auto name = directory.Take(Field<std::uint16_t>(*header, 28));
  const auto extra = directory.Take(Field<std::uint16_t>(*header, 30));
  const auto comment = directory.Take(Field<std::uint16_t>(*header, 32));
  if (!name || !extra || !comment) return Damaged("its directory ends early");
  Entry entry{.name = std::string(AsText(*name)),
              .method = Field<std::uint16_t>(*header, 10),
              .crc = Field<std::uint32_t>(*header, 16),
              .packed_size = Field<std::uint32_t>(*header, 20),
              .size = Field<std::uint32_t>(*header, 24),
              .header_offset = Field<std::uint32_t>(*header, 42),
              .data = {}};
  const std::string shown = Printable(entry.name);
  if (!ReadZip64Extra(*extra, entry)) return Damaged(shown + " has a broken zip64 field");
  if ((Field<std::uint16_t>(*header, 8) & 1U) != 0) {
    return Error{shown + " is encrypted; save the archive without a password"};
  }
  if (entry.method != kStored && entry.method != kDeflated) {
    return Error{shown + " is compressed by method " + std::to_string(entry.method) +
                 "; pack the folder again without compression (zip -0)"};
  }
  if (entry.method == kStored && entry.size != entry.packed_size) {
    return Damaged(shown + " is stored, but with two different sizes");
  }
  return entry;
}

/// Finds the data behind the local header, before `limit` (the directory).
Status LocateData(Bytes bytes, std::uint64_t limit, Entry& entry) {
  const Bytes entries = bytes.first(static_cast<std::size_t>(limit));
  const std::string shown = Printable(entry.name);
  const std::optional<Bytes> header = Slice(entries, entry.header_offset, kLocalHeaderSize);
  if (!header || Field<std::uint32_t>(*header, 0) != kLocalHeader) {
    return Damaged(shown + " is not where the directory says");
  }
  const std::uint64_t name_at = entry.header_offset + kLocalHeaderSize;
  const auto name_size = Field<std::uint16_t>(*header, 26);
  const auto name = Slice(entries, name_at, name_size);
  if (!name || AsText(*name) != entry.name || Field<std::uint16_t>(*header, 8) != entry.method) {
    return Damaged(shown + " and its entry in the directory disagree");
  }
  const std::uint64_t data_at = name_at + name_size + Field<std::uint16_t>(*header, 28);
  const auto data = Slice(entries, data_at, entry.packed_size);
  if (!data) return Damaged(shown + " reaches beyond the file");
  entry.data = *data;
  return {};
}

Status CheckNoOverlap(std::vector<Entry>& entries, Bytes bytes) {
  std::vector<const Entry*> ordered;
  ordered.reserve(entries.size());
  for (const Entry& entry : entries) ordered.push_back(&entry);
  std::sort(ordered.begin(), ordered.end(),
            [](const Entry* a, const Entry* b) { return a->header_offset < b->header_offset; });
  for (std::size_t i = 1; i < ordered.size(); ++i) {
    const Bytes before = ordered[i - 1]->data;
    const std::byte* next = bytes.data() + ordered[i]->header_offset;
    if (before.data() + before.size() > next) {
      return Damaged(Printable(ordered[i - 1]->name) + " and " + Printable(ordered[i]->name) +
                     " overlap");
    }
  }
  return {};
}

class ZipArchive : public Archive {
 public:
  ZipArchive(std::vector<Entry> entries, std::uint64_t stored_bytes, std::uint64_t max_inflated)
      : entries_(std::move(entries)), stored_bytes_(stored_bytes), inflatable_(max_inflated) {}

  /// Fills the index; false when a name stands twice.
  Status Index() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (!index_.emplace(entries_[i].name, i).second) {
        return Damaged("it holds " + Printable(entries_[i].name) + " twice");
      }
    }
    return {};
  }

  [[nodiscard]] std::string Form() const override {
    const auto deflated = std::count_if(entries_.begin(), entries_.end(), [](const Entry& entry) {
      return entry.method == kDeflated;
    });
    return deflated == 0 ? "zip archive (stored)" : "zip archive (deflated)";
  }

  [[nodiscard]] std::vector<std::string> Names() const override {
    std::vector<std::string> names;
    for (const Entry& entry : entries_) {
      if (!entry.name.ends_with('/')) names.push_back(entry.name);
    }
    return names;
  }

  [[nodiscard]] Result<Content> Read(const std::string& name) override {
    const auto found = index_.find(name);
    if (found == index_.end()) return Error{Printable(name) + " is missing from the archive"};
    Result<Content> content = Unpack(entries_[found->second]);
    if (!content.ok()) return content.error().In(Printable(name));
    if (Crc32(content->bytes) != entries_[found->second].crc) {
      return Error{Printable(name) +
                   ": checksum (CRC-32) is wrong, the file is damaged; download it again"};
    }
    return content;
  }

  [[nodiscard]] std::uint64_t StoredBytes() const override { return stored_bytes_; }

 private:
  Result<Content> Unpack(const Entry& entry) {
    if (entry.method == kStored) return Content{entry.data, nullptr};
    if (entry.size / kMaxDeflateRatio > entry.packed_size || entry.size > inflatable_) {
      return Error{"claims to inflate from " + std::to_string(entry.packed_size) + " to " +
                   std::to_string(entry.size) + " bytes, which looks like a zip bomb"};
    }
    inflatable_ -= entry.size;
    return Inflate(entry.data, entry.size);
  }

  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> index_;
  std::uint64_t stored_bytes_;
  std::uint64_t inflatable_;
};

}  // namespace

bool LooksLikeZip(Bytes bytes) {
  return AsText(bytes).starts_with("PK\3\4") || AsText(bytes).starts_with("PK\5\6");
}

Result<std::unique_ptr<Archive>> OpenZip(Bytes bytes, std::uint64_t max_inflated) {
  CNP_ASSIGN(const Directory directory, FindDirectory(bytes));
  const std::optional<Bytes> headers = Slice(bytes, directory.offset, directory.size);
  if (!headers || directory.entries > directory.size / kCentralHeaderSize) {
    return Damaged("its directory is not where it should be");
  }
  ByteReader reader(*headers);
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    CNP_ASSIGN(Entry entry, ReadCentralHeader(reader));
    CNP_RETURN_IF_ERROR(LocateData(bytes, directory.offset, entry));
    entries.push_back(std::move(entry));
  }
  CNP_RETURN_IF_ERROR(CheckNoOverlap(entries, bytes));
  auto archive = std::make_unique<ZipArchive>(std::move(entries), bytes.size(), max_inflated);
  CNP_RETURN_IF_ERROR(archive->Index());
  return std::unique_ptr<Archive>(std::move(archive));
}

}  // namespace cnp::checkpoint
