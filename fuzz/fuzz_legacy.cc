// Any bytes as a legacy stream.
#include "convnextpose/checkpoint/legacy.h"
#include "fuzz/touch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cnp::fuzz::Touch(cnp::checkpoint::ReadLegacy(cnp::fuzz::AsBytes(data, size)));
  return 0;
}
