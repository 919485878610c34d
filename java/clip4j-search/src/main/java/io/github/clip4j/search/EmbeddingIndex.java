package io.github.clip4j.search;

import io.github.clip4j.search.internal.EmbeddingsAccess;
import io.github.clip4j.search.internal.Native;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.NativeHandle;
import io.github.clip4j.search.internal.NativeMemory;
import io.github.clip4j.search.internal.Status;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.LongBinaryOperator;
import java.util.function.LongConsumer;

/**
 * Exact search over rows of float32: the hits and their order are those of float64 arithmetic on
 * the stored rows, which need not be of unit length. A row of zeros has cosine 0 with everything.
 *
 * <p>An index is one of three. {@link #of} searches rows that are there already. {@link #inMemory}
 * makes an empty index that rows are added to and removed from. {@link #create} makes such a one in
 * a folder, where {@link #commit} makes durable what has been written, and {@link #open} finds it
 * again: the folder has one writer at a time among all processes, and any number of readers, each
 * of which keeps the state that it opened.
 *
 * <p>Any number of threads may search while others write: a search sees what had been written when
 * it began and waits for no writer. Writing calls run one after another, and where one throws,
 * nothing has changed. They throw a {@link Clip4jException} of kind UNSUPPORTED where the index was
 * made by {@link #of} or opened for reading. After {@link #close} every method but it, {@link
 * #schema} and {@link #dimension} throws {@link IllegalStateException}.
 */
public final class EmbeddingIndex implements AutoCloseable {
  private static final int REFUSE = 0;
  private static final int REPLACE = 1;

  private final NativeHandle handle;
  private final IndexSchema schema;
  private final SearchCalls calls;

  private EmbeddingIndex(NativeHandle handle, IndexSchema schema) {
    this.handle = handle;
    this.schema = schema;
    this.calls = new SearchCalls(handle, schema, Native::indexSearch);
  }

  /**
   * An index over {@code rows}, called by their numbers. They are not copied: the index keeps their
   * memory until it is closed, whether or not {@code rows} has been closed by then.
   *
   * @throws IllegalArgumentException if there is no row, or one is not finite
   */
  public static EmbeddingIndex of(Embeddings rows) {
    if (rows.rows() == 0) {
      throw new IllegalArgumentException("rows is empty: an index needs a row");
    }
    NativeMemory memory = rows.memory();
    LongConsumer free =
        index -> {
          Native.indexFree(index);
          memory.release();
        };
    long address = memory.acquire();
    long index;
    try {
      index = NativeIndex.over(address, rows.rows(), rows.dimension());
    } catch (Throwable failed) {
      memory.release();
      throw failed;
    }
    return new EmbeddingIndex(
        new NativeHandle("EmbeddingIndex", index, free),
        new IndexSchema(rows.dimension(), IdKind.ROW_NUMBER));
  }

  /** An empty index in memory alone. */
  public static EmbeddingIndex inMemory(IndexSchema schema) {
    return new EmbeddingIndex(
        handle(NativeIndex.create(null, schema, OptionalLong.empty())), schema);
  }

  /** {@link #create(Path, IndexSchema, OpenOptions)} with {@link OpenOptions#WRITE}. */
  public static EmbeddingIndex create(Path folder, IndexSchema schema) {
    return create(folder, schema, OpenOptions.WRITE);
  }

  /**
   * An empty index in a folder, open for writing, and durable.
   *
   * @param folder is made where it is missing, in a folder that exists
   * @throws IllegalArgumentException if there is an index already, the options are for reading or
   *     for another model than the schema, or {@code folder} is not of the default file system
   * @throws Clip4jException LOCKED where another writer is there, UNWRITABLE, MISSING where {@code
   *     folder} is a file
   */
  public static EmbeddingIndex create(Path folder, IndexSchema schema, OpenOptions options) {
    Objects.requireNonNull(folder, "folder");
    if (!options.writable()) {
      throw new IllegalArgumentException(
          "options are for reading: to create an index give OpenOptions.WRITE, or a copy of it");
    }
    schema.checkFingerprint(options.fingerprint(), "rows and queries");
    return new EmbeddingIndex(
        handle(NativeIndex.create(folder, schema, options.rowMemory())), schema);
  }

  /** {@link #open(Path, OpenOptions)} with {@link OpenOptions#READ}. */
  public static EmbeddingIndex open(Path folder) {
    return open(folder, OpenOptions.READ);
  }

  /**
   * The last committed state of the index in {@code folder}. Its size does not matter: rows are
   * read when they are first needed.
   *
   * @throws Clip4jException MISSING where there is none, CORRUPT, UNREADABLE, UNSUPPORTED for a
   *     format of the future; for a writer LOCKED where another one is there
   * @throws IllegalArgumentException if it holds rows of another model than the options say, or
   *     {@code folder} is not of the default file system
   */
  public static EmbeddingIndex open(Path folder, OpenOptions options) {
    NativeHandle handle = handle(NativeIndex.open(folder, options));
    try {
      IndexSchema schema;
      try {
        schema = NativeIndex.schema(handle.acquire());
      } finally {
        handle.release();
      }
      schema.checkFingerprint(options.fingerprint(), "rows and queries");
      return new EmbeddingIndex(handle, schema);
    } catch (Throwable failed) {
      handle.close();
      throw failed;
    }
  }

  /**
   * Reads and checks every byte that the index in {@code folder} consists of; empty where all is
   * well. Writers and readers may go on meanwhile.
   *
   * @throws Clip4jException MISSING or UNREADABLE where there is no such folder
   */
  public static List<Finding> verify(Path folder) {
    return NativeIndex.verify(folder);
  }

  private static NativeHandle handle(long index) {
    return new NativeHandle("EmbeddingIndex", index, Native::indexFree);
  }

  /** What never changes about it. */
  public IndexSchema schema() {
    return schema;
  }

  /** Floats in a row. */
  public int dimension() {
    return schema.dimension();
  }

  /** The number of rows. */
  public int size() {
    return number(Native::indexSize);
  }

  /**
   * Adds rows that are called by their numbers, the next ones. They are copied.
   *
   * @throws IllegalArgumentException if the dimensions differ, a value is not finite, or the index
   *     has ids
   * @throws Clip4jException TOO_LARGE beyond 2,147,483,647 rows
   */
  public void add(Embeddings rows) {
    write(rows, null, REFUSE);
  }

  /**
   * Adds rows, one for each id. They are copied.
   *
   * @throws IllegalArgumentException if the dimensions differ, a value is not finite, there are not
   *     as many ids as rows, they are not of the index's kind, or one is there already, comes twice
   *     or is over 65,535 bytes
   * @throws Clip4jException TOO_LARGE beyond 2,147,483,647 rows
   */
  public void add(Embeddings rows, Ids ids) {
    write(rows, Objects.requireNonNull(ids, "ids"), REFUSE);
  }

  /**
   * Adds rows as {@link #add(Embeddings, Ids)}; one of an id that is there already replaces it, and
   * of an id that comes twice the last one counts.
   */
  public void upsert(Embeddings rows, Ids ids) {
    write(rows, Objects.requireNonNull(ids, "ids"), REPLACE);
  }

  private void write(Embeddings rows, Ids ids, int replace) {
    schema.checkDimension(rows.dimension(), "rows have");
    NativeMemory memory = rows.memory();
    long address = memory.acquire();
    try (NativeIds called = new NativeIds(ids)) {
      use(index -> check(Native.indexAdd(index, address, rows.rows(), called.address(), replace)));
    } finally {
      memory.release();
    }
  }

  /**
   * Removes the rows of these ids; those that are not there mean nothing.
   *
   * @return how many rows were removed
   * @throws IllegalArgumentException if the ids are not of the index's kind
   * @throws Clip4jException UNSUPPORTED also where rows are called by their numbers
   */
  public int remove(Ids ids) {
    try (NativeIds called = new NativeIds(Objects.requireNonNull(ids, "ids"))) {
      return number((index, count) -> Native.indexRemove(index, called.address(), count));
    }
  }

  /**
   * Returns when all that was written before is durable: whatever becomes of the process or the
   * machine, it will be there.
   *
   * <p>Files of it that somebody has deleted meanwhile are written again where their rows are in
   * memory.
   *
   * @throws Clip4jException UNWRITABLE, also where files have been deleted whose rows are not in
   *     memory, or the folder; then the next commit tries again. UNSUPPORTED also for an index in
   *     memory alone
   */
  public void commit() {
    use(index -> check(Native.indexCommit(index)));
  }

  /**
   * Reads into memory what the first search would otherwise read.
   *
   * @throws Clip4jException CORRUPT or UNREADABLE where that is damaged, as also the methods below
   */
  public void warm() {
    use(index -> check(Native.indexWarm(index)));
  }

  /** The native memory that it takes now, the rows of {@link #of} included. */
  public MemoryUse memory() {
    try (NativeBlock block = new NativeBlock("memory", 4 * Long.BYTES)) {
      use(index -> check(Native.indexMemory(index, block.address())));
      ByteBuffer use = block.buffer(0, 4 * Long.BYTES);
      return new MemoryUse(use.getLong(), use.getLong(), use.getLong(), use.getLong());
    }
  }

  /**
   * Which of {@code ids} the index has: bit i is that of the i-th.
   *
   * @param ids of the index's kind; longs where rows are called by their numbers
   * @throws IllegalArgumentException if they are of another kind
   */
  public BitSet contains(Ids ids) {
    return copyRows(ids, 0);
  }

  /**
   * A copy of the rows of {@code ids}, in that order; to search for what is like them, for example.
   *
   * @param ids as for {@link #contains}
   * @throws IllegalArgumentException also if the index does not have one of them
   */
  public Embeddings rows(Ids ids) {
    long bytes = (long) ids.size() * schema.dimension() * Float.BYTES;
    NativeMemory memory = NativeMemory.allocate("Embeddings", bytes);
    try {
      int known;
      try {
        known = copyRows(ids, memory.acquire()).nextClearBit(0);
      } finally {
        memory.release();
      }
      if (known < ids.size()) {
        throw new IllegalArgumentException("the index has no row for ids[" + known + "]");
      }
      return EmbeddingsAccess.adopt(memory, ids.size(), schema.dimension());
    } catch (Throwable failed) {
      memory.close();
      throw failed;
    }
  }

  private BitSet copyRows(Ids ids, long to) {
    try (NativeIds called = new NativeIds(Objects.requireNonNull(ids, "ids"));
        NativeBlock known = new NativeBlock("ids", ids.size())) {
      use(index -> check(Native.indexRows(index, called.address(), to, known.address())));
      ByteBuffer flags = known.buffer(0, ids.size());
      BitSet result = new BitSet(ids.size());
      for (int i = 0; i < ids.size(); i++) {
        result.set(i, flags.get(i) != 0);
      }
      return result;
    }
  }

  /**
   * The {@code k} rows of the highest cosine with each query; this and the other short forms are
   * {@link #search(Embeddings, SearchRequest)}, whose exceptions they throw.
   */
  public Hits search(Embeddings queries, int k) {
    return search(queries, SearchRequest.top(k));
  }

  /** The {@code k} rows of the highest cosine with {@code query}. */
  public Hits search(float[] query, int k) {
    return search(query, SearchRequest.top(k));
  }

  /**
   * What {@code request} asks for, for one query; as {@link #search(Embeddings, SearchRequest)}.
   */
  public Hits search(float[] query, SearchRequest request) {
    return calls.search(query, request);
  }

  /**
   * What {@code request} asks for, for each query. Uses all CPUs of the process where that pays.
   * Where results are large, queries are searched with in parts, and while others write, each part
   * sees what had been written when it began.
   *
   * @param queries of the index's dimension; they need not be of unit length
   * @throws IllegalArgumentException if the dimensions differ, a query is not finite or, for the
   *     cosine, zero, the request has one k per query but not as many, a filter's ids are not of
   *     the index's kind, or the queries are of another model
   * @throws Clip4jException CORRUPT or UNREADABLE where a file that is read for the first time now
   *     is damaged, TOO_LARGE or OUT_OF_MEMORY where the hits are too many
   */
  public Hits search(Embeddings queries, SearchRequest request) {
    return calls.search(queries, request, size());
  }

  /**
   * For searching with one query after another without making garbage; one for each thread, which
   * closes it.
   *
   * @throws IllegalArgumentException if the request has one k per query and more than one, or its
   *     queries are of another model
   */
  public Searcher searcher(SearchRequest request) {
    use(index -> {}); // Closed is closed.
    return new Searcher(handle, schema, request);
  }

  /**
   * A copy of what is there now on CUDA device {@code device}, for searching. Its int8 codes may
   * take the memory that is free there but for a tenth (at least 1.25 GiB, at most half), and float32
   * rows half of what they leave.
   *
   * @param device its number; 0 is the first
   * @throws Clip4jException MISSING where clip4j-search's jar with the classifier linux-x86_64-gpu
   *     is not on the class path; UNSUPPORTED where there is no such GPU, no driver, or one that is
   *     too old, or where rows are too long for it; OUT_OF_MEMORY
   */
  public GpuIndex copyToGpu(int device) {
    return new GpuIndex(schema, handle, device, GpuIndex.NINE_TENTHS);
  }

  /**
   * As {@link #copyToGpu(int)}.
   *
   * @param memory bytes of the GPU's memory that it may take: int8 codes first, then float32 rows
   *     as far as they fit. Codes beyond it wait in the CPU's memory and are copied at each search;
   *     rows beyond it are scored by the CPU
   * @throws IllegalArgumentException if memory is negative
   */
  public GpuIndex copyToGpu(int device, long memory) {
    if (memory < 0) {
      throw new IllegalArgumentException("memory is negative: " + memory);
    }
    return new GpuIndex(schema, handle, device, memory);
  }

  /** Frees the index once no call is under way. What was not committed is lost. */
  @Override
  public void close() {
    handle.close();
  }

  @Override
  public String toString() {
    return "EmbeddingIndex[" + schema + "]";
  }

  @FunctionalInterface
  private interface Use {
    void of(long index);
  }

  private void use(Use use) {
    long index = handle.acquire();
    try {
      use.of(index);
    } finally {
      handle.release();
    }
  }

  /** A native call that writes a number to the address that it gets. */
  private int number(LongBinaryOperator call) {
    try (NativeBlock result = new NativeBlock("a number", Long.BYTES)) {
      use(index -> check((int) call.applyAsLong(index, result.address())));
      return (int) result.buffer(0, Long.BYTES).getLong();
    }
  }

  private static void check(int status) {
    Status.check(status, Native::lastError);
  }
}
