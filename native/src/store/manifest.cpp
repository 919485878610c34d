#include "store/manifest.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/error.h"
#include "search/codes.h"
#include "store/safetensors.h"

namespace clip4j::store {
namespace {

constexpr const char* kPendingName = "manifest.pending";
constexpr const char* kFormat = "clip4j-index";
constexpr int64_t kVersion = 1;
constexpr int64_t kColumns = 4;  // of the tensor `segments`
constexpr std::string_view kSegmentPrefix = "segment-";
constexpr std::string_view kSegmentSuffix = ".safetensors";

const std::vector<std::pair<IdKind, std::string>> kIdKinds = {
    {IdKind::kNone, "none"}, {IdKind::kInt64, "int64"}, {IdKind::kString, "string"}};

std::string alive_name(int64_t number) { return "alive." + std::to_string(number); }

// A number that can be counted on from; -1 for whatever else was not written by us.
int64_t parse(std::string_view digits) {
  constexpr size_t most_digits = 18;
  if (digits.size() > most_digits) return -1;
  int64_t value = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole && value >= 0 && std::to_string(value) == digits ? value : -1;
}

std::shared_ptr<const Bits> read_alive(const File& file, const Header& header, const StoredTensor& tensor,
                                       int64_t rows) {
  auto alive = std::make_shared<Bits>(tensor.bytes / sizeof(uint64_t));
  read_tensor(file, header, tensor, writable_bytes_of(std::span<uint64_t>(*alive)));
  if (rows % 64 != 0 && alive->back() >> rows % 64 != 0) {
    fail(CLIP4J_CORRUPT, header.file, ": ", tensor.name, " has more bits than rows");
  }
  return alive;
}

}  // namespace

std::string segment_name(int64_t number) {
  return std::string(kSegmentPrefix) + std::to_string(number) + std::string(kSegmentSuffix);
}

int64_t segment_number(const std::string& name) {
  std::string_view digits = name;
  if (!digits.starts_with(kSegmentPrefix) || !digits.ends_with(kSegmentSuffix)) return -1;
  digits.remove_prefix(kSegmentPrefix.size());
  digits.remove_suffix(std::min(digits.size(), kSegmentSuffix.size()));
  return parse(digits);
}

void publish_manifest(Folder& folder, const Manifest& manifest) {
  const auto kind = std::find_if(kIdKinds.begin(), kIdKinds.end(),
                                 [&](const auto& known) { return known.first == manifest.schema.ids; });
  const Metadata metadata = {{"format", kFormat},
                             {"version", std::to_string(kVersion)},
                             {"dimension", std::to_string(manifest.schema.dimension)},
                             {"ids", kind->second},
                             {"fingerprint", manifest.schema.fingerprint},
                             {"commit", std::to_string(manifest.commit)}};
  std::vector<int64_t> table;
  std::vector<Tensor> tensors(1);
  for (const Manifest::Segment& segment : manifest.segments) {
    table.insert(table.end(),
                 {segment.file.number, segment.rows, segment.file.length, segment.file.header_crc32c});
    if (segment.alive == nullptr) continue;
    const Bytes bits = bytes_of(std::span<const uint64_t>(*segment.alive));
    tensors.push_back(
        {alive_name(segment.file.number), Dtype::kU8, {static_cast<int64_t>(bits.size())}, bits});
  }
  tensors[0] = {"segments",
                Dtype::kI64,
                {static_cast<int64_t>(manifest.segments.size()), kColumns},
                bytes_of(std::span<const int64_t>(table))};
  // One that a crash left behind was never published.
  folder.remove(kPendingName);
  write_tensors(*folder.create(kPendingName), metadata, tensors);
  folder.rename(kPendingName, kManifestName);
  folder.sync();
}

bool has_manifest(std::span<const std::string> names) {
  return std::find(names.begin(), names.end(), kManifestName) != names.end();
}

Manifest read_manifest(const Folder& folder) {
  const std::string path = folder.path() + "/" + kManifestName;
  const std::unique_ptr<File> file = folder.open(kManifestName);
  const Header header = read_header(*file, path);
  const auto number = [&](const char* key) {
    const int64_t value = parse(header.text(key));
    if (value < 0) fail(CLIP4J_CORRUPT, path, ": ", key, " is no number");
    return value;
  };
  if (header.text("format") != kFormat) fail(CLIP4J_CORRUPT, path, " is not that of an index");
  if (number("version") != kVersion) {
    fail(CLIP4J_UNSUPPORTED, path, " has format version ", header.text("version"), ", this library reads ",
         kVersion);
  }
  Manifest manifest;
  const int64_t dimension = number("dimension");
  const auto kind = std::find_if(kIdKinds.begin(), kIdKinds.end(),
                                 [&](const auto& known) { return known.second == header.text("ids"); });
  if (dimension < 1 || dimension > search::kMostDimension || kind == kIdKinds.end()) {
    fail(CLIP4J_CORRUPT, path, " describes no index");
  }
  manifest.schema = {static_cast<int32_t>(dimension), kind->first, header.text("fingerprint")};
  manifest.commit = number("commit");

  const StoredTensor& segments = header.tensor("segments");
  const int64_t count = segments.shape.empty() ? 0 : segments.shape[0];
  header.tensor("segments", Dtype::kI64, {count, kColumns});
  std::vector<int64_t> table(count * kColumns);
  read_tensor(*file, header, segments, writable_bytes_of(std::span<int64_t>(table)));
  int64_t all_rows = 0;
  size_t bitmaps = 0;
  std::set<int64_t> numbers;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t* entry = &table[i * kColumns];
    Manifest::Segment segment{{entry[0], entry[2], static_cast<uint32_t>(entry[3])}, entry[1], nullptr};
    if (entry[0] < 0 || entry[1] < 1 || entry[1] > kMostRows - all_rows || entry[2] < 0 ||
        entry[3] != segment.file.header_crc32c || !numbers.insert(entry[0]).second) {
      fail(CLIP4J_CORRUPT, path, ": segment ", i, " is impossible");
    }
    all_rows += entry[1];
    const std::string name = alive_name(entry[0]);
    for (const StoredTensor& tensor : header.tensors) {
      if (tensor.name != name) continue;
      header.tensor(name, Dtype::kU8, {(entry[1] + 63) / 64 * 8});
      segment.alive = read_alive(*file, header, tensor, entry[1]);
      ++bitmaps;
    }
    manifest.segments.push_back(std::move(segment));
  }
  if (bitmaps + 1 != header.tensors.size()) fail(CLIP4J_CORRUPT, path, " has a tensor of no segment");
  return manifest;
}

}  // namespace clip4j::store
