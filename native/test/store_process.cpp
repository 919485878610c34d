#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "store/verify.h"
#include "store_model.h"
#include "store_testing.h"

// Several processes, some of which are killed. (The children take nothing that their parent's threads may
// have held, and leave through _exit.)
namespace clip4j::store::test {
namespace {

const Options kAllRowMemory{1 << 20};
const Schema kSchema{4, IdKind::kInt64, "model"};

// What the index holds after `commits` commits, each of which adds two rows, replaces one and removes one.
Model after(int commits) {
  Model model{kSchema, {}};
  for (int i = 1; i <= commits; ++i) {
    const auto row = [&](int j) {
      return std::vector<float>{1.0f * static_cast<float>(i), 2, 3, 1.0f * static_cast<float>(j)};
    };
    model.add({{std::to_string(2 * i), row(0)}, {std::to_string(2 * i + 1), row(1)}, {"0", row(2)}});
    model.remove({std::to_string(i)});
  }
  return model;
}

// One commit more than `commits`.
void advance(Index& index, int commits) {
  const Model next = after(commits + 1);
  test::add(index, {next.entries.end() - 3, next.entries.end()});
  test::remove(index, {std::to_string(commits + 1)});
  index.commit();
}

// Runs `body` in a process of its own, which ends with what it returns.
template <typename Body>
pid_t start(const Body& body) {
  const pid_t child = fork();
  if (child != 0) return child;
  int status = 99;
  try {
    status = body();
  } catch (const std::exception& e) {
    dprintf(STDERR_FILENO, "child: %s\n", e.what());
  }
  _exit(status);
}

int commits_of(const Index& index) {
  const std::vector<Entry> entries = contents(*index.snapshot(), index.schema());
  return entries.empty() ? 0 : static_cast<int>(entries.back().row[0]);
}

class Processes : public testing::Test {
 protected:
  std::unique_ptr<Index> open(Access access) {
    return Index::open(open_folder(temporary.path(), false), access, kAllRowMemory);
  }

  TemporaryFolder temporary;
};

TEST_F(Processes, AreKilledWhileTheyWrite) {
  Index::create(open_folder(temporary.path(), true), kSchema, kAllRowMemory);
  std::mt19937 random(3);
  int acknowledged = 0, in_doubt = 0;
  for (int kill_number = 0; kill_number < 300 && !HasFailure(); ++kill_number) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t writer = start([&] {
      const std::unique_ptr<Index> index = open(Access::kWrite);
      for (int done = acknowledged; done < acknowledged + 1000;) {
        advance(*index, done);
        ++done;
        if (write(pipe_ends[1], &done, sizeof(done)) != sizeof(done)) return 1;
      }
      return 0;
    });
    close(pipe_ends[1]);
    // Mostly while it commits, whatever time a process takes to start.
    int done = 0;
    if (kill_number % 8 != 0 && read(pipe_ends[0], &done, sizeof(done)) == sizeof(done)) acknowledged = done;
    usleep(random() % 10000);
    kill(writer, SIGKILL);
    ASSERT_EQ(waitpid(writer, nullptr, 0), writer);
    while (read(pipe_ends[0], &done, sizeof(done)) == sizeof(done)) acknowledged = done;
    close(pipe_ends[0]);
    const std::unique_ptr<Index> index = open(Access::kRead);
    const int found = commits_of(*index);
    ASSERT_TRUE(found == acknowledged || found == acknowledged + 1) << found << " after " << acknowledged;
    in_doubt += found - acknowledged;
    acknowledged = found;
    expect_equal(*index, after(acknowledged));
    if (acknowledged > 60) {
      // Begin anew, so that the naive list stays short.
      for (const std::string& name : open_folder(temporary.path(), false)->list()) {
        if (name[0] != '.') open_folder(temporary.path(), false)->remove(name);
      }
      Index::create(open_folder(temporary.path(), false), kSchema, kAllRowMemory);
      acknowledged = 0;
    }
  }
  EXPECT_EQ(verify(*open_folder(temporary.path(), false)).size(), 0u);
  RecordProperty("kills_between_rename_and_acknowledgement", in_doubt);
}

TEST_F(Processes, ReadWhileAnotherWrites) {
  Index::create(open_folder(temporary.path(), true), kSchema, kAllRowMemory);
  constexpr int commits = 60;
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t writer = start([&] {
    close(pipe_ends[1]);
    const std::unique_ptr<Index> index = open(Access::kWrite);
    for (int done = 0; done < commits; ++done) {
      // Half of it comes after the parent's first reading, however fast it is.
      char word;
      if (done == commits / 2 && read(pipe_ends[0], &word, 1) != 1) return 1;
      advance(*index, done);
    }
    return 0;
  });
  int last = 0, opened = 0, status = -1;
  bool ended = false;
  const std::unique_ptr<Index> first = open(Access::kRead);
  const int first_commits = commits_of(*first);
  while (last < commits && !HasFailure()) {
    ended = ended || waitpid(writer, &status, WNOHANG) == writer;
    const std::unique_ptr<Index> index = open(Access::kRead);
    const int found = commits_of(*index);
    EXPECT_GE(found, last);
    if (ended) {
      EXPECT_EQ(found, commits) << "it ended with " << status;
    }
    last = found;
    expect_equal(*index, after(found));
    EXPECT_EQ(verify(*open_folder(temporary.path(), false)).size(), 0u);
    if (++opened == 1) {
      EXPECT_EQ(write(pipe_ends[1], "w", 1), 1);
    }
  }
  for (const int end : pipe_ends) close(end);
  if (!ended) {
    ASSERT_EQ(waitpid(writer, &status, 0), writer);
  }
  EXPECT_EQ(status, 0);
  expect_equal(*first, after(first_commits));  // of files that are gone
  EXPECT_GT(opened, 1);
}

TEST_F(Processes, WriteOneAtATime) {
  std::unique_ptr<Index> index = Index::create(open_folder(temporary.path(), true), kSchema, kAllRowMemory);
  const auto try_writing = [&] {
    const pid_t child = start([&] { return status_of([&] { open(Access::kWrite); }); });
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  // fork() has handed the child this lock's file, but opening it anew is another file.
  EXPECT_EQ(try_writing(), CLIP4J_LOCKED);
  EXPECT_STATUS(open(Access::kWrite), CLIP4J_LOCKED);
  index.reset();
  EXPECT_EQ(try_writing(), CLIP4J_OK);
  open(Access::kWrite);
}

}  // namespace
}  // namespace clip4j::store::test
