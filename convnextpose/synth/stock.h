// Assets made ready to draw: textures with their smaller copies, and what nobody brought made up.
#pragma once

#include <memory>
#include <vector>

#include "convnextpose/synth/assets.h"
#include "convnextpose/synth/texture.h"

namespace cnp::synth {

/// A body and how its surfaces are drawn.
struct DressedBody {
  std::shared_ptr<const Body> body;
  std::vector<std::shared_ptr<const Texture>> textures;  ///< A surface; null: none.
  std::vector<float> texels_a_metre;                     ///< A surface.
};

struct Scenery {
  std::shared_ptr<const Background> background;
  Texture texture;
};

/// All that pictures are composed of; const, shared by threads.
struct Stock {
  std::vector<DressedBody> bodies;
  std::vector<std::shared_ptr<const Motion>> motions;  ///< Empty: poses are made up.
  std::vector<Scenery> panoramas;
  std::vector<Scenery> photographs;
  std::vector<Texture> patterns;  ///< For things.
};

Stock MakeStock(const Assets& assets);

}  // namespace cnp::synth
