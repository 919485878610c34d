package io.github.clip4j.search;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** Ids of rows, one after another: longs, or strings. Immutable, and a value. */
public final class Ids {
  /** Bytes of all strings together. */
  static final int MOST_TEXT = Integer.MAX_VALUE - 8;

  private final IdKind kind;
  private final long[] values; // the ids, or of each string the end in text
  private final byte[] text; // strings one after another, UTF-8

  private Ids(IdKind kind, long[] values, byte[] text) {
    this.kind = kind;
    this.values = values;
    this.text = text;
  }

  /** Long ids. */
  public static Ids of(long... ids) {
    return new Ids(IdKind.LONG, ids.clone(), new byte[0]);
  }

  /** String ids; see {@link #of(List)}. */
  public static Ids of(String... ids) {
    return strings(ids);
  }

  /**
   * String ids. An index takes those of up to 65,535 bytes of UTF-8.
   *
   * @throws IllegalArgumentException if one has a lone surrogate, which no file could hold, or all
   *     together are over 2 GiB of UTF-8
   * @throws NullPointerException if one is null
   */
  public static Ids of(List<String> ids) {
    return strings(ids.toArray(String[]::new));
  }

  private static Ids strings(String[] ids) {
    long[] ends = new long[ids.length];
    byte[] text = new byte[Math.max(16, 16 * ends.length)];
    int length = 0;
    CharsetEncoder encoder = encoder();
    for (int i = 0; i < ends.length; i++) {
      ByteBuffer encoded = encode(encoder, ids[i], "ids[" + i + "]");
      long end = (long) length + encoded.remaining();
      if (end > MOST_TEXT) {
        throw new IllegalArgumentException("the ids are over 2 GiB: give them in batches");
      }
      if (end > text.length) {
        text = Arrays.copyOf(text, (int) Math.min(MOST_TEXT, 2 * end));
      }
      encoded.get(text, length, encoded.remaining());
      length = (int) end;
      ends[i] = end;
    }
    return new Ids(IdKind.STRING, ends, Arrays.copyOf(text, length));
  }

  /** Over what native code gave; both arrays are the ids' from now on. */
  static Ids owning(IdKind kind, long[] values, byte[] text) {
    return new Ids(kind, values, text);
  }

  /** How many there are. */
  public int size() {
    return values.length;
  }

  /** {@link IdKind#LONG} or {@link IdKind#STRING}. */
  public IdKind kind() {
    return kind;
  }

  /**
   * The {@code i}-th.
   *
   * @throws IllegalStateException where they are strings
   * @throws IndexOutOfBoundsException where there is none
   */
  public long longId(int i) {
    kind.checkLong();
    return values[i];
  }

  /**
   * The {@code i}-th, a new string.
   *
   * @throws IllegalStateException where they are longs
   * @throws IndexOutOfBoundsException where there is none
   */
  public String stringId(int i) {
    kind.checkString();
    int start = i == 0 ? 0 : (int) values[i - 1];
    return new String(text, start, (int) values[i] - start, StandardCharsets.UTF_8);
  }

  /** Of the same kind, and the same ids in the same order. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Ids that
        && kind == that.kind
        && Arrays.equals(values, that.values)
        && Arrays.equals(text, that.text);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * kind.code + Arrays.hashCode(values)) + Arrays.hashCode(text);
  }

  @Override
  public String toString() {
    return "Ids[" + values.length + (kind == IdKind.LONG ? " longs]" : " strings]");
  }

  /** The ids, or where each string ends in {@link #text}. */
  long[] values() {
    return values;
  }

  byte[] text() {
    return text;
  }

  /** UTF-8 of what {@code name} names; a lone surrogate is refused rather than replaced. */
  static byte[] utf8(String string, String name) {
    ByteBuffer encoded = encode(encoder(), string, name);
    byte[] bytes = new byte[encoded.remaining()];
    encoded.get(bytes);
    return bytes;
  }

  private static CharsetEncoder encoder() {
    return StandardCharsets.UTF_8.newEncoder().onMalformedInput(CodingErrorAction.REPORT);
  }

  private static ByteBuffer encode(CharsetEncoder encoder, String string, String name) {
    try {
      return encoder.encode(CharBuffer.wrap(Objects.requireNonNull(string, name)));
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(name + " has a lone surrogate");
    }
  }
}
