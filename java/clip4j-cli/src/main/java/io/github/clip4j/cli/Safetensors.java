package io.github.clip4j.cli;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The header of a safetensors file with the one tensor "embeddings" of float32 rows. */
final class Safetensors {
  /** Room for any shape; the format lets the JSON end in spaces. */
  static final int HEADER_BYTES = 192;

  private Safetensors() {}

  static byte[] header(long rows, long dimension) {
    int room = HEADER_BYTES - Long.BYTES;
    String json =
        "{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[%d,%d],\"data_offsets\":[0,%d]}}"
            .formatted(rows, dimension, rows * dimension * Float.BYTES);
    String padded = json + " ".repeat(room - json.length());
    return ByteBuffer.allocate(HEADER_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(room)
        .put(padded.getBytes(StandardCharsets.US_ASCII))
        .array();
  }
}
