package io.github.clip4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

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
    List<T> copy = new ArrayList<>(values);
    int missing = copy.indexOf(null);
    if (missing >= 0) {
      throw new NullPointerException("column value " + missing + " is null");
    }
    return Collections.unmodifiableList(copy);
  }
}
