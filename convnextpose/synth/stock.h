// Assets made ready to draw: textures with their smaller copies, and what nobody brought made up.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "convnextpose/synth/assets.h"
#include "convnextpose/synth/dress.h"
#include "convnextpose/synth/texture.h"

namespace cnp::synth {

/// Made by whoever asks first, while others who ask wait. Thread-safe.
template <typename T>
class Lazy {
 public:
  explicit Lazy(std::function<T()> make) : make_(std::move(make)) {}

  [[nodiscard]] const T& Get() const {
    std::call_once(once_, [this] { value_.emplace(make_()); });
    return *value_;
  }

 private:
  std::function<T()> make_;
  mutable std::once_flag once_;
  mutable std::optional<T> value_;
};

template <typename T>
using LazyList = std::vector<std::unique_ptr<const Lazy<T>>>;

struct Scenery {
  std::shared_ptr<const Background> background;
  Texture texture;
};

/// All that pictures are composed of; const, shared by threads. What no picture needs is not made
/// ready, so that a few pictures do not wait for many.
struct Stock {
  LazyList<DressedBody> bodies;
  std::vector<std::shared_ptr<const Motion>> motions;  ///< Empty: poses are made up.
  LazyList<Scenery> panoramas;
  LazyList<Scenery> photographs;
  LazyList<Texture> patterns;  ///< For things.
};

Stock MakeStock(const Assets& assets);

}  // namespace cnp::synth
