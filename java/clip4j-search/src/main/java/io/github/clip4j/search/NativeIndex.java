package io.github.clip4j.search;

import io.github.clip4j.search.internal.Native;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.NativeText;
import io.github.clip4j.search.internal.PathBytes;
import io.github.clip4j.search.internal.Status;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;

/** The native calls that make an index or look at a folder: texts and structs in, addresses out. */
final class NativeIndex {
  private static final int SCHEMA = 16; // bytes of a clip4j_schema: fingerprint, dimension, ids

  private static final long DEFAULT_MEMORY = -1;

  private NativeIndex() {}

  /** Returns the new index's address. */
  static long over(long rows, int count, int dimension) {
    try (NativeBlock block = new NativeBlock("EmbeddingIndex", Long.BYTES)) {
      ByteBuffer index = block.buffer(0, Long.BYTES); // Nothing may fail once the index exists.
      Status.check(Native.indexCreate(rows, count, dimension, block.address()), Native::lastError);
      return index.getLong();
    }
  }

  /**
   * Returns the address of a new empty index.
   *
   * @param folder null: in memory
   */
  static long create(Path folder, IndexSchema schema, OptionalLong rowMemory) {
    byte[] fingerprint = Ids.utf8(schema.fingerprint(), "fingerprint");
    byte[] path = folder == null ? new byte[0] : PathBytes.of(folder);
    int texts = SCHEMA + Long.BYTES;
    int pathAt = texts + fingerprint.length + 1;
    try (NativeBlock block = new NativeBlock("EmbeddingIndex", (long) pathAt + path.length + 1)) {
      ByteBuffer to = block.buffer(0, pathAt + path.length + 1); // Its last byte stays zero.
      to.putLong(block.address() + texts).putInt(schema.dimension()).putInt(schema.ids().code);
      to.position(texts).put(fingerprint).position(pathAt).put(path);
      long result = block.address() + SCHEMA;
      Status.check(
          folder == null
              ? Native.indexCreateInMemory(block.address(), result)
              : Native.indexCreateInFolder(
                  block.address() + pathAt,
                  block.address(),
                  rowMemory.orElse(DEFAULT_MEMORY),
                  result),
          Native::lastError);
      return to.getLong(SCHEMA);
    }
  }

  /** Returns the address of the index in {@code folder}. */
  static long open(Path folder, OpenOptions options) {
    byte[] path = PathBytes.of(folder);
    try (NativeBlock block = new NativeBlock("EmbeddingIndex", Long.BYTES + path.length + 1L)) {
      ByteBuffer to = block.buffer(0, Long.BYTES + path.length);
      to.position(Long.BYTES).put(path);
      Status.check(
          Native.indexOpen(
              block.address() + Long.BYTES,
              options.writable() ? 1 : 0,
              options.rowMemory().orElse(DEFAULT_MEMORY),
              block.address()),
          Native::lastError);
      return to.getLong(0);
    }
  }

  static IndexSchema schema(long index) {
    try (NativeBlock block = new NativeBlock("schema", SCHEMA)) {
      Status.check(Native.indexSchema(index, block.address()), Native::lastError);
      ByteBuffer schema = block.buffer(0, SCHEMA);
      String fingerprint = NativeText.at(schema.getLong());
      return new IndexSchema(schema.getInt(), IdKind.values()[schema.getInt()], fingerprint);
    }
  }

  static List<Finding> verify(Path folder) {
    byte[] path = PathBytes.of(folder);
    int results = 3 * Long.BYTES; // count, findings, bytes
    try (NativeBlock block = new NativeBlock("verify", results + path.length + 1L)) {
      ByteBuffer to = block.buffer(0, results + path.length);
      to.position(results).put(path);
      long address = block.address();
      Status.check(
          Native.verify(address + results, address, address + 8, address + 16), Native::lastError);
      long texts = to.getLong(8);
      try {
        return findings(NativeText.at(texts, to.getLong(16)), (int) to.getLong(0));
      } finally {
        Native.release(texts);
      }
    }
  }

  private static List<Finding> findings(String texts, int count) {
    String[] parts = texts.split("\0", -1);
    List<Finding> findings = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      findings.add(new Finding(parts[2 * i], parts[2 * i + 1]));
    }
    return Collections.unmodifiableList(findings);
  }
}
