// Rendered people as files: pictures cut around them, labels in Human3.6M's layout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apps/cli/human36m_files.h"
#include "convnextpose/base/result.h"
#include "convnextpose/image/image.h"
#include "convnextpose/synth/generator.h"

namespace cnp::cli {

/// One rendered person, cut out: the picture's own camera and labels.
struct Shot {
  image::Image picture;
  int width = 0;  ///< Of the picture.
  int height = 0;
  pose::Camera camera;
  pose::Box box;
  std::vector<pose::Vec3> camera_mm;
  std::vector<pose::Vec2> image_px;
};

/// Draws the part of the nominal picture around the person: half as large again as the network's
/// box, for training turns and moves it; no pixel outside the nominal picture. The longer side has
/// `size` pixels.
Shot TakeShot(const synth::Generator& generator, const synth::SceneOptions& options,
              std::uint64_t seed, int size);

struct SynthSetOptions {
  std::filesystem::path folder;  ///< Must exist.
  std::int64_t count = 0;
  std::uint64_t seed = 0;  ///< Picture i has the scene of a seed that follows from this and i.
  int size = 256;
  int threads = 0;
  std::vector<int> subjects;  ///< Pictures go to these in turn. Not empty.
  int kept = 0;               ///< So many shots stay in memory, for a preview.
};

/// Draws and writes all. `advance` is told now and then how many are done, from the calling thread;
/// `stopped` is asked before each picture, from any thread: once it says so, there is an error
/// soon. Every picture has a camera of its own, whose space is the world, and a frame that training
/// and testing both read. Returns the first `kept` shots.
Result<std::vector<Shot>> WriteSynthSet(const synth::Generator& generator,
                                        const synth::SceneOptions& scenes,
                                        const SynthSetOptions& options,
                                        const std::function<void(std::int64_t)>& advance,
                                        const std::function<bool()>& stopped);

}  // namespace cnp::cli
