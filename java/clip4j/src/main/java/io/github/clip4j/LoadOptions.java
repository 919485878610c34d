package io.github.clip4j;

import java.util.Objects;

/**
 * How a model is loaded.
 *
 * @param precision the encoders' arithmetic
 * @param device where they run; pictures are decoded on the CPU either way, and preprocessed there
 *     unless clip4j-search's jar for GPUs is on the class path
 * @param threads cores that one encoding may use; 0, the default, or more than there are: all that
 *     this process has
 * @param images how encoded pictures are read
 * @param imageSize side in pixels of the squares that pictures become; 0, the default, is what the
 *     model was trained on. For another its position embeddings are interpolated (bicubic), as
 *     transformers does it, or OpenCLIP for its own and OpenAI's files: larger pictures show more
 *     detail, and rows of different sizes do not compare well
 * @param offline whether a model of the Hugging Face hub may come from the cache alone, as
 *     HF_HUB_OFFLINE=1 demands too
 * @param progress hears how far the download of a model is, all its files together; from several
 *     threads, but one call at a time
 */
public record LoadOptions(
    Precision precision,
    Device device,
    int threads,
    ImageOptions images,
    int imageSize,
    boolean offline,
    Downloader.Progress progress) {

  /** The defaults. */
  public static final LoadOptions DEFAULT =
      new LoadOptions(
          Precision.FP32, Device.CPU, 0, ImageOptions.DEFAULT, 0, false, (received, total) -> {});

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if threads is not 0 to 4096, or imageSize not 0 to 8192
   */
  public LoadOptions {
    Objects.requireNonNull(precision, "precision");
    Objects.requireNonNull(device, "device");
    Objects.requireNonNull(images, "images");
    Objects.requireNonNull(progress, "progress");
    if (threads < 0 || threads > 4096) {
      throw new IllegalArgumentException("threads must be 0 (all) to 4096: " + threads);
    }
    if (imageSize < 0 || imageSize > 8192) {
      throw new IllegalArgumentException("imageSize must be 0 (the model's) to 8192: " + imageSize);
    }
  }

  /** A copy with another precision. */
  public LoadOptions withPrecision(Precision other) {
    return new LoadOptions(other, device, threads, images, imageSize, offline, progress);
  }

  /** A copy with another device. */
  public LoadOptions withDevice(Device other) {
    return new LoadOptions(precision, other, threads, images, imageSize, offline, progress);
  }

  /** A copy with another number of threads. */
  public LoadOptions withThreads(int other) {
    return new LoadOptions(precision, device, other, images, imageSize, offline, progress);
  }

  /** A copy that reads pictures in another way. */
  public LoadOptions withImages(ImageOptions other) {
    return new LoadOptions(precision, device, threads, other, imageSize, offline, progress);
  }

  /** A copy with another size of pictures; 0 is the model's own. */
  public LoadOptions withImageSize(int other) {
    return new LoadOptions(precision, device, threads, images, other, offline, progress);
  }

  /** A copy that may or may not use the network. */
  public LoadOptions withOffline(boolean other) {
    return new LoadOptions(precision, device, threads, images, imageSize, other, progress);
  }

  /** A copy with a listener. */
  public LoadOptions withProgress(Downloader.Progress listener) {
    return new LoadOptions(precision, device, threads, images, imageSize, offline, listener);
  }
}
