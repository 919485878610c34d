package io.github.clip4j;

import io.github.clip4j.search.Clip4jException;
import java.util.List;

/**
 * A picture that could not be embedded.
 *
 * @param input its index among the pictures given
 * @param source the picture as it was given
 * @param kind what went wrong, for code to decide by
 * @param message what went wrong, for people; does not repeat the picture's name
 */
public record ImageFailure(
    int input, ImageSource source, Clip4jException.Kind kind, String message) {

  /** The failure as an exception that names the picture. */
  public Clip4jException toException() {
    return exception(source, kind, message);
  }

  /** One line for a log: which picture, and what went wrong. */
  @Override
  public String toString() {
    return "picture %d, %s: %s".formatted(input, source.describe(), message);
  }

  /** The first of some failures, with how many more there are. */
  static Clip4jException first(List<ImageFailure> failures) {
    Clip4jException first = failures.get(0).toException();
    return failures.size() == 1
        ? first
        : new Clip4jException(
            first.kind(), first.getMessage() + " (and " + (failures.size() - 1) + " more failed)");
  }

  static Clip4jException exception(ImageSource source, Clip4jException.Kind kind, String message) {
    return new Clip4jException(kind, source.describe() + ": " + message);
  }

  /** What went wrong with a picture, with its name. */
  static Clip4jException exception(ImageSource source, Clip4jException e) {
    return new Clip4jException(e.kind(), source.describe() + ": " + e.getMessage(), e);
  }
}
