#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <numeric>
#include <thread>

#include "convnextpose/base/aligned.h"
#include "convnextpose/base/file.h"
#include "convnextpose/base/result.h"
#include "convnextpose/base/thread_pool.h"

namespace cnp {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              ("cnp_base_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  [[nodiscard]] int FilesInFolder() const {
    return static_cast<int>(std::distance(fs::directory_iterator(folder_), {}));
  }
  fs::path folder_;
};

Result<int> Half(int x) {
  if (x % 2 != 0) return Error{std::to_string(x) + " is odd"};
  return x / 2;
}

Result<int> Quarter(int x) {
  CNP_ASSIGN(const int half, Half(x));
  return Half(half);
}

TEST(ResultTest, CarriesValueOrFirstError) {
  EXPECT_EQ(Quarter(12).value(), 3);
  EXPECT_EQ(Quarter(6).error().In("quarter").message, "quarter: 3 is odd");
  EXPECT_THROW((void)Quarter(6).value(), CheckFailure);
}

TEST(AlignedVectorTest, BeginsOnACacheLine) {
  for (int size : {1, 3, 1000}) {
    const AlignedVector<float> values(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(values.data()) % kAlignment, 0U);
  }
}

TEST_F(FileTest, WrittenFileReadsBackAndReplacesTheOldOne) {
  const fs::path path = folder_ / "a.txt";
  ASSERT_TRUE(WriteFileAtomically(path, "first, longer").ok());
  ASSERT_TRUE(WriteFileAtomically(path, "second").ok());
  const auto file = MappedFile::Open(path);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()),
            "second");
  EXPECT_EQ(FilesInFolder(), 1);
}

TEST_F(FileTest, OpenNamesWhatIsWrong) {
  EXPECT_THAT(MappedFile::Open(folder_ / "none").error().message, HasSubstr("No such file"));
  EXPECT_THAT(MappedFile::Open(folder_).error().message, HasSubstr("not a regular file"));
  std::ofstream(folder_ / "empty").close();
  EXPECT_TRUE(MappedFile::Open(folder_ / "empty")->bytes().empty());
}

TEST_F(FileTest, MissingFolderIsAnError) {
  const Status status = WriteFileAtomically(folder_ / "no" / "a.txt", "x");
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("choose a folder"));
}

// As root, replacing /dev/null by a file would break the machine.
TEST_F(FileTest, APipeIsWrittenToAndStaysAPipe) {
  const fs::path path = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int pipe = ::open(path.c_str(), O_RDWR | O_NONBLOCK);
  EXPECT_TRUE(WriteFileAtomically(path, "through").ok());
  std::string read(7, ' ');
  EXPECT_EQ(::read(pipe, read.data(), read.size()), 7);
  ::close(pipe);
  EXPECT_EQ(read, "through");
  EXPECT_TRUE(fs::is_fifo(path));
}

TEST_F(FileTest, ASymbolicLinkStaysOneAndItsFileIsReplaced) {
  fs::create_directories(folder_ / "elsewhere");
  ASSERT_TRUE(WriteFileAtomically(folder_ / "elsewhere" / "a.txt", "old").ok());
  fs::create_symlink("elsewhere/a.txt", folder_ / "link");
  ASSERT_TRUE(WriteFileAtomically(folder_ / "link", "newer").ok());
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(fs::file_size(folder_ / "elsewhere" / "a.txt"), 5U);
}

// A full disk, as far as a process can make one: the file size limit makes write() fail.
TEST_F(FileTest, FullDiskLeavesTheOldFileAndNoTemporary) {
  const fs::path path = folder_ / "a.txt";
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit tight{4096, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const Status status = WriteFileAtomically(path, std::string(100000, 'x'));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("cannot write"));
  EXPECT_EQ(FilesInFolder(), 1);
  EXPECT_EQ(fs::file_size(path), 3U);
}

TEST(ThreadPoolTest, RunsEveryTaskOnceForAnyNumberOfThreads) {
  for (int threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (int tasks : {0, 1, 2, 5, 1000}) {
      std::vector<int> runs(tasks, 0);
      std::vector<int> by_worker(threads, 0);
      pool.ParallelFor(tasks, [&](int task, int worker) {
        ++runs[task];
        ++by_worker[worker];  // A worker runs one task at a time, so this is no race.
      });
      EXPECT_EQ(runs, std::vector<int>(tasks, 1));
      EXPECT_EQ(std::accumulate(by_worker.begin(), by_worker.end(), 0), tasks);
    }
  }
}

TEST(ThreadPoolTest, LoopsFromSeveralThreadsTakeTurns) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  callers.reserve(4);
  std::atomic<int> total{0};
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) pool.ParallelFor(8, [&](int, int) { ++total; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total.load(), 4 * 200 * 8);
}

}  // namespace
}  // namespace cnp
