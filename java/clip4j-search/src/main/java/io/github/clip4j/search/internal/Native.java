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
    // The JVM prepares its direct buffers at the first one, and never again where that fails.
    NativeLoader.load(Native.class, "io.github.clip4j:clip4j-search", Native::kernel);
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
  static native void release(@Cast("void*") long memory);

  @Name("clip4j_search_normalize")
  @NoException
  public static native int normalize(@Cast("float*") long rows, long n, int dimension);

  @Name("clip4j_search_index_create")
  @NoException
  public static native int indexCreate(
      @Cast("const float*") long rows, long n, int dimension, @Cast("clip4j_index**") long index);

  @Name("clip4j_search_index_free")
  @NoException
  public static native void indexFree(@Cast("clip4j_index*") long index);

  @Name("clip4j_search_index_search")
  @NoException
  public static native int indexSearch(
      @Cast("const clip4j_index*") long index,
      @Cast("const float*") long queries,
      int queryCount,
      int k,
      int similarity,
      @Cast("int32_t*") long rows,
      @Cast("double*") long scores);

  @Name("clip4j_search_kernel")
  @NoException
  private static native @Cast("const char*") long kernelAddress();

  @Name("clip4j_search_threads")
  @NoException
  public static native int threads();
}
