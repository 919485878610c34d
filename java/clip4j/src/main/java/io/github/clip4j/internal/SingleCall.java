package io.github.clip4j.internal;

import io.github.clip4j.internal.checkpoint.PreprocessorConfig;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.internal.NativeBlock;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * The native memory of crossings with one item each, kept from one to the next: they make no
 * garbage. For one thread at a time; not to be used after close.
 */
public final class SingleCall implements AutoCloseable {
  // A clip4j_preprocessing, a clip4j_image, a clip4j_outcome, a clip4j_timings, two int32_t; then
  // the row and the ids.
  private static final int IMAGE = PreprocessorConfig.BYTES;
  private static final int OUTCOME = IMAGE + ImageBatch.IMAGE_BYTES;
  private static final int TIMINGS = OUTCOME + ImageBatch.OUTCOME_BYTES;
  private static final int ROW_COUNT = TIMINGS + ImageBatch.TIMINGS_BYTES;
  private static final int LENGTH = ROW_COUNT + Integer.BYTES;
  private static final int ROW = LENGTH + Integer.BYTES;

  private final LoadedModel model;
  private final NativeBlock block;
  private final ByteBuffer head;
  private final FloatBuffer row;
  private final IntBuffer ids;
  private final long idsAt;
  private NativeBlock picture;
  private ByteBuffer pictureBytes;

  /** Memory for calls of {@code model}, which is borrowed. */
  public SingleCall(LoadedModel model) {
    this.model = model;
    int rowBytes = model.dimension() * Float.BYTES;
    int idBytes = model.maxTokens() * Integer.BYTES;
    idsAt = ROW + (long) rowBytes;
    block = new NativeBlock("an Embedder", idsAt + idBytes);
    try {
      head = block.buffer(0, ROW);
      row = block.buffer(ROW, rowBytes).asFloatBuffer();
      ids = block.buffer(idsAt, idBytes).asIntBuffer();
      head.put(0, model.preprocessing());
      makeRoom(0);
    } catch (Throwable e) {
      block.close();
      throw e;
    }
  }

  /** For pictures of so many bytes. */
  private void makeRoom(int bytes) {
    if (pictureBytes != null && bytes <= pictureBytes.capacity()) {
      return;
    }
    NativeBlock larger = new NativeBlock("an Embedder's picture", bytes);
    try {
      pictureBytes = larger.buffer(0, bytes);
    } catch (Throwable e) {
      larger.close();
      throw e;
    }
    if (picture != null) {
      picture.close();
    }
    picture = larger;
  }

  /** The times are 0 until the next call has some. */
  public void forgetTimes() {
    head.putDouble(TIMINGS, 0);
    head.putDouble(TIMINGS + Double.BYTES, 0);
  }

  /** Embeds a picture; null, or why it cannot be read: then there is a {@link #message}. */
  public Kind image(ImageInput image) {
    int size = image.data().remaining();
    makeRoom(size);
    pictureBytes.put(0, image.data(), image.data().position(), size);
    ImageBatch.write(image, picture.address(), head, IMAGE);
    long address = block.address();
    long encoder = model.acquire();
    try {
      Native.check(
          Native.embedImages(
              encoder,
              address,
              address + IMAGE,
              1,
              address + ROW,
              address + ROW_COUNT,
              address + OUTCOME,
              address + TIMINGS));
    } finally {
      model.release();
    }
    return ImageBatch.failure(head, OUTCOME);
  }

  /** Why the last picture cannot be read. */
  public String message() {
    return ImageBatch.message(head, OUTCOME);
  }

  /** Embeds a text of 1 to {@link LoadedModel#maxTokens} tokens. */
  public void text(int[] tokens) {
    ids.put(0, tokens);
    head.putInt(LENGTH, tokens.length);
    long address = block.address();
    long encoder = model.acquire();
    try {
      Native.check(
          Native.embedTexts(
              encoder, address + idsAt, address + LENGTH, 1, address + ROW, address + TIMINGS));
    } finally {
      model.release();
    }
  }

  /** Copies the last item's row. */
  public void copyRow(float[] to) {
    row.get(0, to);
  }

  /** Of the last call: 0 for preprocessing, 1 for encoding. */
  public double millis(int which) {
    return head.getDouble(TIMINGS + which * Double.BYTES);
  }

  @Override
  public void close() {
    picture.close();
    block.close();
  }
}
