package io.github.clip4j.search;

import io.github.clip4j.search.internal.Native;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.NativeHandle;
import io.github.clip4j.search.internal.NativeMemory;
import io.github.clip4j.search.internal.NativeText;
import io.github.clip4j.search.internal.PathBytes;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.LongToIntFunction;

/** An index in native memory: the native calls, texts and structs in, Java's types out. */
final class NativeIndex implements AutoCloseable {
  private static final int SCHEMA = 16; // bytes of a clip4j_schema: fingerprint, dimension, ids
  private static final int MEMORY_USE = 4 * Long.BYTES;

  private static final long DEFAULT_MEMORY = -1;
  private static final String INDEX = "EmbeddingIndex"; // for messages

  private final NativeHandle handle;

  /**
   * Holds what {@code create} makes and writes to the address that it gets.
   *
   * @param free not called where this throws
   */
  private NativeIndex(LongToIntFunction create, LongConsumer free) {
    handle =
        new NativeHandle(
            INDEX, () -> NativeBlock.number(index -> Native.check(create.applyAsInt(index))), free);
  }

  /** Over rows whose memory it keeps until it is freed. */
  static NativeIndex over(Embeddings rows) {
    NativeMemory memory = rows.memory();
    long address = memory.acquire();
    try {
      return new NativeIndex(
          index -> Native.indexCreate(address, rows.rows(), rows.dimension(), index),
          index -> {
            Native.indexFree(index);
            memory.release();
          });
    } catch (Throwable failed) {
      memory.release();
      throw failed;
    }
  }

  /**
   * An empty one.
   *
   * @param folder null: in memory
   */
  static NativeIndex create(Path folder, IndexSchema schema, OptionalLong rowMemory) {
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
      return new NativeIndex(
          index ->
              folder == null
                  ? Native.indexCreateInMemory(struct.address(), index)
                  : Native.indexCreateInFolder(
                      pathText.address(),
                      struct.address(),
                      rowMemory.orElse(DEFAULT_MEMORY),
                      index),
          Native::indexFree);
    }
  }

  /** The one in {@code folder}. */
  static NativeIndex open(Path folder, OpenOptions options) {
    try (NativeBlock path = NativeBlock.ofText(INDEX, PathBytes.of(folder))) {
      return new NativeIndex(
          index ->
              Native.indexOpen(
                  path.address(),
                  options.writable() ? 1 : 0,
                  options.rowMemory().orElse(DEFAULT_MEMORY),
                  index),
          Native::indexFree);
    }
  }

  /** For searching, and for copies on GPUs, which keep it. */
  NativeHandle handle() {
    return handle;
  }

  IndexSchema schema() {
    return answer(
        Native::indexSchema,
        SCHEMA,
        schema -> {
          String fingerprint = NativeText.at(schema.getLong());
          return new IndexSchema(schema.getInt(), IdKind.values()[schema.getInt()], fingerprint);
        });
  }

  int size() {
    return number(Native::indexSize);
  }

  /**
   * Adds rows.
   *
   * @param ids null for none
   * @param replace the rows of ids that are there already, or refuse them
   */
  void add(Embeddings rows, Ids ids, boolean replace) {
    NativeMemory memory = rows.memory();
    long address = memory.acquire();
    try (NativeIds called = new NativeIds(ids)) {
      run(index -> Native.indexAdd(index, address, rows.rows(), called.address(), replace ? 1 : 0));
    } finally {
      memory.release();
    }
  }

  /** Returns how many were removed. */
  int remove(Ids ids) {
    try (NativeIds called = new NativeIds(ids)) {
      return number((index, count) -> Native.indexRemove(index, called.address(), count));
    }
  }

  void commit() {
    run(Native::indexCommit);
  }

  void warm() {
    run(Native::indexWarm);
  }

  MemoryUse memory() {
    return answer(
        Native::indexMemory,
        MEMORY_USE,
        use -> new MemoryUse(use.getLong(), use.getLong(), use.getLong(), use.getLong()));
  }

  /**
   * Copies rows; bit i says whether the i-th is there.
   *
   * @param to their address; 0: copies none
   */
  BitSet copyRows(Ids ids, long to) {
    try (NativeIds called = new NativeIds(ids)) {
      return answer(
          (index, known) -> Native.indexRows(index, called.address(), to, known),
          ids.size(),
          known -> {
            BitSet result = new BitSet(ids.size());
            for (int i = 0; i < ids.size(); i++) {
              result.set(i, known.get(i) != 0);
            }
            return result;
          });
    }
  }

  Ids ids() {
    return answer(
        (index, ids) -> Native.indexIds(index, ids, ids + NativeIds.STRUCT),
        NativeIds.STRUCT + Long.BYTES,
        ids -> {
          try {
            return NativeIds.read(ids);
          } finally {
            Native.release(ids.getLong(NativeIds.STRUCT));
          }
        });
  }

  static List<Finding> verify(Path folder) {
    int results = 3 * Long.BYTES; // count, findings, bytes
    try (NativeBlock path = NativeBlock.ofText("verify", PathBytes.of(folder))) {
      return NativeBlock.answer(
          results,
          to -> Native.check(Native.verify(path.address(), to, to + 8, to + 16)),
          answer -> {
            long texts = answer.getLong(8);
            try {
              return findings(NativeText.at(texts, answer.getLong(16)), (int) answer.getLong(0));
            } finally {
              Native.release(texts);
            }
          });
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

  private void run(LongToIntFunction call) {
    handle.run(index -> Native.check(call.applyAsInt(index)));
  }

  /** A native function that writes its answer to the address that it gets. */
  @FunctionalInterface
  interface Question {
    int ask(long address, long answer);
  }

  private int number(Question question) {
    return handle.use(
        index -> (int) NativeBlock.number(to -> Native.check(question.ask(index, to))));
  }

  private <T> T answer(Question question, int bytes, Function<ByteBuffer, T> reader) {
    return handle.use(
        index -> NativeBlock.answer(bytes, to -> Native.check(question.ask(index, to)), reader));
  }

  @Override
  public void close() {
    handle.close();
  }
}
