package io.github.clip4j;

import java.util.Objects;

/**
 * Where the encoders run.
 *
 * @param kind the processor or a GPU
 * @param index a GPU's number among those that this process sees, from 0 on; 0 for the processor
 */
public record Device(Kind kind, int index) {
  /** The processor. */
  public static final Device CPU = new Device(Kind.CPU, 0);

  /** What a device is. */
  public enum Kind {
    /** The processor. */
    CPU,
    /** A GPU of NVIDIA's. */
    CUDA
  }

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if index is negative, or the processor's is not 0
   */
  public Device {
    Objects.requireNonNull(kind, "kind");
    if (index < 0 || (kind == Kind.CPU && index != 0)) {
      throw new IllegalArgumentException("there is no device " + kind + " of number " + index);
    }
  }

  /**
   * A GPU, by its number. Whether it is there, and libtorch can compute on it, is seen when a model
   * is loaded.
   *
   * @throws IllegalArgumentException if the number is negative
   */
  public static Device cuda(int index) {
    return new Device(Kind.CUDA, index);
  }

  /**
   * Reads what {@link #toString} writes: cpu, or cuda:0; cuda alone is cuda:0.
   *
   * @throws IllegalArgumentException where the name is another
   */
  public static Device of(String name) {
    if (name.equals("cpu")) {
      return CPU;
    }
    if (name.matches("cuda(:\\d{1,4})?")) {
      return cuda(name.equals("cuda") ? 0 : Integer.parseInt(name.substring(5)));
    }
    throw new IllegalArgumentException("device is '" + name + "', possible are cpu, cuda:0, ...");
  }

  /** cpu, or cuda:0. */
  @Override
  public String toString() {
    return kind == Kind.CPU ? "cpu" : "cuda:" + index;
  }
}
