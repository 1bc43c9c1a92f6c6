#include "apps/train/lifting.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "apps/cli/progress.h"
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

constexpr int kMostJudges = 2'000;          // People who are not learned from.
constexpr std::uint64_t kPurpose = 0x11F7;  // No scene of the training itself.

bool Stopped(const LiftingOptions& options) { return options.stop != nullptr && *options.stop; }

/// Fewer where it is stopped.
std::vector<Labels> ComposePeople(const synth::Generator& generator,
                                  const LiftingOptions& options) {
  std::vector<Labels> people(static_cast<std::size_t>(options.people));
  ThreadPool pool(options.threads);
  cli::Progress progress("people", people.size());
  std::atomic<std::size_t> done = 0;
  pool.ParallelFor(options.people, [&](int i, int worker) {
    if (Stopped(options)) return;
    const auto number = synth::Scramble(options.seed + kPurpose) + static_cast<std::uint64_t>(i);
    const synth::Scene scene = generator.Compose(synth::Scramble(number));
    people[static_cast<std::size_t>(i)] = train::LabelsOf(scene.subject());
    const std::size_t now = ++done;
    if (worker == 0) progress.AdvanceTo(now);
  });
  return people;
}

std::unique_ptr<Lifter> Learn(std::span<const Labels> people, const LiftingOptions& options) {
  std::optional<cli::Progress> progress;
  const auto proceed = [&](std::int64_t done, std::int64_t all) {
    if (!progress) progress.emplace("learning", static_cast<std::size_t>(all));
    progress->AdvanceTo(static_cast<std::size_t>(done));
    return !Stopped(options);
  };
  return Lifter::Learn(people, {.seed = options.seed, .threads = options.threads}, proceed);
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

/// Null where it is stopped.
Result<std::unique_ptr<Lifter>> OpenLifter(const synth::Generator& generator,
                                           const LiftingOptions& options) {
  const std::filesystem::path path = options.folder / "lifter.safetensors";
  std::error_code error;
  if (std::filesystem::exists(path, error)) return Lifter::Read(path);
  fmt::print(stderr, "learning how deep joints lie from {} people; once a run\n", options.people);
  std::vector<Labels> people = ComposePeople(generator, options);
  if (Stopped(options)) return std::unique_ptr<Lifter>();
  people.erase(std::remove_if(people.begin(), people.end(),
                              [](const Labels& person) { return !IsUsable(person); }),
               people.end());
  const std::span<const Labels> all(people);
  const std::size_t judges = std::min<std::size_t>(kMostJudges, all.size() / 10);
  std::unique_ptr<Lifter> lifter = Learn(all.subspan(judges), options);
  if (lifter == nullptr) return lifter;
  fmt::print(stderr, "depths are {:.0f} mm off in the mean, of people not learned from\n",
             MeanError(*lifter, all.first(judges)));
  std::filesystem::create_directories(options.folder, error);
  CNP_RETURN_IF_ERROR(lifter->Write(path));
  return lifter;
}

}  // namespace

Result<std::optional<SetDepths>> LiftDepths(const std::vector<datasets::Dataset>& sets,
                                            const synth::Generator& generator,
                                            const LiftingOptions& options) {
  const bool leads = options.collective == nullptr || options.collective->membership().rank == 0;
  std::unique_ptr<Lifter> lifter;
  if (leads) {
    CNP_ASSIGN(lifter, OpenLifter(generator, options));
    // The other processes take it for lost, and end.
    if (lifter == nullptr) return std::optional<SetDepths>();
  }
  if (options.collective != nullptr) {
    CNP_ASSIGN(lifter, Lifter::Share(std::move(lifter), *options.collective));
  }
  SetDepths depths;
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
  return std::optional(std::move(depths));
}

}  // namespace cnp::train_app
