#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "clip/model.h"
#include "clip4j.h"

namespace clip4j::test {

struct NamedTensor {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

using Checkpoint = std::map<std::string, NamedTensor>;

// A small CLIP: two layers a tower, 17 tokens a picture, 12 a text.
clip4j_config small_config(clip4j_activation activation, int32_t end_of_text_id);
// A small SigLIP: as large.
clip4j_config small_siglip();

// One with a text tower like BERT's, of which this is read.
clip4j_config small_bert(clip4j_text_pooling pooling);

// Random weights in Hugging Face's naming and shapes, written down here independently of the library.
Checkpoint random_checkpoint(const clip4j_config& config, uint32_t seed);

// The embedding by the definition, in double precision, operation by operation.
std::vector<double> reference_image(const clip4j_config& config, const Checkpoint& weights,
                                    std::span<const uint8_t> pixels,
                                    const clip4j_preprocessing& preprocessing);
std::vector<double> reference_text(const clip4j_config& config, const Checkpoint& weights,
                                   std::span<const int32_t> ids);

// A file that is gone at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::span<const char> bytes);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Reads all of a model, and finishes it.
void read(Model& model, const Checkpoint& weights);

// Every test of the ABI ends with nothing of the library's left.
class ClipTest : public testing::Test {
 protected:
  void TearDown() override;
};

// With what a small model of CLIP's kind is made of.
class SmallModelTest : public ClipTest {
 protected:
  const clip4j_config config_;
  const Checkpoint weights_;
  const clip4j_preprocessing preprocessing_;
  std::mt19937 random_{17};

  SmallModelTest();
};

// A loaded model, through the ABI.
class LoadedModel {
 public:
  LoadedModel(const clip4j_config& config, const Checkpoint& weights, int32_t threads = 0,
              clip4j_precision precision = CLIP4J_PRECISION_FP32);
  ~LoadedModel();
  LoadedModel(const LoadedModel&) = delete;
  LoadedModel& operator=(const LoadedModel&) = delete;

  clip4j_model* get() const { return model_; }
  // Each must succeed; rows one after another.
  std::vector<float> embed_images(const std::vector<std::vector<uint8_t>>& pictures) const;
  std::vector<float> embed_texts(const std::vector<std::vector<int32_t>>& texts) const;

 private:
  const clip4j_config config_;
  clip4j_model* model_ = nullptr;
};

// CLIP's, for RGB pixels that have the model's size already.
clip4j_preprocessing pixels_as_they_are(int32_t image_size);
clip4j_image rgb_image(const std::vector<uint8_t>& pixels, int32_t size);

std::vector<uint8_t> random_pixels(int32_t size, std::mt19937& random);
// A begin, random ids and, last, an end.
std::vector<int32_t> random_text(int32_t length, int32_t end, std::mt19937& random);

}  // namespace clip4j::test
