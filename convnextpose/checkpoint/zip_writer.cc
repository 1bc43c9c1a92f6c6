#include "convnextpose/checkpoint/zip_writer.h"

#include <span>
#include <string_view>
#include <utility>

#include "convnextpose/base/aligned.h"
#include "convnextpose/base/file.h"
#include "convnextpose/checkpoint/crc32.h"

namespace cnp::checkpoint {
namespace {

// Field names and order are those of APPNOTE 4.3; see also zip.cc, which reads them.
constexpr std::uint16_t kVersion = 20;    // Needed to read: folders and stored entries.
constexpr std::uint16_t kVersion64 = 45;  // zip64
constexpr std::uint16_t kDate = 0x0021;   // 1 January 1980: the same input gives the same file.
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;
constexpr std::uint16_t kMaxEntries = 0xFFFE;
constexpr std::size_t kLocalHeaderSize = 30;
constexpr std::uint64_t kEnd64Rest = 44;  // Bytes of the zip64 end record behind this field.
constexpr std::size_t kExtraHeaderSize = 4;

template <typename T>
void Append(std::string& record, std::type_identity_t<T> value) {
  record += AsText(std::as_bytes(std::span(&value, 1)));
}
void Append16(std::string& record, std::uint16_t value) { Append<std::uint16_t>(record, value); }
void Append32(std::string& record, std::uint32_t value) { Append<std::uint32_t>(record, value); }
void Append64(std::string& record, std::uint64_t value) { Append<std::uint64_t>(record, value); }

/// An extra field that moves the data behind a header to a multiple of 64; "FB" is torch's mark.
std::string Padding(std::uint64_t data_offset) {
  const std::uint64_t unpadded = data_offset + kExtraHeaderSize;
  const auto size = static_cast<std::uint16_t>((kAlignment - unpadded % kAlignment) % kAlignment);
  std::string extra = "FB";
  Append16(extra, size);
  return extra + std::string(size, 'Z');
}

/// The zip64 extra field with those of the values that do not fit 32 bits.
std::string Zip64Extra(std::initializer_list<std::uint64_t> values) {
  std::string extra;
  if (values.size() == 0) return extra;
  Append16(extra, 1);
  Append16(extra, static_cast<std::uint16_t>(values.size() * sizeof(std::uint64_t)));
  for (const std::uint64_t value : values) Append64(extra, value);
  return extra;
}

/// What local and central headers share, from "version needed" to the length of the extra field.
std::string CommonFields(bool zip64, std::uint32_t crc, std::uint64_t size, std::size_t name_size,
                         std::size_t extra_size) {
  const auto short_size = zip64 ? kIn64 : static_cast<std::uint32_t>(size);
  std::string fields;
  Append16(fields, zip64 ? kVersion64 : kVersion);
  Append16(fields, 0);  // Flags.
  Append16(fields, 0);  // Stored.
  Append16(fields, 0);  // Time.
  Append16(fields, kDate);
  Append32(fields, crc);
  Append32(fields, short_size);  // Packed.
  Append32(fields, short_size);  // Unpacked.
  Append16(fields, static_cast<std::uint16_t>(name_size));
  Append16(fields, static_cast<std::uint16_t>(extra_size));
  return fields;
}

}  // namespace

void ZipWriter::AppendRecord(std::string record) {
  size_ += record.size();
  records_.push_back(std::move(record));
  pieces_.push_back(std::as_bytes(std::span(records_.back())));
}

void ZipWriter::Add(const std::string& name, Bytes data) {
  const std::uint32_t crc = Crc32(data);
  const bool zip64 = data.size() > zip64_above_;
  std::string extra = zip64 ? Zip64Extra({data.size(), data.size()}) : "";
  extra += Padding(size_ + kLocalHeaderSize + name.size() + extra.size());
  AppendCentralHeader(name, data, crc, size_);
  AppendRecord("PK\3\4" + CommonFields(zip64, crc, data.size(), name.size(), extra.size()) + name +
               extra);
  pieces_.push_back(data);
  size_ += data.size();
  ++entries_;
}

void ZipWriter::AppendCentralHeader(const std::string& name, Bytes data, std::uint32_t crc,
                                    std::uint64_t header_offset) {
  const bool large = data.size() > zip64_above_;
  const bool far = header_offset > zip64_above_;
  const std::uint64_t size = data.size();
  const std::string extra = large && far ? Zip64Extra({size, size, header_offset})
                            : large      ? Zip64Extra({size, size})
                            : far        ? Zip64Extra({header_offset})
                                         : "";
  directory_ += "PK\1\2";
  Append16(directory_, kVersion64);  // Made by.
  directory_ += CommonFields(large, crc, size, name.size(), extra.size());
  Append16(directory_, 0);  // Comment's length.
  Append16(directory_, 0);  // Disk.
  Append16(directory_, 0);  // Internal attributes.
  Append32(directory_, 0);  // External attributes.
  Append32(directory_, far ? kIn64 : static_cast<std::uint32_t>(header_offset));
  directory_ += name + extra;
}

std::string ZipWriter::EndRecords() const {
  const bool zip64 =
      size_ > zip64_above_ || directory_.size() > zip64_above_ || entries_ > kMaxEntries;
  std::string end;
  if (zip64) {
    end += "PK\6\6";
    Append64(end, kEnd64Rest);
    Append16(end, kVersion64);  // Made by.
    Append16(end, kVersion64);  // Needed.
    Append32(end, 0);           // This disk.
    Append32(end, 0);           // The directory's disk.
    Append64(end, entries_);    // On this disk.
    Append64(end, entries_);
    Append64(end, directory_.size());
    Append64(end, size_);
    end += "PK\6\7";
    Append32(end, 0);  // Disk of the record above.
    Append64(end, size_ + directory_.size());
    Append32(end, 1);  // Disks.
  }
  const auto entries = zip64 ? std::uint16_t{0xFFFF} : static_cast<std::uint16_t>(entries_);
  end += "PK\5\6";
  Append16(end, 0);  // This disk.
  Append16(end, 0);  // The directory's disk.
  Append16(end, entries);
  Append16(end, entries);
  Append32(end, zip64 ? kIn64 : static_cast<std::uint32_t>(directory_.size()));
  Append32(end, zip64 ? kIn64 : static_cast<std::uint32_t>(size_));
  Append16(end, 0);  // Comment's length.
  return end;
}

Status ZipWriter::Write(const std::filesystem::path& path) {
  const std::string tail = directory_ + EndRecords();
  std::vector<Bytes> file = pieces_;
  file.push_back(std::as_bytes(std::span(tail)));
  return WriteFileAtomically(path, std::span<const Bytes>(file));
}

}  // namespace cnp::checkpoint
