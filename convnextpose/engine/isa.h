// Which instruction set the kernels run on: the best of the machine, unless one is forced.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "convnextpose/base/result.h"

namespace cnp::engine {

/// Names of the instruction sets that this build has code for and this machine can run, best
/// first: e.g. {"AMX", "AVX3_DL", "AVX2"} (Highway's names, AVX3 being AVX-512; AMX is AVX3_DL with
/// matrix products by tiles).
std::vector<std::string> SupportedIsas();

/// The one that kernels called now run on: asked of a kernel.
std::string CurrentIsa();

/// Makes every kernel of this process run on `name` ("auto": the best). Not thread-safe: call it
/// before the first network runs. Error: lists what this machine has.
Status ForceIsa(std::string_view name);

/// Is that the first of SupportedIsas()? Kernels may ask: it allocates nothing.
bool OnBestIsa();

/// Are matrix products computed by tiles (kernels/tile_pointwise.h)?
bool TilesChosen();

}  // namespace cnp::engine
