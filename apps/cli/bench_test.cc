// How bench takes turns, sums up, and speaks to other processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

#include "apps/cli/bench_machine.h"
#include "apps/cli/bench_runner.h"
#include "apps/cli/child_process.h"

namespace cnp::cli {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Answers with given times, and writes down when it was asked.
class FakeRunner : public Runner {
 public:
  FakeRunner(std::string name, double ms, std::vector<std::string>& log)
      : name_(std::move(name)), ms_(ms), log_(log) {}
  Result<Turn> Run(int runs) override {
    log_.push_back(name_ + std::to_string(runs));
    if (runs_left_ < runs) return Error{name_ + " is broken"};
    runs_left_ -= runs;
    // The first run of a turn is slow, as after a pause.
    Turn turn{std::vector<double>(runs, ms_), {1, 2, 3}};
    turn.ms.front() = 1000 * ms_;
    return turn;
  }
  [[nodiscard]] pid_t pid() const override { return ::getpid(); }
  void BreakAfter(int runs) { runs_left_ = runs; }

 private:
  std::string name_;
  double ms_;
  std::vector<std::string>& log_;
  int runs_left_ = std::numeric_limits<int>::max();
};

class MeasureTest : public ::testing::Test {
 protected:
  std::vector<Timing> Run(const std::vector<Runner*>& runners, const Schedule& schedule) {
    return Measure(runners, schedule, [this] { ++rounds_; });
  }
  std::vector<std::string> log_;
  FakeRunner a_{"a", 2, log_};
  FakeRunner b_{"b", 4, log_};
  int rounds_ = 0;
};

TEST_F(MeasureTest, TakesTurnsAndNobodyIsAlwaysFirst) {
  Run({&a_, &b_}, {.runs = 12, .warmup = 3});
  EXPECT_THAT(log_, ElementsAre("a3", "b3", "a6", "b6", "b6", "a6", "a3", "b3"));
  EXPECT_EQ(rounds_, 3);
  EXPECT_EQ(Rounds({.runs = 12}), 3);
}

TEST_F(MeasureTest, TheFirstRunOfATurnDoesNotCount) {
  const auto timings = Run({&a_, &b_}, {.runs = 12, .warmup = 3});
  EXPECT_THAT(timings[0].ms, AllOf(SizeIs(12), Each(2)));
  EXPECT_THAT(timings[1].ms, AllOf(SizeIs(12), Each(4)));
  EXPECT_THAT(timings[0].round_medians, ElementsAre(2, 2, 2));
  EXPECT_THAT(timings[0].coordinates, ElementsAre(1, 2, 3));
}

TEST_F(MeasureTest, AloneEveryRunAfterTheWarmupCounts) {
  const auto timings = Run({&a_}, {.runs = 7, .warmup = 0});
  EXPECT_THAT(log_, ElementsAre("a5", "a2"));
  EXPECT_THAT(timings[0].ms, SizeIs(7));
}

TEST_F(MeasureTest, OneThatBreaksDoesNotStopTheOthers) {
  a_.BreakAfter(10);
  const auto timings = Run({&a_, &b_}, {.runs = 12, .warmup = 3});
  ASSERT_TRUE(timings[0].error.has_value());
  EXPECT_EQ(timings[0].error->message, "a is broken");
  EXPECT_FALSE(timings[1].error.has_value());
  EXPECT_THAT(timings[1].ms, SizeIs(12));
  EXPECT_THAT(log_, ElementsAre("a3", "b3", "a6", "b6", "b6", "a6", "b3")) << "asked no more";
}

TEST(SpreadTest, QuantilesAreInterpolated) {
  const Spread ten = SpreadOf({10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0});
  EXPECT_DOUBLE_EQ(ten.median, 5);
  EXPECT_DOUBLE_EQ(ten.p10, 1);
  EXPECT_DOUBLE_EQ(ten.p90, 9);
  EXPECT_DOUBLE_EQ(SpreadOf({1, 2}).median, 1.5);
  EXPECT_DOUBLE_EQ(SpreadOf({3}).p90, 3);
}

class ChildProcessTest : public ::testing::Test {
 protected:
  // As main.cc has it: writing to a process that has ended is an error, not the end of this one.
  ChildProcessTest() { std::signal(SIGPIPE, SIG_IGN); }
  ~ChildProcessTest() override { std::filesystem::remove(script_); }

  Result<std::unique_ptr<ChildProcess>> Start(const std::string& text) {
    std::ofstream(script_) << "#!/bin/sh\n" << text << "\n";
    std::filesystem::permissions(script_, std::filesystem::perms::owner_all);
    return ChildProcess::Start(script_);
  }
  std::string ErrorOf(const std::string& text) {
    auto child = Start(text);
    EXPECT_TRUE(child.ok());
    const Result<std::string> line = (*child)->ReadLine(std::chrono::seconds(60));
    return line.ok() ? "no error: " + *line : line.error().message;
  }

  const std::filesystem::path script_ =
      std::filesystem::path(::testing::TempDir()) / ("cnp_child_" + std::to_string(::getpid()));
};

TEST_F(ChildProcessTest, LinesGoBothWays) {
  auto child = Start("while read -r line; do echo \"<$line>\"; echo; done");
  ASSERT_TRUE(child.ok()) << child.error().message;
  ASSERT_TRUE((*child)->Write("one\ntwo\n").ok());
  for (const char* expected : {"<one>", "", "<two>", ""}) {
    const auto line = (*child)->ReadLine(std::chrono::seconds(60));
    ASSERT_TRUE(line.ok()) << line.error().message;
    EXPECT_EQ(*line, expected);
  }
}

TEST_F(ChildProcessTest, MoreThanAPipeHoldsArrivesWhole) {
  const std::string megabyte(1 << 20, 'x');
  auto counter = Start("head -c 1048576 | wc -c");
  ASSERT_TRUE(counter.ok());
  ASSERT_TRUE((*counter)->Write(megabyte).ok());
  EXPECT_EQ((*counter)->ReadLine(std::chrono::seconds(60)).value(), "1048576");
}

TEST_F(ChildProcessTest, HowItEndedAndItsLastWords) {
  EXPECT_THAT(ErrorOf("echo first >&2; echo last >&2; exit 3"),
              AllOf(HasSubstr(script_.string()), EndsWith("ended with exit code 3: last")));
  EXPECT_THAT(ErrorOf("kill -9 $$"), EndsWith("died of signal 9"));
  EXPECT_THAT(ErrorOf("echo half a line | tr -d '\\n'"), EndsWith("ended with exit code 0"));
}

TEST_F(ChildProcessTest, OneThatReadsNoMoreIsAnErrorNotASignal) {
  auto child = Start("exec <&-; echo closed; exec sleep 60");
  ASSERT_TRUE(child.ok());
  ASSERT_TRUE((*child)->ReadLine(std::chrono::seconds(60)).ok());
  const Status written = (*child)->Write("anyone there?");
  ASSERT_FALSE(written.ok());
  EXPECT_THAT(written.error().message, HasSubstr("reads no more"));
}

TEST_F(ChildProcessTest, SilenceEndsPatience) {
  auto child = Start("exec sleep 60");
  ASSERT_TRUE(child.ok());
  const auto line = (*child)->ReadLine(std::chrono::seconds(1));
  ASSERT_FALSE(line.ok());
  EXPECT_THAT(line.error().message, HasSubstr("silent for 1 s"));
}

TEST_F(ChildProcessTest, AProgramThatIsNotThere) {
  const auto child = ChildProcess::Start("/no/such/program");
  ASSERT_FALSE(child.ok());
  EXPECT_THAT(child.error().message, AllOf(HasSubstr("/no/such/program"), HasSubstr("No such")));
}

TEST(MachineTest, HasANameAndMemory) {
  EXPECT_FALSE(CpuName().empty());
  if (!std::filesystem::exists("/proc/self/status")) GTEST_SKIP() << "no /proc here";
  EXPECT_GT(PeakMemory(::getpid()), 1'000'000);
  EXPECT_EQ(PeakMemory(-1), 0);
}

TEST(MachineTest, CpuTimeIsThatOfTheProcess) {
  const double before = CpuSeconds(::getpid());
  const double all_before = CpuSecondsOfAll();
  while (CpuSeconds(::getpid()) - before < 0.1) continue;
  constexpr pid_t kNobody = 4'194'304;  // Linux numbers them below that.
  EXPECT_EQ(CpuSeconds(kNobody), 0);
  if (CpuSecondsOfAll() == 0) GTEST_SKIP() << "this system does not say";
  EXPECT_GT(CpuSecondsOfAll() - all_before, 0.05);
}

TEST(MachineTest, PeakMemoryCountsAnewAfterAReset) {
  if (::access("/proc/self/clear_refs", W_OK) != 0) GTEST_SKIP() << "this system has no reset";
  constexpr std::size_t kBytes = 64'000'000;
  ResetPeakMemory();
  const std::int64_t before = PeakMemory(::getpid());
  void* const memory =
      ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memset(memory, 1, kBytes);
  ::munmap(memory, kBytes);
  EXPECT_GE(PeakMemory(::getpid()) - before, 50'000'000);
  ResetPeakMemory();
  EXPECT_LT(PeakMemory(::getpid()) - before, 50'000'000);
}

}  // namespace
}  // namespace cnp::cli
