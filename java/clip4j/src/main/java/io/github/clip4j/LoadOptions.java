package io.github.clip4j;

import java.util.Objects;

/**
 * How a model is loaded.
 *
 * @param precision the encoders' arithmetic
 * @param device where they run
 * @param threads cores that one encoding may use; 0, the default, is all that this process has
 * @param images how encoded pictures are read
 */
public record LoadOptions(Precision precision, Device device, int threads, ImageOptions images) {

  /** The defaults. */
  public static final LoadOptions DEFAULT =
      new LoadOptions(Precision.FP32, Device.CPU, 0, ImageOptions.DEFAULT);

  /** Checks the values. */
  public LoadOptions {
    Objects.requireNonNull(precision, "precision");
    Objects.requireNonNull(device, "device");
    Objects.requireNonNull(images, "images");
    if (threads < 0 || threads > 4096) {
      throw new IllegalArgumentException("threads must be 0 (all) to 4096: " + threads);
    }
  }

  /** A copy with another precision. */
  public LoadOptions withPrecision(Precision other) {
    return new LoadOptions(other, device, threads, images);
  }

  /** A copy with another device. */
  public LoadOptions withDevice(Device other) {
    return new LoadOptions(precision, other, threads, images);
  }

  /** A copy with another number of threads. */
  public LoadOptions withThreads(int other) {
    return new LoadOptions(precision, device, other, images);
  }

  /** A copy that reads pictures in another way. */
  public LoadOptions withImages(ImageOptions other) {
    return new LoadOptions(precision, device, threads, other);
  }
}
