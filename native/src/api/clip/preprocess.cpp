#include <cstring>

#include "api/arguments.h"
#include "base/boundary.h"
#include "clip4j.h"
#include "image/decode.h"
#include "image/resize.h"

using clip4j::deref;
using clip4j::fail;

int32_t clip4j_preprocess(const clip4j_preprocessing* preprocessing, const clip4j_image* image,
                          uint8_t* pixels, int64_t capacity, int32_t* height, int32_t* width) {
  return clip4j::translate_exceptions([&] {
    const clip4j_preprocessing& options = deref(preprocessing, "preprocessing");
    int32_t &rows = deref(height, "height"), &columns = deref(width, "width");
    const clip4j::image::Pixels crop =
        clip4j::image::resize_crop(clip4j::image::decode(deref(image, "image"), options), options);
    rows = crop.height;
    columns = crop.width;
    if (pixels == nullptr) return;
    if (capacity < static_cast<int64_t>(crop.rgb.size())) {
      fail(CLIP4J_INVALID_ARGUMENT, "room for ", capacity, " bytes where ", crop.rgb.size(), " are needed");
    }
    std::memcpy(pixels, crop.rgb.data(), crop.rgb.size());
  });
}

const char* clip4j_opencv_version(void) { return clip4j::image::opencv_version(); }
