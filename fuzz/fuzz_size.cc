// Any bytes as a picture file whose size is asked for.
#include <cstddef>
#include <cstdint>

#include "convnextpose/base/check.h"
#include "convnextpose/image/size.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto found = cnp::image::ReadSize({reinterpret_cast<const std::byte*>(data), size});
  if (!found.ok()) {
    CNP_CHECK(!found.error().message.empty(), "an error without words");
    return 0;
  }
  CNP_CHECK(found->width > 0 && found->height > 0, "a picture without pixels");
  CNP_CHECK(std::int64_t{found->width} * found->height <= cnp::image::kMaxPixels, "too large");
  return 0;
}
