#include "convnextpose/synth/stock.h"

#include <cmath>
#include <cstdint>
#include <utility>

#include "convnextpose/synth/paint.h"
#include "convnextpose/synth/recolor.h"

namespace cnp::synth {
namespace {

constexpr std::uint64_t kMadeBodies = 64;
constexpr std::uint64_t kPaintedOfEach = 12;
constexpr std::uint64_t kPatterns = 24;

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

DressedBody Dress(const std::shared_ptr<const Body>& body) {
  DressedBody dressed{.body = body, .textures = {}, .texels_a_metre = {}};
  for (const Surface& surface : body->surfaces) {
    std::shared_ptr<const Texture> texture;
    float texels = 1;
    if (surface.texture != nullptr) {
      const std::vector<std::uint8_t> mask = ClothMask(*body, surface);
      texture = std::make_shared<const Texture>(MakeTexture(*surface.texture, mask));
      texels = TexelsAMetre(*body, surface, *texture);
    }
    dressed.textures.push_back(std::move(texture));
    dressed.texels_a_metre.push_back(texels);
  }
  return dressed;
}

template <typename T, typename Make>
void Add(LazyList<T>& list, const Make& make) {
  list.push_back(std::make_unique<const Lazy<T>>(make));
}

void AddScenery(const std::shared_ptr<const Background>& background, Stock& stock) {
  Add(background->panorama ? stock.panoramas : stock.photographs, [background] {
    return Scenery{.background = background, .texture = MakeTexture(background->picture)};
  });
}

void AddPaintedScenery(Stock& stock) {
  for (std::uint64_t i = 0; i < kPaintedOfEach; ++i) {
    for (const bool panorama : {true, false}) {
      Add(panorama ? stock.panoramas : stock.photographs, [i, panorama] {
        auto painted = std::make_shared<const Background>(PaintBackground(Random(i, 7), panorama));
        Texture texture = MakeTexture(painted->picture);
        return Scenery{.background = std::move(painted), .texture = std::move(texture)};
      });
    }
  }
}

}  // namespace

Stock MakeStock(const Assets& assets) {
  Stock stock;
  for (const auto& body : assets.bodies) Add(stock.bodies, [body] { return Dress(body); });
  for (std::uint64_t i = 0; i < kMadeBodies && assets.bodies.empty(); ++i) {
    Add(stock.bodies, [i] { return Dress(std::make_shared<const Body>(MakeBody(i))); });
  }
  stock.motions = assets.motions;
  for (const auto& background : assets.backgrounds) AddScenery(background, stock);
  if (assets.backgrounds.empty()) AddPaintedScenery(stock);
  for (std::uint64_t i = 0; i < kPatterns; ++i) {
    Add(stock.patterns, [i] { return MakeTexture(PaintPattern(Random(i, 11), 128, 128)); });
  }
  return stock;
}

}  // namespace cnp::synth
