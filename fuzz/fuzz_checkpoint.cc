// Any bytes through the front door: detection of the form, archives in archives, all readers.
#include "fuzz/touch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cnp::fuzz::Touch(cnp::checkpoint::ReadBytes(cnp::fuzz::AsBytes(data, size), "fuzz"));
  return 0;
}
