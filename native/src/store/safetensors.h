#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "store/file.h"

// Files of tensors that Python's safetensors opens as they are. Ours say more, in __metadata__, and the
// reader insists on it: "crc32c" of the header (its own eight digits taken as zeros) and "crc32c.NAME" of
// each tensor, so that no bit of a file can change unnoticed. The data begins at a multiple of 64 bytes.
namespace clip4j::store {

enum class Dtype { kU8, kI64, kF32, kF64 };

// A tensor in memory.
struct Tensor {
  std::string name;
  Dtype dtype;
  std::vector<int64_t> shape;
  Bytes data;
};

// A tensor in a file.
struct StoredTensor {
  std::string name;
  Dtype dtype;
  std::vector<int64_t> shape;
  int64_t offset;  // from the start of the file
  int64_t bytes;
  uint32_t crc32c;
};

using Metadata = std::map<std::string, std::string>;

struct Header {
  std::string file;   // its path, for texts
  Metadata metadata;  // without the checksums
  std::vector<StoredTensor> tensors;
  int64_t length;  // of the whole file
  uint32_t crc32c;

  // These throw CLIP4J_CORRUPT where there is no such thing.
  const std::string& text(const std::string& key) const;
  const StoredTensor& tensor(const std::string& name) const;
  const StoredTensor& tensor(const std::string& name, Dtype dtype, const std::vector<int64_t>& shape) const;
};

// What is durable later identifies the file: its length and the checksum of its header, which has those of
// the data.
struct Written {
  int64_t length;
  uint32_t crc32c;
};

// Writes and syncs. The tensors come in the order given: those of 8-byte values first, so that all are
// aligned.
Written write_tensors(File& file, const Metadata& metadata, const std::vector<Tensor>& tensors);

// Reads and checks the header alone, and that the file is as long as it says. Throws CLIP4J_CORRUPT.
Header read_header(const File& file, const std::string& path);

// Reads a tensor and checks it. `to` has exactly its bytes.
void read_tensor(const File& file, const Header& header, const StoredTensor& tensor, std::span<uint8_t> to);

// Reads a tensor for nothing but its checksum.
void check_tensor(const File& file, const Header& header, const StoredTensor& tensor);

template <typename Value>
Bytes bytes_of(std::span<const Value> values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()};
}

template <typename Value>
std::span<uint8_t> writable_bytes_of(std::span<Value> values) {
  return {reinterpret_cast<uint8_t*>(values.data()), values.size_bytes()};
}

}  // namespace clip4j::store
