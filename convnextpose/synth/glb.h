// glTF 2.0 binary files, as far as a skinned person needs: triangles, one skin, pictures inside.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/synth/body.h"

namespace cnp::synth {

/// A file's person, whose pictures are still encoded: decoding needs other libraries.
struct Glb {
  Body body;  ///< No textures, no joints.
  /// Of each surface of `body`: the file's bytes of its picture; empty: none.
  std::vector<std::span<const std::byte>> pictures;
};

/// `pictures` points into `file`; `name` stands in messages. The bind pose is what the skin's
/// inverse bind matrices say, which must be rigid. Errors: not such a file, damaged, larger than
/// what a person needs. Reads any bytes safely.
Result<Glb> ParseGlb(std::span<const std::byte> file, const std::string& name);

}  // namespace cnp::synth
