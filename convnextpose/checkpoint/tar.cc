#include "convnextpose/checkpoint/tar.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>
#include <utility>

#include "convnextpose/checkpoint/printable.h"

namespace cnp::checkpoint {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumSize = 8;

/// A text field: up to its first NUL.
std::string_view TextField(Bytes header, std::size_t offset, std::size_t size) {
  const std::string_view text = AsText(header.subspan(offset, size));
  return text.substr(0, text.find('\0'));
}

/// An octal field, or GNU's big-endian number when the first bit is set.
std::optional<std::uint64_t> NumberField(Bytes header, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  if ((static_cast<unsigned>(header[offset]) & 0x80U) != 0) {
    for (std::size_t i = 1; i < size; ++i) {
      if (value >> 56 != 0) return std::nullopt;
      value = value << 8 | static_cast<std::uint64_t>(header[offset + i]);
    }
    return value;
  }
  std::string_view text = TextField(header, offset, size);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (error != std::errc() || (end != text.data() + text.size() && *end != ' ')) {
    return std::nullopt;
  }
  return value;
}

/// The sum of the header's bytes, its own field counted as spaces.
bool ChecksumFits(Bytes header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kChecksumAt && i < kChecksumAt + kChecksumSize;
    sum += own ? ' ' : static_cast<unsigned>(header[i]);
  }
  return NumberField(header, kChecksumAt, kChecksumSize) == sum;
}

/// What a pax or GNU header says about the file after it.
struct Extension {
  std::string name;
  std::optional<std::uint64_t> size;
};

/// Pax records: "<length> <key>=<value>\n", the length counting the whole record.
bool ReadPax(std::string_view records, Extension& extension) {
  while (!records.empty()) {
    std::size_t length = 0;
    const auto [end, error] =
        std::from_chars(records.data(), records.data() + records.size(), length);
    const auto digits = static_cast<std::size_t>(end - records.data());
    if (error != std::errc() || length > records.size() || length < digits + 2) return false;
    const std::string_view record = records.substr(digits + 1, length - digits - 2);
    records.remove_prefix(length);
    if (record.starts_with("path=")) extension.name = record.substr(5);
    if (record.starts_with("size=")) {
      std::uint64_t size = 0;
      const std::string_view text = record.substr(5);
      if (std::from_chars(text.data(), text.data() + text.size(), size).ec != std::errc()) {
        return false;
      }
      extension.size = size;
    }
  }
  return true;
}

std::string FullName(Bytes header) {
  const std::string name(TextField(header, 0, 100));
  const std::string_view prefix = TextField(header, 345, 155);
  const bool ustar = TextField(header, 257, 6).starts_with("ustar");
  // GNU's own magic is "ustar  " and puts times where POSIX has the prefix.
  const bool posix = ustar && header[262] == std::byte{0};
  return posix && !prefix.empty() ? std::string(prefix) + "/" + name : name;
}

class TarArchive : public Archive {
 public:
  explicit TarArchive(std::uint64_t stored_bytes) : stored_bytes_(stored_bytes) {}

  Status Add(std::string name, Bytes data) {
    while (name.starts_with("./")) name.erase(0, 2);
    if (!files_.emplace(name, data).second) {
      return Error{"is a tar archive that holds " + Printable(name) + " twice"};
    }
    names_.push_back(std::move(name));
    return {};
  }

  [[nodiscard]] std::string Form() const override { return "tar archive"; }
  [[nodiscard]] std::vector<std::string> Names() const override { return names_; }
  [[nodiscard]] Result<Content> Read(const std::string& name) override {
    const auto found = files_.find(name);
    if (found == files_.end()) return Error{Printable(name) + " is missing from the archive"};
    return Content{found->second, nullptr};
  }
  [[nodiscard]] std::uint64_t StoredBytes() const override { return stored_bytes_; }

 private:
  std::uint64_t stored_bytes_;
  std::vector<std::string> names_;
  std::map<std::string, Bytes> files_;
};

/// Walks the blocks of one archive.
class TarReader {
 public:
  explicit TarReader(Bytes bytes) : bytes_(bytes), reader_(bytes) {}

  Result<std::unique_ptr<Archive>> Read() {
    auto archive = std::make_unique<TarArchive>(bytes_.size());
    while (true) {
      const std::optional<Bytes> header = reader_.Take(kBlock);
      if (!header) return Truncated();
      if (std::all_of(header->begin(), header->end(), [](std::byte b) { return b == std::byte{}; }))
        break;  // A block of zeros ends the archive.
      CNP_RETURN_IF_ERROR(ReadMember(*header, *archive));
    }
    return std::unique_ptr<Archive>(std::move(archive));
  }

 private:
  [[nodiscard]] Error Truncated() const {
    return {"is a tar archive without its end, truncated at " + std::to_string(bytes_.size()) +
            " bytes; download it again"};
  }

  Status ReadMember(Bytes header, TarArchive& archive) {
    const std::string at = std::to_string(reader_.offset() - kBlock);
    if (!ChecksumFits(header)) return Error{"is a damaged tar archive: wrong checksum at " + at};
    const char type = static_cast<char>(header[156]);
    const bool extends = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    std::optional<std::uint64_t> size = NumberField(header, 124, 12);
    if (!extends && next_.size) size = next_.size;
    if (!size) return Error{"is a damaged tar archive: no size at " + at};
    const std::optional<Bytes> data = reader_.Take(*size);
    if (!data || !reader_.Take((kBlock - *size % kBlock) % kBlock)) return Truncated();
    if (type == 'x' && !ReadPax(AsText(*data), next_)) {
      return Error{"is a damaged tar archive: broken pax header at " + at};
    }
    if (type == 'L') next_.name = AsText(*data).substr(0, AsText(*data).find('\0'));
    if (extends) return {};
    const std::string name = next_.name.empty() ? FullName(header) : next_.name;
    next_ = {};
    if (type != '0' && type != '\0') return {};
    return archive.Add(name, *data);
  }

  Bytes bytes_;
  ByteReader reader_;
  Extension next_;
};

}  // namespace

bool LooksLikeTar(Bytes bytes) {
  const std::optional<Bytes> header = Slice(bytes, 0, kBlock);
  return header && header->front() != std::byte{0} && ChecksumFits(*header);
}

Result<std::unique_ptr<Archive>> OpenTar(Bytes bytes) { return TarReader(bytes).Read(); }

}  // namespace cnp::checkpoint
