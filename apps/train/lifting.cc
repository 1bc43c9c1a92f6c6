#include "apps/train/lifting.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include "convnextpose/base/thread_pool.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/synth/random.h"
#include "convnextpose/train/examples.h"
#include "convnextpose/train/lifter.h"
#include "convnextpose/train/target.h"

namespace cnp::train_app {
namespace {

using train::Labels;
using train::Lifter;

constexpr int kPeople = 60'000;
constexpr int kJudges = 2'000;              // Of them, not learned from.
constexpr std::uint64_t kPurpose = 0x11F7;  // No scene of the training itself.

std::vector<Labels> ComposePeople(const synth::Generator& generator, std::uint64_t seed,
                                  int threads) {
  std::vector<Labels> people(kPeople);
  ThreadPool pool(threads);
  pool.ParallelFor(kPeople, [&](int i, int /*worker*/) {
    const auto number = synth::Scramble(seed + kPurpose) + static_cast<std::uint64_t>(i);
    const synth::Scene scene = generator.Compose(synth::Scramble(number));
    people[static_cast<std::size_t>(i)] = train::LabelsOf(scene.subject());
  });
  return people;
}

/// Those whom a lens does not bend out of all shape.
bool IsUsable(const Labels& person) {
  constexpr double kFarthestMm = 1500;
  return std::all_of(person.labelled.begin(), person.labelled.end(),
                     [](auto l) { return l != 0; }) &&
         std::all_of(person.depth_mm.begin(), person.depth_mm.end(),
                     [](double z) { return std::abs(z) < kFarthestMm; });
}

double MeanError(const Lifter& lifter, std::span<const Labels> people) {
  const std::vector<std::vector<double>> found = lifter.Depths(people);
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < people.size(); ++i) {
    for (std::size_t j = 0; j < found[i].size(); ++j) {
      sum += std::abs(found[i][j] - people[i].depth_mm[j]);
      ++count;
    }
  }
  return sum / static_cast<double>(std::max<std::size_t>(1, count));
}

Result<std::unique_ptr<Lifter>> OpenLifter(const synth::Generator& generator,
                                           const LiftingOptions& options) {
  const std::filesystem::path path = options.folder / "lifter.safetensors";
  std::error_code error;
  if (std::filesystem::exists(path, error)) return Lifter::Read(path);
  fmt::print(stderr, "learning how deep joints lie from {} people; once a run\n", kPeople);
  std::vector<Labels> people = ComposePeople(generator, options.seed, options.threads);
  people.erase(std::remove_if(people.begin(), people.end(),
                              [](const Labels& person) { return !IsUsable(person); }),
               people.end());
  const std::span<const Labels> all(people);
  const std::size_t judges = std::min<std::size_t>(kJudges, all.size() / 10);
  std::unique_ptr<Lifter> lifter =
      Lifter::Learn(all.subspan(judges), {.seed = options.seed, .threads = options.threads});
  fmt::print(stderr, "depths are {:.0f} mm off in the mean, of people not learned from\n",
             MeanError(*lifter, all.first(judges)));
  std::filesystem::create_directories(options.folder, error);
  CNP_RETURN_IF_ERROR(lifter->Write(path));
  return lifter;
}

}  // namespace

Result<std::vector<std::vector<std::vector<double>>>> LiftDepths(
    const std::vector<datasets::Dataset>& sets, const synth::Generator& generator,
    const LiftingOptions& options) {
  const bool leads = options.collective == nullptr || options.collective->membership().rank == 0;
  std::unique_ptr<Lifter> lifter;
  if (leads) {
    CNP_ASSIGN(lifter, OpenLifter(generator, options));
  }
  if (options.collective != nullptr) {
    CNP_ASSIGN(lifter, Lifter::Share(std::move(lifter), *options.collective));
  }
  std::vector<std::vector<std::vector<double>>> depths;
  std::size_t lifted = 0;
  for (const datasets::Dataset& set : sets) {
    std::vector<Labels> people;
    for (const datasets::Sample& sample : set.samples) {
      people.push_back(
          train::MatchLabels(*set.joints, sample.image_px, sample.visible, {}, pose::Human36m()));
    }
    depths.push_back(lifter->Depths(people));
    for (const std::vector<double>& person : depths.back()) lifted += person.empty() ? 0 : 1;
  }
  if (leads) fmt::print(stderr, "{} people of the sets have lifted depths\n", lifted);
  return depths;
}

}  // namespace cnp::train_app
