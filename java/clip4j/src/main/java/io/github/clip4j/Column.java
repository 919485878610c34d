package io.github.clip4j;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * A column of pictures or of texts; which of the two is said and never guessed. An empty one is an
 * {@link IllegalArgumentException}.
 */
public sealed interface Column permits Column.Images, Column.Texts {

  /** A column of pictures. */
  static Column images(List<ImageSource> images) {
    return new Images(images);
  }

  /** A column of pictures. */
  static Column images(ImageSource... images) {
    return new Images(Arrays.asList(images));
  }

  /** A column of texts. */
  static Column texts(List<String> texts) {
    return new Texts(texts);
  }

  /** A column of texts. */
  static Column texts(String... texts) {
    return new Texts(Arrays.asList(texts));
  }

  /** Its number of values. */
  int size();

  /**
   * Pictures.
   *
   * @param values at least one, none null
   */
  record Images(List<ImageSource> values) implements Column {
    /** Checks and copies the list. */
    public Images {
      values = checked(values);
    }

    @Override
    public int size() {
      return values.size();
    }
  }

  /**
   * Texts.
   *
   * @param values at least one, none null
   */
  record Texts(List<String> values) implements Column {
    /** Checks and copies the list. */
    public Texts {
      values = checked(values);
    }

    @Override
    public int size() {
      return values.size();
    }
  }

  private static <T> List<T> checked(List<T> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException("a column is empty");
    }
    for (int i = 0; i < values.size(); i++) {
      Objects.requireNonNull(values.get(i), "column value " + i + " is null");
    }
    return List.copyOf(values);
  }
}
