#include "store/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>

#include "base/crc32.h"
#include "base/error.h"
#include "base/exit_gate.h"

namespace clip4j::store {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

constexpr int64_t kAlignment = 64;
constexpr int64_t kLongestHeader = int64_t{16} << 20;
constexpr size_t kChunk = size_t{1} << 20;
constexpr std::string_view kOpening = "{\"__metadata__\":{\"crc32c\":\"";
constexpr std::string_view kNoSum = "00000000";
constexpr size_t kSumAt = sizeof(uint64_t) + kOpening.size();
constexpr std::string_view kSumOf = "crc32c.";

struct DtypeName {
  Dtype dtype;
  std::string_view name;
  int64_t width;
};
constexpr std::array<DtypeName, 4> kDtypes = {
    {{Dtype::kU8, "U8", 1}, {Dtype::kI64, "I64", 8}, {Dtype::kF32, "F32", 4}, {Dtype::kF64, "F64", 8}}};

const DtypeName& name_of(Dtype dtype) {
  return *std::find_if(kDtypes.begin(), kDtypes.end(), [&](const DtypeName& d) { return d.dtype == dtype; });
}

std::string hex(uint32_t value) {
  std::string digits(8, '0');
  for (int i = 7; i >= 0; --i, value >>= 4) digits[i] = "0123456789abcdef"[value & 15];
  return digits;
}

std::string quoted(std::string_view value) {
  std::string json = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      json += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += {'\\', 'u', '0', '0', "01"[c >> 4], "0123456789abcdef"[c & 15]};
    } else {
      json += c;
    }
  }
  return json + '"';
}

std::string list(const std::vector<int64_t>& values) {
  std::string json;
  for (const int64_t value : values) json += (json.empty() ? "[" : ",") + std::to_string(value);
  return json.empty() ? "[]" : json + "]";
}

// Reads the JSON that is written below, to the letter: whatever differs was not written by us.
class HeaderReader {
 public:
  HeaderReader(std::string_view json, const std::string& path) : rest_(json), path_(path) {}

  [[noreturn]] void fail_malformed() const { fail(CLIP4J_CORRUPT, path_, ": the header is malformed"); }

  bool skip(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  void expect(std::string_view token) {
    if (!skip(token)) fail_malformed();
  }

  std::string string() {
    expect("\"");
    std::string value;
    while (!skip("\"")) {
      if (skip("\\u00")) {
        const int high = hex_digit();
        value += static_cast<char>(high << 4 | hex_digit());
      } else {
        skip("\\");
        value += next();
      }
    }
    return value;
  }

  int64_t number() {
    const size_t digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    if (digits == 0 || digits > 18 || (digits > 1 && rest_[0] == '0')) fail_malformed();
    int64_t value = 0;
    for (size_t i = 0; i < digits; ++i) value = value * 10 + next() - '0';
    return value;
  }

  std::vector<int64_t> numbers() {
    expect("[");
    std::vector<int64_t> values;
    while (!skip("]")) {
      if (!values.empty()) expect(",");
      values.push_back(number());
    }
    return values;
  }

  void expect_end() {
    if (rest_.find_first_not_of(' ') != std::string_view::npos) fail_malformed();
  }

 private:
  char next() {
    if (rest_.empty()) fail_malformed();
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  int hex_digit() {
    const size_t value = std::string_view("0123456789abcdef").find(next());
    if (value == std::string_view::npos) fail_malformed();
    return static_cast<int>(value);
  }

  std::string_view rest_;
  const std::string& path_;
};

StoredTensor read_entry(HeaderReader& json, std::string name, int64_t data_at) {
  StoredTensor tensor{std::move(name), {}, {}, 0, 0, 0};
  json.expect(":{\"dtype\":");
  const std::string dtype = json.string();
  const auto* known =
      std::find_if(kDtypes.begin(), kDtypes.end(), [&](const DtypeName& d) { return d.name == dtype; });
  if (known == kDtypes.end()) json.fail_malformed();
  tensor.dtype = known->dtype;
  json.expect(",\"shape\":");
  tensor.shape = json.numbers();
  json.expect(",\"data_offsets\":");
  const std::vector<int64_t> range = json.numbers();
  json.expect("}");
  int64_t bytes = known->width;
  for (const int64_t extent : tensor.shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) json.fail_malformed();
  }
  if (range.size() != 2 || range[1] < range[0] || range[1] - range[0] != bytes) json.fail_malformed();
  tensor.offset = data_at + range[0];
  tensor.bytes = bytes;
  return tensor;
}

// The checksum of a tensor, taken out of the metadata.
uint32_t take_sum(Metadata& metadata, const std::string& name, const HeaderReader& json) {
  const auto found = metadata.find(std::string(kSumOf) + name);
  if (found == metadata.end()) json.fail_malformed();
  const uint32_t sum = static_cast<uint32_t>(std::strtoul(found->second.c_str(), nullptr, 16));
  if (hex(sum) != found->second) json.fail_malformed();
  metadata.erase(found);
  return sum;
}

// Hands the tensor's bytes to `use` in order, chunk by chunk, and checks their sum.
template <typename ReadChunk>
void read_checked(const Header& header, const StoredTensor& tensor, const ReadChunk& read_chunk) {
  uint32_t sum = 0;
  for (int64_t done = 0; done < tensor.bytes;) {
    exit_gate::check_running();
    const Bytes chunk = read_chunk(done, std::min<int64_t>(kChunk, tensor.bytes - done));
    sum = crc32c(chunk, sum);
    done += static_cast<int64_t>(chunk.size());
  }
  if (sum != tensor.crc32c)
    fail(CLIP4J_CORRUPT, header.file, ": tensor ", tensor.name, " has a wrong checksum");
}

}  // namespace

const std::string& Header::text(const std::string& key) const {
  const auto found = metadata.find(key);
  if (found == metadata.end()) fail(CLIP4J_CORRUPT, file, ": ", key, " is missing");
  return found->second;
}

const StoredTensor& Header::tensor(const std::string& name) const {
  for (const StoredTensor& tensor : tensors) {
    if (tensor.name == name) return tensor;
  }
  fail(CLIP4J_CORRUPT, file, ": tensor ", name, " is missing");
}

const StoredTensor& Header::tensor(const std::string& name, Dtype dtype,
                                   const std::vector<int64_t>& shape) const {
  const StoredTensor& found = tensor(name);
  if (found.dtype != dtype || found.shape != shape) {
    fail(CLIP4J_CORRUPT, file, ": tensor ", name, " has shape ", list(found.shape), " instead of ",
         list(shape), " or another type");
  }
  return found;
}

Written write_tensors(File& file, const Metadata& metadata, const std::vector<Tensor>& tensors) {
  std::string header(sizeof(uint64_t), '\0');
  header.append(kOpening).append(kNoSum).append("\"");
  for (const auto& [key, value] : metadata) header += "," + quoted(key) + ":" + quoted(value);
  for (const Tensor& tensor : tensors) {
    header += "," + quoted(std::string(kSumOf) + tensor.name) + ":" + quoted(hex(crc32c(tensor.data)));
  }
  header += "}";
  int64_t bytes = 0;
  for (const Tensor& tensor : tensors) {
    const int64_t end = bytes + static_cast<int64_t>(tensor.data.size());
    header += "," + quoted(tensor.name) + ":{\"dtype\":" + quoted(name_of(tensor.dtype).name) +
              ",\"shape\":" + list(tensor.shape) + ",\"data_offsets\":" + list({bytes, end}) + "}";
    bytes = end;
  }
  header += "}";
  header.resize((header.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  const uint64_t length = header.size() - sizeof(uint64_t);
  std::memcpy(header.data(), &length, sizeof(length));
  const uint32_t sum = crc32c(bytes_of(std::span<const char>(header)));
  header.replace(kSumAt, kNoSum.size(), hex(sum));

  file.write(bytes_of(std::span<const char>(header)), 0);
  auto offset = static_cast<int64_t>(header.size());
  for (const Tensor& tensor : tensors) {
    file.write(tensor.data, offset);
    offset += static_cast<int64_t>(tensor.data.size());
  }
  file.sync();
  return {offset, sum};
}

Header read_header(const File& file, const std::string& path) {
  Header header{path, {}, {}, file.size(), 0};
  uint64_t length = 0;
  if (header.length < static_cast<int64_t>(sizeof(length))) fail(CLIP4J_CORRUPT, path, " is too short");
  file.read(writable_bytes_of(std::span(&length, 1)), 0);
  if (length < kSumAt || length > kLongestHeader || length > header.length - sizeof(length) ||
      (length + sizeof(length)) % kAlignment != 0) {
    fail(CLIP4J_CORRUPT, path, ": the header cannot be ", length, " bytes long");
  }
  std::string bytes(sizeof(length) + length, '\0');
  file.read(writable_bytes_of(std::span<char>(bytes)), 0);
  std::string_view json(bytes);
  json.remove_prefix(sizeof(length));
  const std::string sum(json.substr(kOpening.size(), kNoSum.size()));
  bytes.replace(kSumAt, kNoSum.size(), kNoSum);
  header.crc32c = crc32c(bytes_of(std::span<const char>(bytes)));
  if (hex(header.crc32c) != sum) fail(CLIP4J_CORRUPT, path, ": the header has a wrong checksum");

  HeaderReader reader(json, path);
  reader.expect(kOpening);
  reader.expect(kNoSum);
  reader.expect("\"");
  while (!reader.skip("}")) {
    reader.expect(",");
    std::string key = reader.string();
    reader.expect(":");
    if (!header.metadata.emplace(std::move(key), reader.string()).second) reader.fail_malformed();
  }
  auto end = static_cast<int64_t>(bytes.size());
  const int64_t data_at = end;
  while (!reader.skip("}")) {
    reader.expect(",");
    StoredTensor tensor = read_entry(reader, reader.string(), data_at);
    tensor.crc32c = take_sum(header.metadata, tensor.name, reader);
    if (tensor.offset != end || tensor.bytes > header.length - end) {
      fail(CLIP4J_CORRUPT, path, ": tensor ", tensor.name, " does not lie in the file");
    }
    end += tensor.bytes;
    header.tensors.push_back(std::move(tensor));
  }
  reader.expect_end();
  if (end != header.length) fail(CLIP4J_CORRUPT, path, " is ", header.length, " bytes long, not ", end);
  return header;
}

void read_tensor(const File& file, const Header& header, const StoredTensor& tensor, std::span<uint8_t> to) {
  read_checked(header, tensor, [&](int64_t at, int64_t count) {
    const std::span<uint8_t> chunk = to.subspan(at, count);
    file.read(chunk, tensor.offset + at);
    return Bytes(chunk);
  });
}

void check_tensor(const File& file, const Header& header, const StoredTensor& tensor) {
  std::vector<uint8_t> buffer(std::min<int64_t>(kChunk, tensor.bytes));
  read_checked(header, tensor, [&](int64_t at, int64_t count) {
    const std::span<uint8_t> chunk = std::span(buffer).first(count);
    file.read(chunk, tensor.offset + at);
    return Bytes(chunk);
  });
}

}  // namespace clip4j::store
