#include "apps/cli/default_weights.h"

#include <array>
#include <system_error>

namespace cnp::cli {

Result<std::filesystem::path> DefaultWeights() {
  namespace fs = std::filesystem;
  constexpr const char* kName = "convnextpose_xs.safetensors";
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const std::array places = {
      program.parent_path().parent_path() / "share" / "convnextpose" / kName,
      fs::path(CNP_ASSETS) / kName,
  };
  for (const fs::path& place : places) {
    if (fs::is_regular_file(place, error)) return place;
  }
  return Error{"the weights that come with the program are not at " + places[0].string() +
               " nor at " + places[1].string() + "; name a checkpoint with --weights"};
}

}  // namespace cnp::cli
