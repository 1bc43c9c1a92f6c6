// Where a network's time goes, layer by layer.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace cnp::engine {

/// A layer as the engine times it. Layers without arithmetic of their own are in none.
struct TimedLayer {
  std::string name;  ///< As in model::Layers: "backbone.stages.0.0.pwconv1".
  /// Of one picture, as the network is computed here; 0 where it is no convolution.
  std::int64_t macs = 0;
};

/// Seconds of work by layer, filled by a Session (Session::SetProfile). Give each session its own.
class Profile {
 public:
  using Clock = std::chrono::steady_clock;

  /// Of all threads together, by index into Network::timed_layers().
  [[nodiscard]] std::vector<double> Seconds() const;

  /// Called by the session: makes room, and forgets what was there.
  void Reset(int layers, int threads);
  /// Called by worker `thread` only.
  void Add(int layer, int thread, Clock::duration time) { times_[thread][layer] += time; }

 private:
  std::vector<std::vector<Clock::duration>> times_;  // [thread][layer]
};

/// Adds the time of its life to a profile; does nothing without one.
class LayerTimer {
 public:
  LayerTimer(Profile* profile, int layer, int thread)
      : profile_(profile), layer_(layer), thread_(thread) {
    if (profile_ != nullptr) begin_ = Profile::Clock::now();
  }
  ~LayerTimer() {
    if (profile_ != nullptr) profile_->Add(layer_, thread_, Profile::Clock::now() - begin_);
  }
  LayerTimer(const LayerTimer&) = delete;
  LayerTimer& operator=(const LayerTimer&) = delete;

 private:
  Profile* profile_;
  int layer_;
  int thread_;
  Profile::Clock::time_point begin_;
};

}  // namespace cnp::engine
