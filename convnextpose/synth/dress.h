// A body's surfaces cut into garments, each of which can be dyed, or taken off, by itself.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "convnextpose/synth/body.h"
#include "convnextpose/synth/random.h"
#include "convnextpose/synth/recolor.h"
#include "convnextpose/synth/texture.h"

namespace cnp::synth {

/// By the bones that hold it.
enum class Garment : std::uint8_t {
  kTrunk,
  kUpperArms,
  kForearms,
  kHips,
  kThighs,
  kShins,
  kFeet,
  kOther
};
inline constexpr std::size_t kGarments = 8;

/// A value for each garment.
template <typename T>
struct ByGarment {
  std::array<T, kGarments> values{};
  T& operator[](Garment garment) { return values[static_cast<std::size_t>(garment)]; }
  const T& operator[](Garment garment) const { return values[static_cast<std::size_t>(garment)]; }
};

/// Triangles of one surface and one garment.
struct DressedPart {
  Garment garment = Garment::kOther;
  std::vector<std::uint32_t> indices;               ///< Three a triangle.
  std::shared_ptr<const Texture> texture;           ///< Null: none.
  Eigen::Vector3f color = Eigen::Vector3f::Ones();  ///< Linear, multiplies the texture.
  float texels_a_metre = 1;
};

/// A body and how it is drawn. Colours are linear, of textures.
struct DressedBody {
  std::shared_ptr<const Body> body;
  std::vector<DressedPart> parts;
  ByGarment<Eigen::Vector3f> cloth;     ///< Means of what can be dyed.
  std::optional<Eigen::Vector3f> skin;  ///< Mean, where clothes are painted on a body whose hands
                                        ///< show it.
};

DressedBody Dress(const std::shared_ptr<const Body>& body);

/// Clothes of one colour or of two, or as they came; where there is skin, sometimes without
/// sleeves, without a shirt, in shorts or in trunks, barefoot.
ByGarment<Dye> MakeOutfit(const DressedBody& dressed, Random& random);

}  // namespace cnp::synth
