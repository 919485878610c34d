// The towers against CLIP, SigLIP and what lies between them by their definition.
#include <algorithm>

#include "clip_fixture.h"

namespace clip4j::test {
namespace {

class ClipTowers : public ClipTest, public testing::WithParamInterface<clip4j_config> {
 protected:
  const clip4j_config config_ = GetParam();
  const Checkpoint weights_ = random_checkpoint(config_, 7);
  const size_t dimension_ = static_cast<size_t>(config_.projection_dim);
  const int32_t end_ = config_.end_of_text_id < 0 ? 49 : config_.end_of_text_id;
  std::mt19937 random_{11};

  void expect_close(const float* row, const std::vector<double>& expected) const {
    for (size_t i = 0; i < dimension_; ++i) EXPECT_NEAR(row[i], expected[i], 2e-6) << i;
  }
};

// Each model with each of its facts turned round.
class ClipFacts : public ClipTowers {};

TEST_P(ClipFacts, ImagesEqualTheDefinition) {
  const LoadedModel model(config_, weights_);
  std::vector<std::vector<uint8_t>> pictures;
  for (int i = 0; i < 5; ++i) pictures.push_back(random_pixels(config_.image_size, random_));
  const std::vector<float> rows = model.embed_images(pictures);
  const clip4j_preprocessing preprocessing = pixels_as_they_are(config_.image_size);
  for (size_t i = 0; i < pictures.size(); ++i) {
    expect_close(&rows[i * dimension_], reference_image(config_, weights_, pictures[i], preprocessing));
  }
}

TEST_P(ClipFacts, TextsEqualTheDefinition) {
  const LoadedModel model(config_, weights_);
  std::vector<std::vector<int32_t>> texts;
  for (const int32_t length : {12, 1, 5, 2, 12, 7, 5}) texts.push_back(random_text(length, end_, random_));
  texts.push_back({0, 3, end_, end_, end_});  // the first end counts
  texts.push_back({0, 3, end_, 1, 2, 0, 0});  // where the end is read, padding behind it does not
  const std::vector<float> rows = model.embed_texts(texts);
  for (size_t i = 0; i < texts.size(); ++i) {
    expect_close(&rows[i * dimension_], reference_text(config_, weights_, texts[i]));
  }
}

// With more threads oneDNN may split long sums, by the number of rows: ThreadCountsGiveTheSame allows for
// that.
TEST_P(ClipTowers, ResultsDoNotDependOnTheBatch) {
  const LoadedModel model(config_, weights_, 1);
  std::vector<std::vector<uint8_t>> pictures;
  std::vector<std::vector<int32_t>> texts;
  for (int i = 0; i < 65; ++i) {
    pictures.push_back(random_pixels(config_.image_size, random_));
    texts.push_back(random_text(static_cast<int32_t>(1 + random_() % 12), end_, random_));
  }
  const std::vector<float> images = model.embed_images(pictures), sentences = model.embed_texts(texts);
  for (const size_t batch : {1, 2, 3, 7, 16, 31, 32, 33, 64}) {
    const size_t first = random_() % (65 - batch);
    const auto last = static_cast<ptrdiff_t>(first + batch);
    const auto some =
        model.embed_images({pictures.begin() + static_cast<ptrdiff_t>(first), pictures.begin() + last});
    EXPECT_TRUE(std::ranges::equal(some, std::span(images).subspan(first * dimension_, batch * dimension_)))
        << batch;
    const auto few = model.embed_texts({texts.begin() + static_cast<ptrdiff_t>(first), texts.begin() + last});
    EXPECT_TRUE(std::ranges::equal(few, std::span(sentences).subspan(first * dimension_, batch * dimension_)))
        << batch;
  }
}

TEST_P(ClipTowers, RowsAreUnitLength) {
  const LoadedModel model(config_, weights_);
  const std::vector<float> row = model.embed_images({random_pixels(config_.image_size, random_)});
  double squares = 0;
  for (const float value : row) squares += double{value} * value;
  EXPECT_NEAR(squares, 1, 1e-6);
}

TEST_P(ClipTowers, ThreadCountsGiveTheSame) {
  const LoadedModel one(config_, weights_, 1), all(config_, weights_, 0);
  const std::vector<std::vector<uint8_t>> pictures{random_pixels(config_.image_size, random_),
                                                   random_pixels(config_.image_size, random_)};
  const std::vector<float> a = one.embed_images(pictures), b = all.embed_images(pictures);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-6);
}

std::vector<clip4j_config> models() {
  return {small_config(CLIP4J_QUICK_GELU, -1),
          small_config(CLIP4J_QUICK_GELU, 45),
          small_config(CLIP4J_GELU, -1),
          small_config(CLIP4J_GELU, 45),
          small_siglip(),
          small_bert(CLIP4J_FIRST),
          small_bert(CLIP4J_MEAN)};
}

std::vector<clip4j_config> models_and_variants() {
  std::vector<clip4j_config> result = models();
  for (clip4j_config model : {small_config(CLIP4J_GELU_TANH, 45), small_siglip()}) {
    model.projection_dim = model.vision.hidden_size;
    for (int32_t clip4j_config::*fact :
         {&clip4j_config::vision_pooling, &clip4j_config::text_pooling, &clip4j_config::patch_bias,
          &clip4j_config::pre_norm, &clip4j_config::vision_projection, &clip4j_config::causal_text,
          &clip4j_config::text_bias, &clip4j_config::logit_bias, &clip4j_config::token_type}) {
      result.push_back(model);
      result.back().*fact = 1 - model.*fact;
    }
    result.push_back(model);
    result.back().text_projection_hidden = 27;
    result.push_back(model);
    result.back().vision.post_norm = result.back().text.post_norm = 1;
    result.push_back(model);
    result.back().text_pooling = CLIP4J_MEAN;
  }
  return result;
}

INSTANTIATE_TEST_SUITE_P(All, ClipTowers, testing::ValuesIn(models()));
INSTANTIATE_TEST_SUITE_P(All, ClipFacts, testing::ValuesIn(models_and_variants()));

}  // namespace
}  // namespace clip4j::test
