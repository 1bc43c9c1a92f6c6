// Several processes over loopback. Each rank is this program again, for a child that only forks
// would lack the threads that LibTorch may have started before.
#include "convnextpose/train/collective.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "convnextpose/train/test_batch.h"
#include "convnextpose/train/training.h"

namespace cnp::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr int kPictures = 4;
constexpr double kTimeout = 20;

const Recipe kRecipe = {.warmup_epochs = 0, .drop_path = 0.5, .seed = 3};

int FreePort() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  EXPECT_EQ(0, ::bind(listener, reinterpret_cast<sockaddr*>(&address), length));
  EXPECT_EQ(0, ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length));
  ::close(listener);
  return ntohs(address.sin_port);
}

using Variables = std::vector<std::pair<std::string, std::string>>;

class Environment {
 public:
  explicit Environment(const Variables& values) : values_(values) {
    for (const auto& [name, value] : values_) ::setenv(name.c_str(), value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    for (const auto& [name, value] : values_) ::unsetenv(name.c_str());
  }

 private:
  Variables values_;
};

/// Starts this program again, for one test alone, as that rank; what it says is in `log`.
pid_t StartRank(const std::string& test, int rank, int port, const fs::path& folder) {
  const std::string filter = "--gtest_filter=" + test;
  const std::string log = (folder / ("log" + std::to_string(rank))).string();
  const std::string program = fs::read_symlink("/proc/self/exe").string();
  const Environment environment({{"RANK", std::to_string(rank)},
                                 {"WORLD_SIZE", "2"},
                                 {"LOCAL_RANK", std::to_string(rank)},
                                 {"MASTER_PORT", std::to_string(port)},
                                 {"CNP_RANK_FOLDER", folder.string()}});
  const pid_t child = ::fork();
  if (child == 0) {
    if (std::freopen(log.c_str(), "w", stdout) == nullptr) ::_exit(3);
    ::dup2(::fileno(stdout), 2);
    ::execl(program.c_str(), program.c_str(), filter.c_str(), nullptr);
    ::_exit(4);
  }
  return child;
}

int ExitOf(pid_t child) {
  int status = 0;
  EXPECT_EQ(child, ::waitpid(child, &status, 0));
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The part that a rank plays; skipped unless started by StartRank.
class RankTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("CNP_RANK_FOLDER") == nullptr) GTEST_SKIP() << "a part of another test";
    folder_ = std::getenv("CNP_RANK_FOLDER");
    self_ = MembershipFromEnvironment().value();
    auto joined = Collective::Join(self_, kTimeout);
    ASSERT_TRUE(joined.ok()) << joined.error().message;
    collective_ = std::move(joined).value();
    trainer_ = Trainer::Create(TinySpec(), kRecipe, 10, nullptr, collective_.get()).value();
  }
  [[nodiscard]] Batch Part(int step) const {
    const int each = kPictures / self_.world;
    return PartOf(NumbersBatch(TinySpec(), 50 + step, kPictures), self_.rank * each, each);
  }
  fs::path folder_;
  Membership self_;
  std::unique_ptr<Collective> collective_;
  std::unique_ptr<Trainer> trainer_;
};

TEST_F(RankTest, TakesThreeSteps) {
  std::ofstream losses(folder_ / ("loss" + std::to_string(self_.rank)));
  losses.precision(9);
  for (int i = 0; i < 3; ++i) {
    const auto report = trainer_->Step(Part(i));
    ASSERT_TRUE(report.ok()) << report.error().message;
    losses << report->loss << " " << report->error_xy << "\n";
  }
  ASSERT_TRUE(trainer_->SaveState(folder_ / ("state" + std::to_string(self_.rank))).ok());
}

TEST_F(RankTest, LosesTheOther) {
  for (int i = 0; i < 100000; ++i) {
    const auto report = trainer_->Step(Part(0));
    if (!report.ok()) {
      std::ofstream(folder_ / "message") << report.error().message;
      return;
    }
    if (i == 2) std::ofstream(folder_ / ("running" + std::to_string(self_.rank))) << 1;
  }
  FAIL() << "nobody was lost";
}

TEST(CollectiveTest, TwoRanksTakeTheStepsOfOne) {
  const TemporaryFolder folder;
  const int port = FreePort();
  const pid_t first = StartRank("RankTest.TakesThreeSteps", 0, port, folder.path());
  const pid_t second = StartRank("RankTest.TakesThreeSteps", 1, port, folder.path());
  ASSERT_EQ(0, ExitOf(first)) << ReadAll(folder.path() / "log0");
  ASSERT_EQ(0, ExitOf(second)) << ReadAll(folder.path() / "log1");
  EXPECT_EQ(ReadAll(folder.path() / "state0"), ReadAll(folder.path() / "state1"));
  EXPECT_EQ(ReadAll(folder.path() / "loss0"), ReadAll(folder.path() / "loss1"));

  const auto alone = Trainer::Create(TinySpec(), kRecipe, 10, nullptr, nullptr).value();
  std::ifstream losses(folder.path() / "loss0");
  for (int i = 0; i < 3; ++i) {
    const StepReport report = alone->Step(NumbersBatch(TinySpec(), 50 + i, kPictures)).value();
    double loss = 0;
    double error_xy = 0;
    ASSERT_TRUE(losses >> loss >> error_xy);
    EXPECT_NEAR(loss, report.loss, 1e-4) << i;
    EXPECT_NEAR(error_xy, report.error_xy, 1e-4) << i;
  }
}

// The moments after a first step are the gradients.
TEST_F(RankTest, KeepsItsGradients) {
  ASSERT_TRUE(trainer_->Step(Part(0)).ok());
  ASSERT_TRUE(trainer_->SaveState(folder_ / ("state" + std::to_string(self_.rank))).ok());
}

TEST(CollectiveTest, HalvesGiveTheGradientsOfTheWhole) {
  const TemporaryFolder folder;
  const int port = FreePort();
  const pid_t first = StartRank("RankTest.KeepsItsGradients", 0, port, folder.path());
  const pid_t second = StartRank("RankTest.KeepsItsGradients", 1, port, folder.path());
  ASSERT_EQ(0, ExitOf(first)) << ReadAll(folder.path() / "log0");
  ASSERT_EQ(0, ExitOf(second)) << ReadAll(folder.path() / "log1");
  const auto alone = Trainer::Create(TinySpec(), kRecipe, 10, nullptr, nullptr).value();
  ASSERT_TRUE(alone->Step(NumbersBatch(TinySpec(), 50, kPictures)).ok());
  ASSERT_TRUE(alone->SaveState(folder.path() / "alone").ok());
  const auto state = [&](const char* name) {
    TrainingState read{.network = Network(TinySpec(), torch::kCPU, torch::kFloat)};
    read.moments = {torch::zeros_like(read.network.parameters),
                    torch::zeros_like(read.network.parameters)};
    read.average_parameters = torch::zeros_like(read.network.parameters);
    read.average_statistics = torch::zeros_like(read.network.statistics);
    EXPECT_TRUE(ReadState(folder.path() / name, read).ok());
    return read;
  };
  const TrainingState expected = state("alone");
  const TrainingState actual = state("state1");
  const torch::NoGradGuard no_grad;
  const double scale = expected.moments.first.abs().max().item<double>();
  ASSERT_GT(scale, 0);
  const auto difference = (actual.moments.first - expected.moments.first).abs().max();
  EXPECT_LT(difference.item<double>(), 1e-4 * scale);
  EXPECT_TRUE(torch::allclose(actual.network.statistics, expected.network.statistics, 1e-4, 1e-6));
}

TEST(CollectiveTest, ALostRankEndsTheOther) {
  const TemporaryFolder folder;
  const int port = FreePort();
  const pid_t first = StartRank("RankTest.LosesTheOther", 0, port, folder.path());
  const pid_t second = StartRank("RankTest.LosesTheOther", 1, port, folder.path());
  for (int i = 0; i < 600 && !fs::exists(folder.path() / "running1"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ASSERT_TRUE(fs::exists(folder.path() / "running1")) << ReadAll(folder.path() / "log0");
  ::kill(second, SIGKILL);
  EXPECT_EQ(-SIGKILL, ExitOf(second));
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(0, ExitOf(first)) << ReadAll(folder.path() / "log0");
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::duration<double>(3 * kTimeout));
  EXPECT_THAT(ReadAll(folder.path() / "message"), HasSubstr("lost another process"));
}

TEST(CollectiveTest, WaitsNoLongerThanAsked) {
  const Membership self = {.rank = 0, .world = 2, .port = FreePort()};
  const auto joined = Collective::Join(self, 1);
  ASSERT_FALSE(joined.ok());
  EXPECT_THAT(joined.error().message, HasSubstr("process 0 of 2 did not meet the others"));
}

TEST(MembershipTest, FromTheLaunchersVariables) {
  EXPECT_EQ(MembershipFromEnvironment()->world, 1);
  {
    const Environment torchrun({{"RANK", "3"},
                                {"WORLD_SIZE", "4"},
                                {"LOCAL_RANK", "1"},
                                {"MASTER_ADDR", "node7"},
                                {"MASTER_PORT", "1234"}});
    const Membership self = MembershipFromEnvironment().value();
    EXPECT_EQ(self.rank, 3);
    EXPECT_EQ(self.world, 4);
    EXPECT_EQ(self.local_rank, 1);
    EXPECT_EQ(self.master, "node7");
    EXPECT_EQ(self.port, 1234);
  }
  const Environment slurm({{"SLURM_PROCID", "1"},
                           {"SLURM_NTASKS", "2"},
                           {"SLURM_LOCALID", "0"},
                           {"SLURM_LAUNCH_NODE_IPADDR", "10.0.0.1"}});
  EXPECT_EQ(MembershipFromEnvironment()->rank, 1);
  EXPECT_EQ(MembershipFromEnvironment()->master, "10.0.0.1");
  const Environment wrong(Variables{{"SLURM_PROCID", "2"}});
  EXPECT_THAT(MembershipFromEnvironment().error().message, HasSubstr("SLURM_PROCID is '2'"));
}

}  // namespace
}  // namespace cnp::train
