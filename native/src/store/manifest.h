#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/file.h"
#include "store/ids.h"

// What an index consists of, in a small file that is replaced whole. docs/index-format.md is the description.
namespace clip4j::store {

using Bits = std::vector<uint64_t>;  // bit r of word r / 64 is row r's

// What never changes.
struct Schema {
  int32_t dimension = 0;
  IdKind ids = IdKind::kNone;
  std::string fingerprint;  // of the model that made the rows, in its own words; empty where unknown
};

// A published segment's file.
struct SegmentEntry {
  int64_t number;  // in its name
  int64_t length;
  uint32_t header_crc32c;
};

struct Manifest {
  struct Segment {
    SegmentEntry file;
    int64_t rows;
    std::shared_ptr<const Bits> alive;  // null: all
  };

  Schema schema;
  int64_t commit = 0;  // how many there were before
  std::vector<Segment> segments;
};

constexpr int64_t kMostRows = (int64_t{1} << 31) - 1;

std::string segment_name(int64_t number);
// -1 for a name that is none of a segment.
int64_t segment_number(const std::string& name);

// Replaces the folder's manifest and returns when that is durable; the files that it names must be already,
// with their names. Where it throws, the old manifest or the new one is the folder's.
void publish_manifest(Folder& folder, const Manifest& manifest);

// Throws CLIP4J_MISSING, CLIP4J_CORRUPT, or CLIP4J_UNSUPPORTED for a format of the future.
Manifest read_manifest(const Folder& folder);
bool has_manifest(std::span<const std::string> names);

constexpr const char* kManifestName = "manifest.safetensors";

}  // namespace clip4j::store
