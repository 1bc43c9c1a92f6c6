#include "convnextpose/synth/stock.h"

#include <cstdint>
#include <utility>

#include "convnextpose/synth/paint.h"

namespace cnp::synth {
namespace {

constexpr std::uint64_t kMadeBodies = 64;
constexpr std::uint64_t kPaintedOfEach = 12;
constexpr std::uint64_t kPatterns = 24;

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
