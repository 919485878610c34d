package io.github.clip4j.internal;

import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.Status;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The native memory of one crossing with pictures: a clip4j_preprocessing, n clip4j_image, n
 * clip4j_outcome, a clip4j_timings, two int32_t, and the pictures' bytes.
 */
final class ImageBatch implements AutoCloseable {
  static final int IMAGE_BYTES = 32;
  static final int OUTCOME_BYTES = 256;
  private static final int TIMINGS_BYTES = 2 * Double.BYTES;

  private final NativeBlock memory;
  private final long outcomes;
  private final long timings;
  private final long results;

  ImageBatch(byte[] preprocessing, List<ImageInput> images) {
    long n = images.size();
    outcomes = PreprocessorConfig.BYTES + n * IMAGE_BYTES;
    timings = outcomes + n * OUTCOME_BYTES;
    results = timings + TIMINGS_BYTES;
    long data = results + 2 * Integer.BYTES;
    long dataBytes = 0;
    for (ImageInput image : images) {
      dataBytes += image.data().remaining();
    }
    memory = new NativeBlock("a call's arguments", data + dataBytes);
    try {
      fill(preprocessing, images, data);
    } catch (Throwable e) {
      memory.close();
      throw e;
    }
  }

  private void fill(byte[] preprocessing, List<ImageInput> images, long data) {
    memory.buffer(0, preprocessing.length).put(preprocessing);
    long entry = PreprocessorConfig.BYTES;
    for (ImageInput image : images) {
      ByteBuffer bytes = image.data().duplicate();
      int size = bytes.remaining();
      memory.buffer(data, size).put(bytes);
      ByteBuffer to = memory.buffer(entry, IMAGE_BYTES);
      to.putLong(memory.address() + data).putLong(size).putInt(image.kind());
      to.putInt(image.width()).putInt(image.height());
      entry += IMAGE_BYTES;
      data += size;
    }
  }

  long preprocessing() {
    return memory.address();
  }

  long images() {
    return memory.address() + PreprocessorConfig.BYTES;
  }

  long outcomes() {
    return memory.address() + outcomes;
  }

  long timings() {
    return memory.address() + timings;
  }

  /** Where two int32_t results go. */
  long results() {
    return memory.address() + results;
  }

  int result(int which) {
    return memory.buffer(results, 2 * Integer.BYTES).getInt(which * Integer.BYTES);
  }

  double millis(int which) {
    return memory.buffer(timings, TIMINGS_BYTES).getDouble(which * Double.BYTES);
  }

  /** Null where the picture succeeded. */
  Kind failure(int image) {
    int status = outcome(image).getInt();
    return status == Status.OK ? null : Status.kind(status);
  }

  String message(int image) {
    ByteBuffer text = outcome(image).position(Integer.BYTES);
    int length = 0;
    while (text.get(text.position() + length) != 0) {
      length++;
    }
    return StandardCharsets.UTF_8.decode(text.limit(text.position() + length)).toString();
  }

  private ByteBuffer outcome(int image) {
    return memory.buffer(outcomes + (long) image * OUTCOME_BYTES, OUTCOME_BYTES);
  }

  @Override
  public void close() {
    memory.close();
  }
}
