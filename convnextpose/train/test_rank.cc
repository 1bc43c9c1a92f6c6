// One process of collective_test's trainings, its place in the launcher's variables:
//   test_rank steps FOLDER       takes three steps; leaves loss0, first0, state0 and lifter0 (of
//                                rank 0), then is given more or fewer pictures than the others
//   test_rank forever FOLDER     goes on until something is wrong
//   test_rank stop FOLDER RANK   that rank sleeps for longer than the patience, then is frozen
// What was wrong is in message0.
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <thread>

#include "convnextpose/pose/joint_set.h"
#include "convnextpose/train/collective.h"
#include "convnextpose/train/lifter.h"
#include "convnextpose/train/test_batch.h"
#include "convnextpose/train/test_ranks.h"
#include "convnextpose/train/trainer.h"

namespace cnp::train {
namespace {

class Rank {
 public:
  explicit Rank(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Status Join() {
    CNP_ASSIGN(self_, MembershipFromEnvironment());
    CNP_ASSIGN(collective_, Collective::Join(self_, kJoinSeconds, kPatienceSeconds));
    CNP_ASSIGN(trainer_, Trainer::Create(TinySpec(), kRankRecipe, 10, nullptr, collective_.get()));
    return {};
  }

  /// The first one's, who alone has one.
  Status ShareLifter() {
    std::unique_ptr<Lifter> lifter;
    if (self_.rank == 0) {
      const auto joints = static_cast<std::size_t>(pose::Human36m().size());
      const Labels person{std::vector<pose::Vec2>(joints, {1, 2}),
                          std::vector<std::uint8_t>(joints, 1), std::vector<double>(joints, 3)};
      lifter = Lifter::Learn(std::vector(8, person), {.epochs = 1, .batch = 4, .width = 16});
    }
    CNP_ASSIGN(lifter, Lifter::Share(std::move(lifter), *collective_));
    return lifter->Write(Mine("lifter"));
  }

  Status TakeSteps() {
    CNP_RETURN_IF_ERROR(ShareLifter());
    std::ofstream losses(Mine("loss"));
    losses.precision(9);
    for (int i = 0; i < kRankSteps; ++i) {
      const int each = kRankPictures / self_.world;
      CNP_ASSIGN(const StepReport report,
                 trainer_->Step(PartOf(WholeBatch(i), self_.rank * each, each)));
      losses << report.loss << " " << report.error_xy << " " << report.error_z << "\n";
      if (i == 0) CNP_RETURN_IF_ERROR(trainer_->SaveState(Mine("first")));
    }
    CNP_RETURN_IF_ERROR(trainer_->SaveState(Mine("state")));
    return trainer_->Step(PartOf(WholeBatch(0), 0, 1 + self_.rank)).error();
  }

  Status GoOn(int stopped) {
    for (int i = 0;; ++i) {
      if (i == 1 && stopped == self_.rank) {
        std::this_thread::sleep_for(std::chrono::duration<double>(1.3 * kPatienceSeconds));
      }
      if (i == 2) std::ofstream(Mine("running")) << "";
      if (i == 2 && stopped == self_.rank) ::raise(SIGSTOP);
      const auto report = trainer_->Step(PartOf(WholeBatch(0), self_.rank, 1));
      if (!report.ok()) return report.error();
    }
  }

  [[nodiscard]] std::filesystem::path Mine(const char* name) const {
    return folder_ / (name + std::to_string(self_.rank));
  }

 private:
  std::filesystem::path folder_;
  Membership self_;
  std::unique_ptr<Collective> collective_;
  std::unique_ptr<Trainer> trainer_;
};

int Main(std::string_view what, const char* folder, const char* stopped) {
  Rank rank(folder);
  Status status = rank.Join();
  if (status.ok()) {
    status =
        what == "steps" ? rank.TakeSteps() : rank.GoOn(what == "stop" ? std::atoi(stopped) : -1);
  }
  std::ofstream(rank.Mine("message")) << status.error().message;
  return 0;
}

}  // namespace
}  // namespace cnp::train

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  return cnp::train::Main(argv[1], argv[2], argc > 3 ? argv[3] : "");
}
