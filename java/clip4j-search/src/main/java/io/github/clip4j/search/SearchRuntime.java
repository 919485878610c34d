package io.github.clip4j.search;

import io.github.clip4j.search.internal.Native;

/** What the native search library found on this machine, and holds. */
public final class SearchRuntime {
  private SearchRuntime() {}

  /**
   * The instruction set that searches use: "amx", "avx512vnni", "avx512", "avxvnni", "avx2" or
   * "scalar". With "amx" a search of up to three queries uses AVX512-VNNI, which for so few is as
   * fast.
   */
  public static String kernel() {
    Native.load();
    return Native.kernel();
  }

  /**
   * Threads that a search may use: the CPUs that this process may run on, control-group quota
   * included.
   */
  public static int threads() {
    Native.load();
    return Native.threads();
  }

  /** Bytes of native memory held by embeddings and indexes that are not closed yet. */
  public static long nativeBytes() {
    Native.load();
    return Native.liveBytes();
  }
}
