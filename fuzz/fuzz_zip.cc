// Any bytes as a zip archive, of which every entry is read.
#include "convnextpose/checkpoint/zip.h"

#include "fuzz/touch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t max_inflated = 16 << 20;
  const auto archive = cnp::checkpoint::OpenZip(cnp::fuzz::AsBytes(data, size), max_inflated);
  if (!archive.ok()) return 0;
  for (const std::string& name : (*archive)->Names()) {
    const auto content = (*archive)->Read(name);
    if (content.ok()) cnp::fuzz::Touch(content->bytes);
  }
  return 0;
}
