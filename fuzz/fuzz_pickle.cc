// Any bytes as the data.pkl of a PyTorch archive whose storages are all there, a few zeros each.
#include "convnextpose/checkpoint/pickle.h"

#include <array>

#include "convnextpose/checkpoint/torch_object.h"
#include "fuzz/touch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cnp::checkpoint;  // NOLINT(google-build-using-namespace)
  static constexpr std::array<std::byte, 4096> storage{};
  const auto pickle = ReadPickle(cnp::fuzz::AsBytes(data, size));
  if (!pickle.ok()) return 0;
  cnp::fuzz::Touch(ReadTorchObject(*pickle, [](const StorageRef&) -> cnp::Result<Content> {
    return Content{storage, nullptr};
  }));
  return 0;
}
