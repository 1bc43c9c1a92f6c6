// Any bytes as a safetensors file.
#include "convnextpose/checkpoint/safetensors.h"
#include "fuzz/touch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cnp::fuzz::Touch(cnp::checkpoint::ReadSafetensors(cnp::fuzz::AsBytes(data, size)));
  return 0;
}
