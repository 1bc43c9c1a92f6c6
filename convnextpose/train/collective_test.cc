// Several processes over loopback, each the program test_rank.
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

#include "convnextpose/train/address.h"
#include "convnextpose/train/test_ranks.h"
#include "convnextpose/train/training.h"

namespace cnp::train {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using Variables = std::vector<std::pair<std::string, std::string>>;

class Environment {
 public:
  explicit Environment(Variables values) : values_(std::move(values)) {
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

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Processes that train together, and the folder that they write to. None outlives it.
class Ranks {
 public:
  Ranks(int world, const std::string& what, const std::string& argument = "") {
    const std::string port = std::to_string(FreePort());
    for (int rank = 0; rank < world; ++rank) {
      // Threads that spin while they wait would take the other processes' time.
      const Environment environment({{"RANK", std::to_string(rank)},
                                     {"WORLD_SIZE", std::to_string(world)},
                                     {"LOCAL_RANK", std::to_string(rank)},
                                     {"MASTER_PORT", port},
                                     {"OMP_WAIT_POLICY", "passive"}});
      processes_.push_back(Start(what, argument, In("log", rank)));
    }
  }
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;
  ~Ranks() {
    for (int rank = 0; rank < static_cast<int>(processes_.size()); ++rank) Kill(rank);
  }

  void Kill(int rank) {
    pid_t& process = processes_[static_cast<std::size_t>(rank)];
    if (process <= 0) return;
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    process = 0;
  }

  /// What the process says at its end, within a minute.
  std::string MessageOf(int rank) {
    pid_t& process = processes_[static_cast<std::size_t>(rank)];
    int status = 0;
    for (int i = 0; i < 600; ++i) {
      if (::waitpid(process, &status, WNOHANG) == process) {
        process = 0;
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
            << status << ReadAll(In("log", rank));
        return ReadAll(In("message", rank));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    ADD_FAILURE() << "process " << rank << " goes on and on";
    return "";
  }

  void AwaitRunning(int rank) const {
    for (int i = 0; i < 600 && !fs::exists(In("running", rank)); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    ASSERT_TRUE(fs::exists(In("running", rank))) << ReadAll(In("message", rank));
  }

  [[nodiscard]] fs::path In(const char* name, int rank) const {
    return folder_.path() / (name + std::to_string(rank));
  }

 private:
  static pid_t Start(const std::string& what, const std::string& argument, const fs::path& log) {
    const std::string folder = log.parent_path().string();
    const pid_t child = ::fork();
    if (child != 0) return child;
    if (std::freopen(log.c_str(), "w", stdout) == nullptr) ::_exit(3);
    ::dup2(::fileno(stdout), 2);
    ::execl(CNP_TEST_RANK, CNP_TEST_RANK, what.c_str(), folder.c_str(), argument.c_str(), nullptr);
    ::_exit(4);
  }

  TemporaryFolder folder_;
  std::vector<pid_t> processes_;
};

TrainingState StateIn(const fs::path& path) {
  TrainingState state{.network = Network(TinySpec(), torch::kCPU, torch::kFloat)};
  const Network& network = state.network;
  state.moments = {torch::zeros_like(network.parameters), torch::zeros_like(network.parameters)};
  state.average_parameters = torch::zeros_like(network.parameters);
  state.average_statistics = torch::zeros_like(network.statistics);
  EXPECT_TRUE(ReadState(path, state).ok());
  return state;
}

// The moments after a first step are the gradients, but for a factor.
void ExpectSameGradients(const fs::path& actual_path, const fs::path& expected_path) {
  const TrainingState actual = StateIn(actual_path);
  const TrainingState expected = StateIn(expected_path);
  const torch::NoGradGuard no_grad;
  const double scale = expected.moments.first.abs().max().item<double>();
  ASSERT_GT(scale, 0);
  const auto difference = (actual.moments.first - expected.moments.first).abs().max();
  EXPECT_LT(difference.item<double>(), 1e-5 * scale);
  EXPECT_TRUE(torch::allclose(actual.network.statistics, expected.network.statistics, 1e-5, 1e-7));
}

TEST(CollectiveTest, TwoProcessesTakeTheStepsOfOne) {
  Ranks ranks(2, "steps");
  for (const int rank : {0, 1}) {
    EXPECT_THAT(ranks.MessageOf(rank),
                HasSubstr("step 3: not all processes of the training are at this step"));
  }
  EXPECT_NE(ReadAll(ranks.In("state", 0)), "");
  EXPECT_EQ(ReadAll(ranks.In("state", 0)), ReadAll(ranks.In("state", 1)));
  EXPECT_NE(ReadAll(ranks.In("lifter", 0)), "");
  EXPECT_EQ(ReadAll(ranks.In("lifter", 0)), ReadAll(ranks.In("lifter", 1)));
  EXPECT_EQ(ReadAll(ranks.In("loss", 0)), ReadAll(ranks.In("loss", 1)));

  const auto alone = Trainer::Create(TinySpec(), kRankRecipe, 10, nullptr, nullptr).value();
  std::ifstream losses(ranks.In("loss", 0));
  for (int i = 0; i < kRankSteps; ++i) {
    const StepReport report = alone->Step(WholeBatch(i)).value();
    StepReport together;
    ASSERT_TRUE(losses >> together.loss >> together.error_xy >> together.error_z);
    EXPECT_NEAR(together.loss, report.loss, 1e-4) << i;
    EXPECT_NEAR(together.error_xy, report.error_xy, 1e-4) << i;
    EXPECT_NEAR(together.error_z, report.error_z, 1e-4) << i;
    if (i > 0) continue;
    ASSERT_TRUE(alone->SaveState(ranks.In("alone", 0)).ok());
    ExpectSameGradients(ranks.In("first", 1), ranks.In("alone", 0));
  }
}

TEST(CollectiveTest, AKilledProcessEndsTheOthers) {
  Ranks ranks(3, "forever");
  for (const int rank : {0, 1, 2}) ranks.AwaitRunning(rank);
  ranks.Kill(2);
  for (const int rank : {0, 1}) {
    EXPECT_THAT(ranks.MessageOf(rank), HasSubstr(": lost ")) << rank;
  }
}

// What a machine without power looks like: its connections stay open, and it says nothing.
TEST(CollectiveTest, AFrozenProcessIsLostABusyOneIsNot) {
  Ranks first_stops(2, "stop", "0");
  Ranks second_stops(2, "stop", "1");
  EXPECT_THAT(first_stops.MessageOf(1), HasSubstr("step 2: lost process 0 of 2: no sign of it"));
  EXPECT_THAT(second_stops.MessageOf(0), HasSubstr("step 2: lost process 1 of 2: no sign of it"));
}

TEST(CollectiveTest, WaitsNoLongerThanAskedAndSaysWhoIsMissing) {
  const Membership self = {.rank = 0, .world = 3, .port = FreePort()};
  const auto joined = Collective::Join(self, 0.5);
  ASSERT_FALSE(joined.ok());
  EXPECT_THAT(joined.error().message, HasSubstr("process 0 of 3 did not meet the others"));
  EXPECT_THAT(joined.error().message, HasSubstr("did not come: 1, 2"));
}

TEST(CollectiveTest, OneProcessNeedsNoOther) {
  const int port = FreePort();
  const auto alone = Collective::Join({.port = port}, 1).value();
  EXPECT_EQ(alone->membership().world, 1);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  EXPECT_EQ(0, ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)));
  ::close(listener);
  const auto with = Trainer::Create(TinySpec(), kRankRecipe, 10, nullptr, alone.get()).value();
  const auto without = Trainer::Create(TinySpec(), kRankRecipe, 10, nullptr, nullptr).value();
  EXPECT_EQ(with->Step(WholeBatch(0))->loss, without->Step(WholeBatch(0))->loss);
}

TEST(MembershipTest, OfTorchrun) {
  EXPECT_EQ(MembershipFromEnvironment()->world, 1);
  const Environment torchrun({{"RANK", "3"},
                              {"WORLD_SIZE", "4"},
                              {"LOCAL_RANK", "1"},
                              {"MASTER_ADDR", "node7"},
                              {"MASTER_PORT", "1234"},
                              {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                              {"TORCHELASTIC_RESTART_COUNT", "2"}});
  const Membership self = MembershipFromEnvironment().value();
  EXPECT_EQ(self.rank, 3);
  EXPECT_EQ(self.world, 4);
  EXPECT_EQ(self.local_rank, 1);
  EXPECT_EQ(self.master, "node7");
  EXPECT_EQ(self.port, 1234);
  EXPECT_TRUE(self.launcher_serves);
  EXPECT_EQ(self.attempt, 2);
}

TEST(MembershipTest, OfSlurmAndOfOpenMpiUnderIt) {
  const Environment slurm({{"SLURM_PROCID", "1"},
                           {"SLURM_NTASKS", "2"},
                           {"SLURM_LOCALID", "0"},
                           {"SLURM_LAUNCH_NODE_IPADDR", "10.0.0.1"}});
  EXPECT_EQ(MembershipFromEnvironment()->rank, 1);
  EXPECT_EQ(MembershipFromEnvironment()->master, "10.0.0.1");
  EXPECT_FALSE(MembershipFromEnvironment()->launcher_serves);
  const Environment mpi({{"OMPI_COMM_WORLD_RANK", "5"},
                         {"OMPI_COMM_WORLD_SIZE", "8"},
                         {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                         {"OMPI_COMM_WORLD_LOCAL_SIZE", "8"}});
  EXPECT_EQ(MembershipFromEnvironment()->rank, 5);
  EXPECT_EQ(MembershipFromEnvironment()->master, "127.0.0.1");
  const Environment several(Variables{{"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}});
  EXPECT_THAT(MembershipFromEnvironment().error().message, HasSubstr("set MASTER_ADDR"));
}

TEST(MembershipTest, RefusesWhatContradictsItself) {
  const Environment slurm({{"SLURM_PROCID", "2"}, {"SLURM_NTASKS", "2"}, {"SLURM_LOCALID", "0"}});
  EXPECT_THAT(MembershipFromEnvironment().error().message, HasSubstr("SLURM_PROCID is '2'"));
  const Environment right(Variables{{"SLURM_PROCID", "1"}});
  EXPECT_TRUE(MembershipFromEnvironment().ok());
  const Environment port(Variables{{"MASTER_PORT", "65536"}});
  EXPECT_THAT(MembershipFromEnvironment().error().message, HasSubstr("MASTER_PORT is '65536'"));
  const Environment word(Variables{{"SLURM_NTASKS", "2 nodes"}});
  EXPECT_THAT(MembershipFromEnvironment().error().message, HasSubstr("'2 nodes'"));
}

TEST(AddressTest, OfThisMachine) {
  const Route route = RouteTo("127.0.0.1", 1).value();
  EXPECT_EQ(route.own, "127.0.0.1");
  EXPECT_EQ(route.peer, "127.0.0.1");
  EXPECT_TRUE(route.loopback);
  EXPECT_THAT(RouteTo("no-such-machine.invalid", 1).error().message,
              HasSubstr("no machine 'no-such-machine.invalid'"));
}

}  // namespace
}  // namespace cnp::train
