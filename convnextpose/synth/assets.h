// What pictures are made from, from folders or out of nothing: people, motions, backgrounds. Loaded
// once, shared by all threads.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/image/image.h"
#include "convnextpose/synth/body.h"
#include "convnextpose/synth/motion.h"

namespace cnp::synth {

/// A picture to stand behind the people. A panorama is equirectangular, and comes with its light.
struct Background {
  std::string name;
  image::Image picture;
  bool panorama = false;
  /// Irradiance, 9 spherical-harmonics coefficients x RGB (data/synth/backgrounds/lights.json,
  /// whose `_about` holds axes, basis and scale); absent: guessed from the picture.
  std::optional<std::array<std::array<float, 3>, 9>> light;
};

/// Which files of a folder to use: those whose hash of the name falls into [begin, end). Training
/// takes [0, 0.9), say, the rest are other people in other motions to judge by.
struct Share {
  double begin = 0;
  double end = 1;
};
/// "0:0.9". Error: it is none, or empty.
Result<Share> ParseShare(const std::string& text);

struct AssetOptions {
  std::filesystem::path avatars;  ///< Folder of .glb with joints.json in it or beside; "" = none.
  std::filesystem::path motions;  ///< Folder of .bvh; "" = none.
  std::filesystem::path backgrounds;     ///< Folder of pictures; "" = none.
  std::string joint_table = "human36m";  ///< Of joints.json.
  Share share;
};

struct Assets {
  std::vector<std::shared_ptr<const Body>> bodies;
  std::vector<std::shared_ptr<const Motion>> motions;
  std::vector<std::shared_ptr<const Background>> backgrounds;
};

/// Reads the folders, a few files at once. Errors: a folder that is not there or holds nothing of
/// its kind, the first file that cannot be read (with its path).
Result<Assets> LoadAssets(const AssetOptions& options);

/// A glTF 2.0 binary file with one skin; `joints_json` says where the joints are
/// (data/synth/README). Morphs, animations, extensions are not read. Reads any bytes safely.
Result<Body> ReadAvatar(const std::filesystem::path& path, const std::filesystem::path& joints_json,
                        const std::string& joint_table);

/// A person made of nothing but numbers: skeleton with the avatars' bone names, a closed skinned
/// surface with hair and clothes in random textures. A pure function of the seed.
Body MakeBody(std::uint64_t seed);

/// A pose within the limits of human joints, standing, sitting, lying, exercising. A pure function
/// of the seed. For bodies with the avatars' bone names.
BodyPose MakePose(const Body& body, const Proportions& proportions, std::uint64_t seed);

/// Someone else's proportions: height, limbs and girth vary together and apart. Pure function.
Proportions MakeProportions(const Body& body, std::uint64_t seed);

}  // namespace cnp::synth
