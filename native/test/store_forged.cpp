#include <algorithm>
#include <cstring>

#include "store/verify.h"
#include "store_model.h"
#include "store_testing.h"

// Files that contradict themselves or one another, made by somebody who gets every checksum right: each must
// be refused, and for this reason.
namespace clip4j::store::test {
namespace {

constexpr int64_t kColumns = 4;  // of the manifest's table: number, rows, length and checksum of a segment

class Forged : public testing::Test {
 protected:
  Forged() {
    const std::unique_ptr<Index> index =
        Index::create(disk_->folder(), {3, IdKind::kString, ""}, kAllRowMemory);
    test::add(*index, {{"a", {1, 0, 0}}, {"b", {0, 1, 0}}, {"c", {0, 0, 1}}});
    test::add(*index, {{"dd", {1, 1, 0}}, {"ee", {0, 1, 1}}, {"ff", {1, 0, 1}}});
    test::remove(*index, {"b"});
    index->commit();
  }

  // Changes the manifest's table, and the rest of its tensors.
  template <typename Change>
  void change_manifest(const Change& change) {
    rewrite(*disk_->folder(), kManifestName, [&](std::vector<Payload>& tensors) {
      const auto segments = std::ranges::find(tensors, "segments", &Payload::name);
      std::vector<int64_t> table(segments->bytes.size() / sizeof(int64_t));
      std::memcpy(table.data(), segments->bytes.data(), segments->bytes.size());
      change(table, tensors);
      const Bytes bytes = bytes_of(std::span<const int64_t>(table));
      const auto changed = std::ranges::find(tensors, "segments", &Payload::name);
      changed->shape[0] = std::ssize(table) / kColumns;
      changed->bytes.assign(bytes.begin(), bytes.end());
    });
  }

  // Changes the second segment, and publishes it.
  void change_segment(const std::function<void(std::vector<Payload>&)>& change) {
    const Written written = rewrite(*disk_->folder(), segment_name(1), change);
    change_manifest([&](std::vector<int64_t>& table, auto&) {
      table[kColumns + 2] = written.length;
      table[kColumns + 3] = written.crc32c;
    });
  }

  void expect_refused(const std::string& reason) {
    std::string problem;
    EXPECT_EQ(status_of([&] { Index::open(disk_->folder(), Access::kRead, kAllRowMemory); }, &problem),
              CLIP4J_CORRUPT);
    EXPECT_TRUE(problem.ends_with(reason)) << problem;
  }

  static constexpr Options kAllRowMemory{1 << 20};
  std::shared_ptr<Disk> disk_ = Disk::make();
};

TEST_F(Forged, IsReadWhereNothingIsWrong) {
  change_segment([](auto&) {});
  EXPECT_EQ(Index::open(disk_->folder(), Access::kRead, kAllRowMemory)->snapshot()->size(), 5);
  EXPECT_TRUE(verify(*disk_->folder()).empty());
}

TEST_F(Forged, AnUnknownTensorIsRefused) {
  change_segment([](auto& tensors) { tensors.push_back({"more", Dtype::kU8, {1}, {0}}); });
  expect_refused("segment-1.safetensors has unknown tensors");
}

TEST_F(Forged, ASegmentListedTwiceIsRefused) {
  change_manifest([](std::vector<int64_t>& table, auto&) {
    const std::vector<int64_t> second(table.begin() + kColumns, table.end());
    table.insert(table.end(), second.begin(), second.end());
  });
  expect_refused("segment 2 is impossible");
}

TEST_F(Forged, MoreAliveRowsThanThereAreAreRefused) {
  change_manifest([](auto&, std::vector<Payload>& tensors) {
    std::ranges::find(tensors, "alive.0", &Payload::name)->bytes[0] |= 1 << 3;
  });
  expect_refused("alive.0 has more bits than rows");
}

TEST_F(Forged, ABitmapOfNoSegmentIsRefused) {
  change_manifest([](auto&, std::vector<Payload>& tensors) {
    tensors.push_back({"alive.7", Dtype::kU8, {8}, std::vector<uint8_t>(8)});
  });
  expect_refused("has a tensor of no segment");
}

// They are read when they are first needed: verify must look too.
TEST_F(Forged, IdsOutsideTheirTextAreFound) {
  change_segment([](std::vector<Payload>& tensors) {
    std::vector<uint8_t>& ends = std::ranges::find(tensors, "id_ends", &Payload::name)->bytes;
    std::swap_ranges(ends.begin(), ends.begin() + 8, ends.begin() + 8);
  });
  const std::vector<Finding> findings = verify(*disk_->folder());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].file, segment_name(1));
  EXPECT_TRUE(findings[0].problem.ends_with("the ids do not lie in id_text")) << findings[0].problem;
}

}  // namespace
}  // namespace clip4j::store::test
