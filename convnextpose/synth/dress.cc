#include "convnextpose/synth/dress.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "convnextpose/synth/light.h"

namespace cnp::synth {
namespace {

using Eigen::Vector3f;

// How many texels a metre of the surface has, from the areas of its triangles.
float TexelsAMetre(const Body& body, const Surface& surface, const Texture& texture) {
  double metres = 0;
  double texels = 0;
  for (std::size_t i = 0; i + 2 < surface.indices.size(); i += 3) {
    const std::uint32_t a = surface.indices[i];
    const std::uint32_t b = surface.indices[i + 1];
    const std::uint32_t c = surface.indices[i + 2];
    metres +=
        (body.positions[b] - body.positions[a]).cross(body.positions[c] - body.positions[a]).norm();
    const Eigen::Vector2f u = body.texture_coordinates[b] - body.texture_coordinates[a];
    const Eigen::Vector2f v = body.texture_coordinates[c] - body.texture_coordinates[a];
    texels += std::abs(u.x() * v.y() - u.y() * v.x());
  }
  texels *= static_cast<double>(texture.levels[0].width) * texture.levels[0].height;
  return metres > 0 ? static_cast<float>(std::sqrt(texels / metres)) : 1;
}

Garment GarmentOn(std::string_view bone) {
  const auto has = [&](std::string_view name) { return bone.find(name) != bone.npos; };
  if (has("ForeArm")) return Garment::kForearms;
  if (has("Hand") || has("Head")) return Garment::kOther;
  if (has("Arm")) return Garment::kUpperArms;
  if (has("Hips")) return Garment::kHips;
  if (has("UpLeg")) return Garment::kThighs;
  if (has("Leg")) return Garment::kShins;
  if (has("Foot") || has("Toe")) return Garment::kFeet;
  return Garment::kTrunk;
}

// Of the bone that pulls a triangle's first corner most.
Garment GarmentOf(const Body& body, std::uint32_t corner) {
  const Hold& hold = body.holds[corner];
  const auto most = std::max_element(hold.weight.begin(), hold.weight.end());
  const auto i = static_cast<std::size_t>(most - hold.weight.begin());
  return GarmentOn(body.bones[hold.bone[i]].name);
}

// Sums the colours of texels at triangles' corners, by how much they can be dyed.
class ClothMeans {
 public:
  ClothMeans() { sums_.values.fill(Vector3f::Zero()); }

  void Add(const Body& body, const DressedPart& part) {
    if (part.texture == nullptr) return;
    for (const std::uint32_t corner : part.indices) {
      const Eigen::Vector2f& at = body.texture_coordinates[corner];
      const std::uint32_t texel = Sample(part.texture->levels[0], at.x(), at.y(), Edges::kRepeat);
      const auto mask = static_cast<float>(texel >> 24) / 255;
      sums_[part.garment] += mask * LinearTexel(texel);
      weights_[part.garment] += mask;
    }
  }

  [[nodiscard]] ByGarment<Vector3f> Means() const {
    ByGarment<Vector3f> means;
    for (std::size_t i = 0; i < kGarments; ++i) {
      const float weight = weights_.values[i];
      means.values[i] =
          weight > 0 ? Vector3f(sums_.values[i] / weight) : Vector3f(Vector3f::Constant(0.2F));
    }
    return means;
  }

 private:
  ByGarment<Vector3f> sums_;
  ByGarment<float> weights_;
};

void DressSurface(const Body& body, const Surface& surface, std::vector<DressedPart>& parts) {
  std::shared_ptr<const Texture> texture;
  float texels = 1;
  if (surface.texture != nullptr) {
    texture =
        std::make_shared<const Texture>(MakeTexture(*surface.texture, ClothMask(body, surface)));
    texels = TexelsAMetre(body, surface, *texture);
  }
  ByGarment<std::vector<std::uint32_t>> indices;
  for (std::size_t i = 0; i + 2 < surface.indices.size(); i += 3) {
    auto& garment = indices[GarmentOf(body, surface.indices[i])];
    for (std::size_t k = 0; k < 3; ++k) garment.push_back(surface.indices[i + k]);
  }
  for (std::size_t i = 0; i < kGarments; ++i) {
    if (indices.values[i].empty()) continue;
    DressedPart part;
    part.garment = static_cast<Garment>(i);
    part.indices = std::move(indices.values[i]);
    part.texture = texture;
    for (Eigen::Index c = 0; c < 3; ++c) {
      part.color[c] = Linear(255 * surface.color[static_cast<std::size_t>(c)]);
    }
    part.texels_a_metre = texels;
    parts.push_back(std::move(part));
  }
}

}  // namespace

DressedBody Dress(const std::shared_ptr<const Body>& body) {
  DressedBody dressed;
  dressed.body = body;
  for (const Surface& surface : body->surfaces) {
    DressSurface(*body, surface, dressed.parts);
    if (surface.kind == Surface::Kind::kUnknown && surface.texture != nullptr && !dressed.skin) {
      dressed.skin = SkinColor(*body, surface);
    }
  }
  ClothMeans means;
  for (const DressedPart& part : dressed.parts) means.Add(*body, part);
  dressed.cloth = means.Means();
  return dressed;
}

ByGarment<Dye> MakeOutfit(const DressedBody& dressed, Random& random) {
  using enum Garment;
  constexpr double kDyed = 0.7;
  ByGarment<Dye> outfit;
  const auto dye = [&](Garment like, std::initializer_list<Garment> garments) {
    const Dye color = random.Chance(kDyed) ? MakeDye(dressed.cloth[like], random) : Dye{};
    for (const Garment garment : garments) outfit[garment] = color;
  };
  dye(kTrunk, {kTrunk, kUpperArms, kForearms, kHips, kThighs, kShins, kOther});
  if (random.Chance(0.7)) dye(kThighs, {kHips, kThighs, kShins});
  dye(kFeet, {kFeet});
  if (!dressed.skin) return outfit;
  const auto bare = [&](Garment garment) {
    outfit[garment] = SkinDye(dressed.cloth[garment], *dressed.skin);
  };
  const double above = random.Unit();
  if (above < 0.40) bare(kForearms);
  if (above < 0.25) bare(kUpperArms);
  if (above < 0.15) bare(kTrunk);
  const double below = random.Unit();
  if (below < 0.40) bare(kShins);
  if (below < 0.15) bare(kThighs);
  if (below < 0.40 && random.Chance(0.4)) bare(kFeet);
  return outfit;
}

}  // namespace cnp::synth
