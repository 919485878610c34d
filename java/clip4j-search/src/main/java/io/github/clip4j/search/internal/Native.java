package io.github.clip4j.search.internal;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Raw;

/**
 * The functions of clip4j_search.h, where each is documented. Addresses are longs: JavaCPP's
 * Pointer would register deallocators and attach itself to its caller's PointerScope.
 */
@Platform(
    include = {"<cstring>", "clip4j_search.h", "direct_buffer.h"},
    link = "clip4j_search",
    library = "jniclip4j_search")
public final class Native {
  private Native() {}

  /** Loads the library when it is not loaded yet. Call it before anything else here. */
  public static void load() {
    // Reads one native text now, on the fresh thread: HotSpot sets up JNI direct buffers at their
    // first use, and if that fails for want of stack they never work again.
    NativeLoader.load(
        Native.class,
        "io.github.clip4j:clip4j-search",
        Native::kernel,
        () -> NativeLoader.Needs.NOTHING);
  }

  /** Throws what {@code status}, the result of the call before, stands for. */
  public static void check(int status) {
    Status.check(status, Native::lastError);
  }

  /** The text of this thread's last failed call. */
  public static String lastError() {
    return NativeText.at(lastErrorAddress());
  }

  /** The instruction set that searches use. */
  public static String kernel() {
    return NativeText.at(kernelAddress());
  }

  /** A buffer over memory that stays its owner's; native code checks nothing. */
  @Name("clip4j_direct_buffer")
  @Raw(withEnv = true)
  @NoException
  static native ByteBuffer buffer(long address, long bytes);

  @Name("strlen")
  @NoException
  static native long length(@Cast("const char*") long text);

  @Name("clip4j_search_last_error")
  @NoException
  private static native @Cast("const char*") long lastErrorAddress();

  @Name("clip4j_search_live_bytes")
  @NoException
  public static native long liveBytes();

  @Name("clip4j_search_live_handles")
  @NoException
  public static native long liveHandles();

  @Name("clip4j_search_allocate")
  @NoException
  static native @Cast("void*") long allocate(long bytes);

  @Name("clip4j_search_release")
  @NoException
  public static native void release(@Cast("void*") long memory);

  @Name("clip4j_search_normalize")
  @NoException
  public static native int normalize(@Cast("float*") long rows, long n, int dimension);

  @Name("clip4j_search_index_create")
  @NoException
  public static native int indexCreate(
      @Cast("const float*") long rows, long n, int dimension, @Cast("clip4j_index**") long index);

  @Name("clip4j_search_index_create_in_memory")
  @NoException
  public static native int indexCreateInMemory(
      @Cast("const clip4j_schema*") long schema, @Cast("clip4j_index**") long index);

  @Name("clip4j_search_index_create_in_folder")
  @NoException
  public static native int indexCreateInFolder(
      @Cast("const char*") long folder,
      @Cast("const clip4j_schema*") long schema,
      long rowMemory,
      @Cast("clip4j_index**") long index);

  @Name("clip4j_search_index_open")
  @NoException
  public static native int indexOpen(
      @Cast("const char*") long folder,
      int writable,
      long rowMemory,
      @Cast("clip4j_index**") long index);

  @Name("clip4j_search_index_free")
  @NoException
  public static native void indexFree(@Cast("clip4j_index*") long index);

  @Name("clip4j_search_index_schema")
  @NoException
  public static native int indexSchema(
      @Cast("const clip4j_index*") long index, @Cast("clip4j_schema*") long schema);

  @Name("clip4j_search_index_size")
  @NoException
  public static native int indexSize(
      @Cast("const clip4j_index*") long index, @Cast("int64_t*") long size);

  @Name("clip4j_search_index_add")
  @NoException
  public static native int indexAdd(
      @Cast("clip4j_index*") long index,
      @Cast("const float*") long rows,
      long n,
      @Cast("const clip4j_ids*") long ids,
      int replace);

  @Name("clip4j_search_index_remove")
  @NoException
  public static native int indexRemove(
      @Cast("clip4j_index*") long index,
      @Cast("const clip4j_ids*") long ids,
      @Cast("int64_t*") long removed);

  @Name("clip4j_search_index_commit")
  @NoException
  public static native int indexCommit(@Cast("clip4j_index*") long index);

  @Name("clip4j_search_index_rows")
  @NoException
  public static native int indexRows(
      @Cast("const clip4j_index*") long index,
      @Cast("const clip4j_ids*") long ids,
      @Cast("float*") long rows,
      @Cast("uint8_t*") long known);

  @Name("clip4j_search_index_ids")
  @NoException
  public static native int indexIds(
      @Cast("const clip4j_index*") long index,
      @Cast("clip4j_ids*") long ids,
      @Cast("void**") long memory);

  @Name("clip4j_search_index_warm")
  @NoException
  public static native int indexWarm(@Cast("const clip4j_index*") long index);

  @Name("clip4j_search_index_memory")
  @NoException
  public static native int indexMemory(
      @Cast("const clip4j_index*") long index, @Cast("clip4j_memory_use*") long use);

  @Name("clip4j_search_verify")
  @NoException
  public static native int verify(
      @Cast("const char*") long folder,
      @Cast("int64_t*") long count,
      @Cast("char**") long findings,
      @Cast("int64_t*") long bytes);

  @Name("clip4j_search_hits_create")
  @NoException
  public static native int hitsCreate(@Cast("clip4j_hits**") long hits);

  @Name("clip4j_search_hits_free")
  @NoException
  public static native void hitsFree(@Cast("clip4j_hits*") long hits);

  @Name("clip4j_search_index_search")
  @NoException
  public static native int indexSearch(
      @Cast("const clip4j_index*") long index,
      @Cast("const float*") long queries,
      int queryCount,
      @Cast("const clip4j_request*") long request,
      @Cast("clip4j_hits*") long hits,
      @Cast("clip4j_found*") long found);

  @Name("clip4j_search_gpu_create")
  @NoException
  public static native int gpuCreate(
      @Cast("const clip4j_index*") long index,
      @Cast("const char*") long library,
      int device,
      long memory,
      @Cast("clip4j_gpu_index**") long gpu);

  @Name("clip4j_search_gpu_free")
  @NoException
  public static native void gpuFree(@Cast("clip4j_gpu_index*") long gpu);

  @Name("clip4j_search_gpu_search")
  @NoException
  public static native int gpuSearch(
      @Cast("const clip4j_gpu_index*") long gpu,
      @Cast("const float*") long queries,
      int queryCount,
      @Cast("const clip4j_request*") long request,
      @Cast("clip4j_hits*") long hits,
      @Cast("clip4j_found*") long found);

  @Name("clip4j_search_gpu_size")
  @NoException
  public static native int gpuSize(
      @Cast("const clip4j_gpu_index*") long gpu, @Cast("int64_t*") long size);

  @Name("clip4j_search_gpu_memory")
  @NoException
  public static native int gpuMemory(
      @Cast("const clip4j_gpu_index*") long gpu, @Cast("clip4j_gpu_memory*") long use);

  @Name("clip4j_search_gpu_kernel")
  @NoException
  public static native int gpuKernel(
      @Cast("const clip4j_gpu_index*") long gpu, @Cast("const char**") long kernel);

  @Name("clip4j_search_kernel")
  @NoException
  private static native @Cast("const char*") long kernelAddress();

  @Name("clip4j_search_threads")
  @NoException
  public static native int threads();
}
