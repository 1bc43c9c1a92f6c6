// What `bench` found, for people and for machines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/bench_runner.h"

namespace cnp::cli {

/// What was run. The network's multiply-adds are those of its published layers: M and L reach the
/// same result with fewer.
struct BenchCase {
  std::string network;  ///< Its name, e.g. "XS".
  std::string weights;  ///< "generated", or the file.
  int threads = 1;
  int batch = 1;
  std::int64_t macs = 0;  ///< Multiply-adds of a batch.
  double peak = 0;        ///< Multiply-adds a second that the machine can do on those threads.
};

struct LayerTime {
  std::string name;
  std::int64_t macs = 0;  ///< Of a batch, as the engine computes it; 0: not a convolution.
  double seconds = 0;     ///< Of all threads together, for a batch.
};

/// Of coordinates to our f32's, in heatmap cells.
struct Difference {
  double mean = 0;
  double largest = 0;
};

struct BenchResult {
  BenchCase what;
  std::string engine;  ///< "convnextpose" or a peer's name.
  std::string about;   ///< Version and settings of a peer.
  std::string precision;
  int runs = 0;
  Spread ms;  ///< Of a batch.
  Difference difference;
  double others = 0;             ///< Share of all cores that other programs used meanwhile.
  std::int64_t peak_memory = 0;  ///< Bytes, of the whole process.
  std::int64_t workspace = 0;    ///< Bytes; ours only.
  std::vector<LayerTime> layers;
};

double PicturesPerSecond(const BenchResult& result);
double MacsPerSecond(const BenchResult& result);

/// Our time over a peer's, by rounds in which both took turns.
struct BenchRatio {
  BenchCase what;
  std::string precision;  ///< Ours.
  std::string peer;
  Spread ratio;
};

/// Something that was asked for and could not be measured.
struct BenchGap {
  BenchCase what;
  std::string engine;
  std::string reason;
};

struct BenchReport {
  std::string cpu;
  int cores = 0;
  std::string isa;
  double peak = 0;  ///< Multiply-adds a second on all cores.
  std::vector<BenchResult> results;
  std::vector<BenchRatio> ratios;
  std::vector<BenchGap> gaps;
};

/// Tables.
std::string ToText(const BenchReport& report);
/// docs/formats.md.
std::string ToJson(const BenchReport& report);

}  // namespace cnp::cli
