package io.github.clip4j.internal;

import io.github.clip4j.ModelMemory;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.NativeText;
import java.nio.ByteBuffer;
import java.util.function.Function;

/** What a native model says of itself. */
final class NativeFacts {
  private NativeFacts() {}

  /** A function of {@link Native} that writes one fact of a model. */
  interface Getter {
    int apply(long model, long fact);
  }

  static int integer(Getter getter, long model) {
    return read(getter, model, Integer.BYTES, ByteBuffer::getInt);
  }

  static float number(Getter getter, long model) {
    return read(getter, model, Float.BYTES, ByteBuffer::getFloat);
  }

  /** Of static text. */
  static String text(Getter getter, long model) {
    return NativeText.at(read(getter, model, Long.BYTES, ByteBuffer::getLong));
  }

  /** Waits for encodings that are under way. */
  static ModelMemory memory(long model) {
    return read(
        Native::modelMemory,
        model,
        3 * Long.BYTES,
        bytes -> new ModelMemory(bytes.getLong(), bytes.getLong(), bytes.getLong()));
  }

  private static <T> T read(Getter getter, long model, int bytes, Function<ByteBuffer, T> fact) {
    return NativeBlock.answer(bytes, to -> Native.check(getter.apply(model, to)), fact);
  }
}
