#include "convnextpose/image/region.h"

#include <optional>
#include <utility>

#include "convnextpose/base/check.h"
#include "convnextpose/base/file.h"
#include "convnextpose/image/decode.h"
#include "convnextpose/image/jpeg_region.h"
#include "convnextpose/image/size.h"

namespace cnp::image {

Result<Region> DecodeRegion(std::span<const std::byte> file, const std::string& name,
                            const pose::Box& network_box) {
  CNP_CHECK(pose::CheckNetworkBox(network_box).ok(), "network box " + pose::ToString(network_box));
  const auto size = ReadSize(file);
  if (!size.ok()) return size.error().In(name);
  if (size->format == Format::kJpeg) {
    std::optional<Region> region = DecodeJpegRegion(file, *size, network_box);
    if (region) return std::move(*region);
  }
  CNP_ASSIGN(Image whole, Decode(file, name));
  return Region{std::move(whole)};
}

Result<Region> LoadRegion(const std::filesystem::path& path, const pose::Box& network_box) {
  CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
  return DecodeRegion(file.bytes(), path.string(), network_box);
}

}  // namespace cnp::image
