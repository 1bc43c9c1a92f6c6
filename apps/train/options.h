// What the command line and the configuration file say.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/train/augment.h"
#include "convnextpose/train/trainer.h"

namespace cnp::train_app {

struct TrainOptions {
  std::vector<std::string> data;      ///< KIND:DIR.
  std::vector<std::string> validate;  ///< KIND:DIR.
  std::string avatars;
  std::string motions;
  std::string backgrounds;
  std::string share = "0:0.9";
  std::int64_t rendered_per_epoch = 20'000;
  int subsample = 0;
  bool synth = false;
  bool lift = false;
  int lift_people = 60'000;

  bool continued = false;
  bool no_mirror = false;
  bool print_config = false;
  int batch = 32;
  std::int64_t epochs = 0;  ///< 0: as the schedule of inputs says, else 70.
  std::string variant;
  std::string init;
  std::string input = "256";
  std::string optimizer = "adamw";
  train::Recipe recipe;  ///< But for its optimizer.
  train::Augmentation augmentation;

  std::string out;
  std::string save_every = "5min";
  double minutes = 0;
  std::int64_t cache_mb = 1024;
  int keep = 3;
  int log_every = 50;
  int feed_threads = 0;
};

/// All options, with examples in the help, and --config.
void Register(CLI::App& app, TrainOptions& options);

/// How often the state is saved; 0: not by this measure.
struct SaveInterval {
  double seconds = 0;
  std::int64_t steps = 0;
};
/// "5min" or "500steps". Errors: another text.
Result<SaveInterval> ParseSaveEvery(const std::string& text);

/// What options contradict each other, or are missing.
Status Check(const TrainOptions& options);

}  // namespace cnp::train_app
