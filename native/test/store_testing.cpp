#include "store_testing.h"

#include <cstdio>
#include <cstring>

#include "base/crc32.h"

namespace clip4j::store::test {

namespace {

// The header with its own sum taken as zeros; empty where there is none.
std::string_view prepared_header(std::string& file) {
  uint64_t length = 0;
  if (file.size() > sizeof(length)) std::memcpy(&length, file.data(), sizeof(length));
  const size_t at = file.find("\"crc32c\":\"");
  if (length >= file.size() || at + 18 > file.size()) return {};
  file.replace(at + 10, 8, "00000000");
  return std::string_view(file).substr(0, sizeof(length) + length);
}

std::string hex(uint32_t sum) {
  char digits[9];
  std::snprintf(digits, sizeof(digits), "%08x", sum);
  return digits;
}

uint32_t sum_of(std::string_view bytes) { return crc32c(bytes_of(std::span<const char>(bytes))); }

}  // namespace

Written rewrite(Folder& folder, const std::string& name,
                const std::function<void(std::vector<Payload>&)>& change) {
  std::vector<Payload> payloads;
  const std::unique_ptr<File> file = folder.open(name);
  const Header header = read_header(*file, name);
  for (const StoredTensor& tensor : header.tensors) {
    payloads.push_back({tensor.name, tensor.dtype, tensor.shape, std::vector<uint8_t>(tensor.bytes)});
    read_tensor(*file, header, tensor, payloads.back().bytes);
  }
  change(payloads);
  std::vector<Tensor> tensors;
  for (const Payload& payload : payloads) {
    tensors.push_back({payload.name, payload.dtype, payload.shape, Bytes(payload.bytes)});
  }
  folder.remove(name);
  return write_tensors(*folder.create(name), header.metadata, tensors);
}

uint32_t header_sum(const std::string& file) {
  std::string copy = file;
  return sum_of(prepared_header(copy));
}

void correct_header(std::string& file) {
  const std::string sum = hex(header_sum(file));
  const size_t at = file.find("\"crc32c\":\"");
  if (at + 18 <= file.size()) file.replace(at + 10, 8, sum);
}

void forge(std::string& file) {
  const std::string_view header = prepared_header(file);
  const size_t data = header.size();
  const std::string key = "\"crc32c.";
  for (size_t at = header.find(key); at < data; at = file.find(key, at + 1)) {
    const size_t begin = at + key.size(), end = file.find('"', begin);
    const std::string name = file.substr(begin, end - begin);
    size_t offsets = file.find("\"" + name + "\":{");
    if (offsets < data) offsets = file.find("\"data_offsets\":[", offsets);
    unsigned long long from = 0, to = 0;
    if (offsets >= data || std::sscanf(&file[offsets], "\"data_offsets\":[%llu,%llu]", &from, &to) != 2)
      continue;
    if (from > to || to > file.size() - data || end + 11 > data) continue;
    file.replace(end + 3, 8, hex(sum_of(std::string_view(file).substr(data + from, to - from))));
  }
  correct_header(file);
}

}  // namespace clip4j::store::test
