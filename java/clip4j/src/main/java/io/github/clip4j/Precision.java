package io.github.clip4j;

/** The arithmetic of the encoders. */
public enum Precision {
  /** 32-bit floating point throughout, whatever the weights are stored as. */
  FP32
}
