package io.github.clip4j.internal;

import io.github.clip4j.internal.checkpoint.PreprocessorConfig;
import io.github.clip4j.search.Clip4jException;
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
  static final int TIMINGS_BYTES = 2 * Double.BYTES;

  private final NativeBlock memory;
  private final ByteBuffer head; // all but the pictures' bytes
  private final int outcomes;
  private final int timings;
  private final int results;

  ImageBatch(byte[] preprocessing, List<ImageInput> images) {
    int n = images.size();
    long size = PreprocessorConfig.BYTES + (long) n * (IMAGE_BYTES + OUTCOME_BYTES);
    long data = size + TIMINGS_BYTES + 2 * Integer.BYTES;
    if (data > Integer.MAX_VALUE) {
      throw new Clip4jException(Kind.TOO_LARGE, n + " pictures in one call: give fewer");
    }
    outcomes = PreprocessorConfig.BYTES + n * IMAGE_BYTES;
    timings = outcomes + n * OUTCOME_BYTES;
    results = timings + TIMINGS_BYTES;
    long dataBytes = 0;
    for (ImageInput image : images) {
      dataBytes += image.data().remaining();
    }
    memory = new NativeBlock("a call's arguments", data + dataBytes);
    try {
      head = memory.buffer(0, (int) data);
      fill(preprocessing, images, data);
    } catch (Throwable e) {
      memory.close();
      throw e;
    }
  }

  private void fill(byte[] preprocessing, List<ImageInput> images, long data) {
    head.put(0, preprocessing);
    int entry = PreprocessorConfig.BYTES;
    for (ImageInput image : images) {
      int size = image.data().remaining();
      try {
        memory.buffer(data, size).put(0, image.data(), image.data().position(), size);
      } catch (IllegalStateException e) {
        throw new IllegalArgumentException("the memory of a picture's buffer has been freed", e);
      }
      write(image, memory.address() + data, head, entry);
      entry += IMAGE_BYTES;
      data += size;
    }
  }

  /** Writes the clip4j_image of a picture whose bytes are at {@code address}. */
  static void write(ImageInput image, long address, ByteBuffer to, int at) {
    to.putLong(at, address);
    to.putLong(at + 8, image.data().remaining());
    to.putInt(at + 16, image.kind());
    to.putInt(at + 20, image.width());
    to.putInt(at + 24, image.height());
  }

  /** What the clip4j_outcome at {@code at} says: null where the picture succeeded. */
  static Kind failure(ByteBuffer memory, int at) {
    int status = memory.getInt(at);
    return status == Status.OK ? null : Status.kind(status);
  }

  /** The message of the clip4j_outcome at {@code at}. */
  static String message(ByteBuffer memory, int at) {
    int from = at + Integer.BYTES;
    int length = 0;
    while (memory.get(from + length) != 0) {
      length++;
    }
    return StandardCharsets.UTF_8.decode(memory.slice(from, length)).toString();
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

  /** The first of them. */
  int result() {
    return head.getInt(results);
  }

  double millis(int which) {
    return head.getDouble(timings + which * Double.BYTES);
  }

  /** Null where the picture succeeded. */
  Kind failure(int image) {
    return failure(head, outcomes + image * OUTCOME_BYTES);
  }

  String message(int image) {
    return message(head, outcomes + image * OUTCOME_BYTES);
  }

  @Override
  public void close() {
    memory.close();
  }
}
