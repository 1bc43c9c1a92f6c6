// Any bytes as a GLB file; and, where it is one, as the text that says where its joints are.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "convnextpose/base/check.h"
#include "convnextpose/synth/glb.h"
#include "convnextpose/synth/joint_rules.h"
#include "convnextpose/synth/lights.h"
#include "fuzz/touch.h"

namespace {

using cnp::synth::Body;
using cnp::synth::Glb;

// What skinning and drawing rely on.
void CheckBones(const Body& body) {
  CNP_CHECK(!body.bones.empty() && body.bones.size() <= 256, "bones");
  for (std::size_t i = 0; i < body.bones.size(); ++i) {
    const cnp::synth::Bone& bone = body.bones[i];
    CNP_CHECK(bone.parent < static_cast<int>(i) && (bone.parent >= 0 || i == 0), "parents");
    CNP_CHECK(bone.rest.matrix().allFinite() && bone.inverse_bind.matrix().allFinite(), "matrices");
  }
}

void CheckVertices(const Body& body) {
  const std::size_t count = body.positions.size();
  CNP_CHECK(count > 0 && body.normals.size() == count && body.holds.size() == count &&
                body.texture_coordinates.size() == count,
            "vertices in parts");
  for (std::size_t i = 0; i < count; ++i) {
    CNP_CHECK(body.positions[i].allFinite() && body.texture_coordinates[i].allFinite(), "places");
    CNP_CHECK(std::abs(body.normals[i].norm() - 1) < 1e-3F, "a normal is not of unit length");
    float sum = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      CNP_CHECK(body.holds[i].bone[k] < body.bones.size(), "a bone that is not there");
      sum += body.holds[i].weight[k];
    }
    CNP_CHECK(std::abs(sum - 1) < 1e-3F, "weights");
  }
}

void Check(const Glb& glb) {
  CheckBones(glb.body);
  CheckVertices(glb.body);
  CNP_CHECK(glb.pictures.size() == glb.body.surfaces.size(), "pictures");
  for (const auto picture : glb.pictures) cnp::fuzz::Touch(picture);
  for (const auto& surface : glb.body.surfaces) {
    CNP_CHECK(surface.indices.size() % 3 == 0, "triangles");
    for (const std::uint32_t index : surface.indices) {
      CNP_CHECK(index < glb.body.positions.size(), "a corner that is not there");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto glb = cnp::synth::ParseGlb(cnp::fuzz::AsBytes(data, size), "fuzz");
  if (glb.ok()) return Check(*glb), 0;
  CNP_CHECK(!glb.error().message.empty(), "an error without words");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<cnp::synth::Bone> bones = {{.name = "Hips"}, {.name = "Head", .parent = 0}};
  const auto rules = cnp::synth::ParseJointRules(text, "fuzz", "human36m", "A", bones);
  for (std::size_t j = 0; rules.ok() && j < rules->size(); ++j) {
    for (const auto& term : (*rules)[j]) {
      CNP_CHECK(term.bone >= 0 && term.bone < 2 && term.offset.allFinite(), "a term");
    }
  }
  const auto lights = cnp::synth::ParseLights(text, "fuzz");
  CNP_CHECK(lights.ok() || !lights.error().message.empty(), "an error without words");
  return 0;
}
