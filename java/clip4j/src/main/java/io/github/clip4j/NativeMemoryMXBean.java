package io.github.clip4j;

/** {@link NativeMemoryUse} for JMX; see {@link ClipRuntime#registerMBean}. */
public interface NativeMemoryMXBean {
  /** See {@link NativeMemoryUse#openModels}. */
  int getOpenModels();

  /** See {@link NativeMemoryUse#encoderBytes}. */
  long getEncoderBytes();

  /** See {@link NativeMemoryUse#searchBytes}. */
  long getSearchBytes();
}
