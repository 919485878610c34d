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
import java.util.function.LongToIntFunction;

/** The native calls that make an index or look at a folder: texts and structs in, addresses out. */
final class NativeIndex {
  private static final int SCHEMA = 16; // bytes of a clip4j_schema: fingerprint, dimension, ids

  private static final long DEFAULT_MEMORY = -1;
  private static final String INDEX = "EmbeddingIndex"; // for messages

  private NativeIndex() {}

  /** The address of what {@code call} makes and writes to the address that it gets. */
  static long made(String what, LongToIntFunction call) {
    try (NativeBlock block = new NativeBlock(what, Long.BYTES)) {
      ByteBuffer made = block.buffer(0, Long.BYTES); // Nothing may fail once it exists.
      Status.check(call.applyAsInt(block.address()), Native::lastError);
      return made.getLong();
    }
  }

  /** Returns the new index's address. */
  static long over(long rows, int count, int dimension) {
    return made(INDEX, index -> Native.indexCreate(rows, count, dimension, index));
  }

  /**
   * Returns the address of a new empty index.
   *
   * @param folder null: in memory
   */
  static long create(Path folder, IndexSchema schema, OptionalLong rowMemory) {
    byte[] fingerprint = Ids.utf8(schema.fingerprint(), "fingerprint");
    byte[] path = folder == null ? new byte[0] : PathBytes.of(folder);
    try (NativeBlock fingerprintText = NativeBlock.ofText(INDEX, fingerprint);
        NativeBlock pathText = NativeBlock.ofText(INDEX, path);
        NativeBlock struct = new NativeBlock(INDEX, SCHEMA)) {
      struct
          .buffer(0, SCHEMA)
          .putLong(fingerprintText.address())
          .putInt(schema.dimension())
          .putInt(schema.ids().code);
      return made(
          INDEX,
          index ->
              folder == null
                  ? Native.indexCreateInMemory(struct.address(), index)
                  : Native.indexCreateInFolder(
                      pathText.address(),
                      struct.address(),
                      rowMemory.orElse(DEFAULT_MEMORY),
                      index));
    }
  }

  /** Returns the address of the index in {@code folder}. */
  static long open(Path folder, OpenOptions options) {
    try (NativeBlock path = NativeBlock.ofText(INDEX, PathBytes.of(folder))) {
      return made(
          INDEX,
          index ->
              Native.indexOpen(
                  path.address(),
                  options.writable() ? 1 : 0,
                  options.rowMemory().orElse(DEFAULT_MEMORY),
                  index));
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
    int results = 3 * Long.BYTES; // count, findings, bytes
    try (NativeBlock path = NativeBlock.ofText("verify", PathBytes.of(folder));
        NativeBlock block = new NativeBlock("verify", results)) {
      ByteBuffer to = block.buffer(0, results);
      long address = block.address();
      Status.check(
          Native.verify(path.address(), address, address + 8, address + 16), Native::lastError);
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
