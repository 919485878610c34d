#pragma once

#include "clip4j.h"
#include "image/pixels.h"

namespace clip4j::image {

// The 8-bit picture that the model sees: resized as Pillow's Image.resize does it, every bit, then cropped to
// its centre as transformers' CLIPImageProcessor or as torchvision does (the fill colour where the crop is
// larger than the picture). Only what the crop keeps is computed.
Pixels resize_crop(const Pixels& picture, const clip4j_preprocessing& options);

}  // namespace clip4j::image
