#include <algorithm>
#include <cstring>
#include <limits>

#include "store/verify.h"
#include "store_model.h"
#include "store_testing.h"

// Files that are not what was written: damaged by a disk, or made up by somebody who gets every checksum
// right.
namespace clip4j::store::test {
namespace {

const Options kAllRowMemory{1 << 20};

// Of a file whose header is short.
size_t end_of_header(const std::string& file) {
  return 8 + static_cast<unsigned char>(file[0]) + 256 * static_cast<unsigned char>(file[1]);
}

class Damage : public testing::TestWithParam<IdKind> {
 protected:
  Damage() {
    Model model{{3, GetParam(), "model"}, {}};
    const std::unique_ptr<Index> index = Index::create(disk->folder(), model.schema, kAllRowMemory);
    std::mt19937 random(1);
    for (int batch = 0; batch < 2; ++batch) {
      std::vector<Entry> entries;
      for (int i = 0; i < 3; ++i) entries.push_back({std::to_string(batch * 10 + i), random_row(random, 3)});
      test::add(*index, entries);
    }
    if (GetParam() != IdKind::kNone) test::remove(*index, {"1"});
    index->commit();
  }

  // Opens, and reads all that there is.
  void use() {
    const std::unique_ptr<Index> index = Index::open(disk->folder(), Access::kRead, kAllRowMemory);
    const std::shared_ptr<const Snapshot> snapshot = index->snapshot();
    contents(*snapshot, index->schema());
    const std::vector<float> query(index->schema().dimension, 1.0f);
    const int64_t k = 3;
    test::search(*snapshot, index->schema(), query, {.k = {&k, 1}});
    const IdList ids(index->schema().ids, {"2", "5"});
    for (int64_t i = 0; i < ids.view().count; ++i) snapshot->find(ids.view(), i);
  }

  // As a forger would, in both segments and the manifest, which repeats those of headers (where they should
  // be right) after their length in its table.
  void correct_checksums(bool of_headers = true) {
    forge(file(names[1]));
    forge(file(names[2]));
    std::string& manifest = file(names[0]);
    const size_t table = end_of_header(manifest);
    if (manifest.size() >= table + 64 && of_headers) {
      for (const int i : {0, 1}) {
        const uint64_t sum = header_sum(file(names[1 + i]));
        manifest.replace(table + i * 32 + 24, 8, reinterpret_cast<const char*>(&sum), 8);
      }
    }
    forge(manifest);
  }

  void expect_finding(const std::string& name) {
    const std::vector<Finding> findings = verify(*disk->folder());
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].file, name);
    EXPECT_NE(findings[0].problem, "");
  }

  std::string& file(const std::string& name) { return disk->files().at(name)->content; }

  std::shared_ptr<Disk> disk = Disk::make();
  const std::vector<std::string> names = {"manifest.safetensors", "segment-0.safetensors",
                                          "segment-1.safetensors"};
};

TEST_P(Damage, IsFoundWhateverBitFlips) {
  use();
  ASSERT_EQ(verify(*disk->folder()).size(), 0u);
  for (const std::string& name : names) {
    std::string& bytes = file(name);
    for (size_t bit = 0; bit < bytes.size() * 8 && !HasFailure(); ++bit) {
      SCOPED_TRACE(text(name, " bit ", bit));
      bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
      expect_finding(name);
      EXPECT_STATUS(use(), CLIP4J_CORRUPT);
      bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
    }
  }
}

TEST_P(Damage, IsFoundWhereverAFileEnds) {
  for (const std::string& name : names) {
    const std::string whole = file(name);
    for (size_t length = 0; length < whole.size() && !HasFailure(); ++length) {
      SCOPED_TRACE(text(name, " cut to ", length));
      file(name).resize(length);
      expect_finding(name);
      EXPECT_STATUS(use(), CLIP4J_CORRUPT);
      file(name) = whole;
    }
    file(name) += '\0';
    expect_finding(name);
    EXPECT_STATUS(use(), CLIP4J_CORRUPT);
    file(name) = whole;
  }
}

TEST_P(Damage, IsFoundWhereFilesAreMissingOrOthers) {
  const auto files = disk->files();
  for (const std::string& name : names) {
    disk->files().erase(name);
    expect_finding(name);
    // Without a manifest there is no index.
    EXPECT_STATUS(use(), name == names[0] ? CLIP4J_MISSING : CLIP4J_CORRUPT);
    disk->files() = files;
  }
  std::swap(file(names[1]), file(names[2]));
  const std::vector<Finding> findings = verify(*disk->folder());
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].file, names[1]);
  EXPECT_EQ(findings[1].file, names[2]);
}

// The tensors of a manifest are known by their names.
TEST_P(Damage, IsNotTheOrderOfTensors) {
  rewrite(*disk->folder(), kManifestName, [](auto& tensors) { std::ranges::reverse(tensors); });
  use();
  EXPECT_EQ(verify(*disk->folder()).size(), 0u);
}

// A file that is cut while it is open.
TEST_P(Damage, OfAnOpenFileIsAnError) {
  const std::unique_ptr<Index> index = Index::open(disk->folder(), Access::kRead, Options{0});
  const std::shared_ptr<const Snapshot> snapshot = index->snapshot();
  const std::vector<float> query(3, 1.0f);
  const int64_t k = 6;
  test::search(*snapshot, index->schema(), query, {.k = {&k, 1}});
  file(names[1]).resize(100);
  EXPECT_STATUS(test::search(*snapshot, index->schema(), query, {.k = {&k, 1}}), CLIP4J_CORRUPT);
}

// Rows are read one by one where memory has no room for them, without the checksum of all. Their norms know
// all bits but the sign's.
TEST_P(Damage, OfARowThatIsReadAloneIsAnError) {
  const std::unique_ptr<Index> index = Index::open(disk->folder(), Access::kRead, Options{0});
  const std::shared_ptr<const Snapshot> snapshot = index->snapshot();
  const std::vector<float> query(3, 1.0f);
  const int64_t k = 6;
  const auto search = [&] { test::search(*snapshot, index->schema(), query, {.k = {&k, 1}}); };
  search();
  const int64_t rows = read_header(*disk->folder()->open(names[2]), names[2]).tensor("rows").offset;
  int flips = 0;
  for (int value = 0; value < 3 * 3; ++value) {
    char* bytes = &file(names[2])[rows + value * 4];
    uint32_t sound;
    std::memcpy(&sound, bytes, sizeof(sound));
    for (int bit = 0; bit < 31 && sound != 0; ++bit, ++flips) {
      const uint32_t flipped = sound ^ 1U << bit;
      std::memcpy(bytes, &flipped, sizeof(flipped));
      std::string problem;
      EXPECT_EQ(status_of(search, &problem), CLIP4J_CORRUPT) << value << ", bit " << bit;
      EXPECT_NE(problem.find("segment-1.safetensors: row " + std::to_string(value / 3)), std::string::npos)
          << problem;
    }
    std::memcpy(bytes, &sound, sizeof(sound));
  }
  EXPECT_GT(flips, 100);
  search();
}

// Numbers that cannot be, with checksums that are right.
TEST_P(Damage, ByAForgerOfNumbersIsAnError) {
  const auto make_up = [this](const char* tensor, auto value) {
    const std::string sound = file(names[1]), manifest = file(names[0]);
    const Header header = read_header(*disk->folder()->open(names[1]), names[1]);
    file(names[1]).replace(header.tensor(tensor).offset, sizeof(value), reinterpret_cast<const char*>(&value),
                           sizeof(value));
    correct_checksums();
    std::string problem;
    EXPECT_EQ(status_of([&] { use(); }, &problem), CLIP4J_CORRUPT) << tensor;
    EXPECT_NE(problem.find("segment-0.safetensors: "), std::string::npos) << problem;
    file(names[1]) = sound;
    file(names[0]) = manifest;
  };
  constexpr float nothing = std::numeric_limits<float>::quiet_NaN();
  make_up("norm", double{nothing});
  make_up("norm", -1.0);
  make_up("scale", nothing);
  make_up("scale", -0.5F);
  make_up("error", std::numeric_limits<float>::infinity());
  make_up("mean", nothing);
  make_up("reach", nothing);
  make_up("rows", nothing);
  make_up("rows", 7.0F);
  use();
}

// Headers that lie, with checksums that are right: an error or an index, no crash, no allocation beyond the
// files' size.
TEST_P(Damage, ByAForgerIsAnErrorAtMost) {
  std::mt19937 random(5);
  const auto sound = [&] {
    std::map<std::string, std::string> contents;
    for (const std::string& name : names) contents[name] = file(name);
    return contents;
  }();
  const std::string alphabet = "0123456789,:[]{}\"\\ aF";
  int opened = 0, refused = 0;
  for (int round = 0; round < 5000; ++round) {
    const std::string& name = names[random() % names.size()];
    std::string& bytes = file(name);
    const size_t header = end_of_header(bytes);
    for (uint32_t i = 0; i <= random() % 3; ++i) {
      if (random() % 4 == 0) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      } else {
        bytes[60 + random() % (header - 60)] = alphabet[random() % alphabet.size()];
      }
    }
    correct_checksums(name != names[0]);
    status_of([&] { use(); }) == CLIP4J_OK ? ++opened : ++refused;
    static_cast<void>(verify(*disk->folder()));
    for (const auto& [each, content] : sound) file(each) = content;
  }
  EXPECT_GT(opened, 100) << "else the forger is no good";
  EXPECT_GT(refused, 100);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Damage, testing::Values(IdKind::kNone, IdKind::kInt64, IdKind::kString));

}  // namespace
}  // namespace clip4j::store::test
