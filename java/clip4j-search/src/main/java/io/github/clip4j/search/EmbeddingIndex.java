package io.github.clip4j.search;

import io.github.clip4j.search.internal.EmbeddingsAccess;
import io.github.clip4j.search.internal.Native;
import io.github.clip4j.search.internal.NativeMemory;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;

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
public final class EmbeddingIndex implements Searchable, AutoCloseable {
  private final NativeIndex index;
  private final IndexSchema schema;
  private final SearchCalls calls;

  private EmbeddingIndex(NativeIndex index, IndexSchema schema) {
    this.index = index;
    this.schema = schema;
    this.calls = new SearchCalls(index.handle(), schema, Native::indexSearch);
  }

  /**
   * Over {@code index}, which is closed where this throws: a writer's would stay locked.
   *
   * @param fingerprint of the model whose rows and queries it will get; empty where that is unknown
   */
  private static EmbeddingIndex over(NativeIndex index, String fingerprint) {
    try {
      IndexSchema schema = index.schema();
      schema.checkFingerprint(fingerprint, "rows and queries");
      return new EmbeddingIndex(index, schema);
    } catch (Throwable failed) {
      index.close();
      throw failed;
    }
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
    return over(NativeIndex.over(rows), "");
  }

  /** An empty index in memory alone. */
  public static EmbeddingIndex inMemory(IndexSchema schema) {
    return over(NativeIndex.create(null, schema, OptionalLong.empty()), "");
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
    return over(NativeIndex.create(folder, schema, options.rowMemory()), "");
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
    return over(NativeIndex.open(folder, options), options.fingerprint());
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

  @Override
  public IndexSchema schema() {
    return schema;
  }

  /** Floats in a row. */
  public int dimension() {
    return schema.dimension();
  }

  @Override
  public int size() {
    return index.size();
  }

  /**
   * Adds rows that are called by their numbers, the next ones. They are copied.
   *
   * @throws IllegalArgumentException if the dimensions differ, a value is not finite, or the index
   *     has ids
   * @throws Clip4jException TOO_LARGE beyond 2,147,483,647 rows
   */
  public void add(Embeddings rows) {
    write(rows, null, false);
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
    write(rows, Objects.requireNonNull(ids, "ids"), false);
  }

  /**
   * Adds rows as {@link #add(Embeddings, Ids)}; one of an id that is there already replaces it, and
   * of an id that comes twice the last one counts.
   */
  public void upsert(Embeddings rows, Ids ids) {
    write(rows, Objects.requireNonNull(ids, "ids"), true);
  }

  private void write(Embeddings rows, Ids ids, boolean replace) {
    schema.checkDimension(rows.dimension(), "rows have");
    index.add(rows, ids, replace);
  }

  /**
   * Removes the rows of these ids; those that are not there mean nothing.
   *
   * @return how many rows were removed
   * @throws IllegalArgumentException if the ids are not of the index's kind
   * @throws Clip4jException UNSUPPORTED also where rows are called by their numbers
   */
  public int remove(Ids ids) {
    return index.remove(Objects.requireNonNull(ids, "ids"));
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
    index.commit();
  }

  /**
   * Reads into memory what the first search would otherwise read.
   *
   * @throws Clip4jException CORRUPT or UNREADABLE where that is damaged; searches and {@link #rows}
   *     say so too, where they are first
   */
  public void warm() {
    index.warm();
  }

  /** The native memory that it takes now, the rows of {@link #of} included. */
  public MemoryUse memory() {
    return index.memory();
  }

  /**
   * The ids of its rows, in the order of rows: longs where rows are called by their numbers. What
   * others write meanwhile is in it altogether or not at all.
   *
   * @throws Clip4jException TOO_LARGE where string ids are over 2 GiB of UTF-8
   */
  public Ids ids() {
    return index.ids();
  }

  /**
   * Which of {@code ids} the index has: bit i is that of the i-th.
   *
   * @param ids of the index's kind; longs where rows are called by their numbers
   * @throws IllegalArgumentException if they are of another kind
   */
  public BitSet contains(Ids ids) {
    return index.copyRows(Objects.requireNonNull(ids, "ids"), 0);
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
        known = index.copyRows(ids, memory.acquire()).nextClearBit(0);
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

  @Override
  public Hits search(float[] query, SearchRequest request) {
    return calls.search(query, request);
  }

  @Override
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
    index.handle().run(nothing -> {}); // Throws where the index is closed.
    return new Searcher(index.handle(), schema, request);
  }

  /**
   * A copy of what is there now on CUDA device {@code device}, for searching. Its int8 codes may
   * take the memory that is free there but for a tenth (at least 1.875 GiB, at most half), and
   * float32 rows half of what they leave.
   *
   * @param device its number; 0 is the first
   * @throws Clip4jException MISSING where clip4j-search's jar with the classifier linux-x86_64-gpu
   *     is not on the class path; UNSUPPORTED where there is no such GPU, no driver, or one that is
   *     too old, or where rows are too long for it; OUT_OF_MEMORY
   */
  public GpuIndex copyToGpu(int device) {
    return new GpuIndex(schema, index.handle(), device, GpuIndex.DEFAULT_MEMORY);
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
    return new GpuIndex(schema, index.handle(), device, memory);
  }

  /** Frees the index once no call is under way. What was not committed is lost. */
  @Override
  public void close() {
    index.close();
  }

  @Override
  public String toString() {
    return "EmbeddingIndex[" + schema + "]";
  }
}
