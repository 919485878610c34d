package io.github.clip4j.search;

import io.github.clip4j.search.internal.GpuLibrary;
import io.github.clip4j.search.internal.Native;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.NativeHandle;
import io.github.clip4j.search.internal.NativeText;
import io.github.clip4j.search.internal.PathBytes;

/**
 * A copy of an {@link EmbeddingIndex} on a GPU, as {@link EmbeddingIndex#copyToGpu(int)} makes it.
 * It finds what the index had when it was copied, with the same hits, scores and order as the index
 * itself: the GPU finds the rows that may be hits and scores them in float64; the CPU scores those
 * whose float32 values the GPU's memory has no room for. Searches for more than 1024 hits a query
 * are the CPU's altogether, and so may be those for all from a minimum score on.
 *
 * <p>Any number of threads may search. The index may change meanwhile and be closed first: its
 * memory is kept until the copy is closed. After {@link #close} every method but it, {@link
 * #schema} and {@link #size} throws {@link IllegalStateException}.
 */
public final class GpuIndex implements Searchable, AutoCloseable {
  static final long DEFAULT_MEMORY = -1;
  private static final int MEMORY = 2 * Long.BYTES; // of a clip4j_gpu_memory: resident, pinned

  private final NativeHandle handle;
  private final IndexSchema schema;
  private final int size;
  private final SearchCalls calls;

  GpuIndex(IndexSchema schema, NativeHandle of, int device, long memory) {
    this.schema = schema;
    long index = of.acquire();
    try (NativeBlock library = NativeBlock.ofText("GpuIndex", PathBytes.of(GpuLibrary.find()))) {
      this.handle =
          new NativeHandle(
              "GpuIndex",
              () ->
                  NativeBlock.number(
                      gpu ->
                          Native.check(
                              Native.gpuCreate(index, library.address(), device, memory, gpu))),
              gpu -> {
                Native.gpuFree(gpu);
                of.release();
              });
    } catch (Throwable failed) {
      of.release();
      throw failed;
    }
    try {
      this.size = (int) number(Native::gpuSize);
      this.calls = new SearchCalls(handle, schema, Native::gpuSearch);
    } catch (Throwable failed) {
      handle.close();
      throw failed;
    }
  }

  @Override
  public IndexSchema schema() {
    return schema;
  }

  /** The number of rows, as of the copy. */
  @Override
  public int size() {
    return size;
  }

  @Override
  public Hits search(float[] query, SearchRequest request) {
    return calls.search(query, request);
  }

  @Override
  public Hits search(Embeddings queries, SearchRequest request) {
    return calls.search(queries, request, size);
  }

  /** Bytes of the GPU's memory that its rows take. */
  public long gpuBytes() {
    return memory(0);
  }

  /** Bytes of the CPU's memory that codes take for which the GPU's had no room. */
  public long pinnedBytes() {
    return memory(Long.BYTES);
  }

  /**
   * What multiplies on this GPU for more than 64 queries at a time: {@code "wgmma"} on a Hopper,
   * {@code "mma"} elsewhere and for rows of more than 1,536 values. wgmma is tried when a process
   * first copies an index to a GPU; where it finds other hits than the CPU, mma multiplies, and the
   * text says so.
   */
  public String kernel() {
    return NativeText.at(number(Native::gpuKernel)); // Static text.
  }

  private long memory(int field) {
    return handle.use(
        gpu ->
            NativeBlock.answer(
                MEMORY, to -> Native.check(Native.gpuMemory(gpu, to)), use -> use.getLong(field)));
  }

  private long number(NativeIndex.Question question) {
    return handle.use(gpu -> NativeBlock.number(to -> Native.check(question.ask(gpu, to))));
  }

  /** Frees the copy once no search is under way. */
  @Override
  public void close() {
    handle.close();
  }

  @Override
  public String toString() {
    return "GpuIndex[" + schema + "]";
  }
}
