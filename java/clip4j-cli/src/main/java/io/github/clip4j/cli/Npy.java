package io.github.clip4j.cli;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Headers of NumPy's array files, as numpy.lib.format documents them: magic, version, length, a
 * Python literal, spaces up to a multiple of 64 bytes.
 */
final class Npy {
  static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  /** Room for any shape of three dimensions, so that the shape may be known last. */
  static final int HEADER_BYTES = 192;

  private Npy() {}

  /** A header of version 1 in C order. */
  static byte[] header(String dtype, long... shape) {
    String dimensions =
        Arrays.stream(shape).mapToObj(Long::toString).collect(Collectors.joining(", "));
    String literal =
        "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }".formatted(dtype, dimensions);
    int room = HEADER_BYTES - MAGIC.length - 4;
    String padded = literal + " ".repeat(room - 1 - literal.length()) + "\n";
    return ByteBuffer.allocate(HEADER_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(MAGIC)
        .put((byte) 1)
        .put((byte) 0)
        .putShort((short) room)
        .put(padded.getBytes(StandardCharsets.US_ASCII))
        .array();
  }
}
