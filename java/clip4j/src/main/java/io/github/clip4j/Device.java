package io.github.clip4j;

/** Where the encoders run. */
public enum Device {
  /** The processor. */
  CPU
}
