#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/safetensors.h"
#include "store_faulty_folder.h"

namespace clip4j::store::test {

// The status of the Error that `body` throws, CLIP4J_OK if it throws none.
template <typename Body>
clip4j_status status_of(const Body& body, std::string* text = nullptr) {
  try {
    body();
    return CLIP4J_OK;
  } catch (const Error& e) {
    if (text != nullptr) *text = e.what();
    return e.status();
  }
}

#define EXPECT_STATUS(expression, status) EXPECT_EQ(status_of([&] { static_cast<void>(expression); }), status)

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "clip4j-store-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A tensor with what it holds.
struct Payload {
  std::string name;
  Dtype dtype;
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
};

// Writes a file anew with what `change` makes of its tensors.
Written rewrite(Folder& folder, const std::string& name,
                const std::function<void(std::vector<Payload>&)>& change);

// Puts the checksum of a changed header right, as a forger would.
void correct_header(std::string& file);
// And those of the tensors, where the header still makes sense.
void forge(std::string& file);
uint32_t header_sum(const std::string& file);

}  // namespace clip4j::store::test
