package io.github.clip4j.cli;

import io.github.clip4j.ImageSource;
import java.nio.file.Path;

/**
 * A picture that was asked for.
 *
 * @param id what the user knows it by: its path as it was given or found
 * @param path its file, whether or not there is one; null where the name cannot be that of a file
 * @param problem why it cannot be embedded, and what to do; null where nothing is known against it
 */
record PictureFile(String id, Path path, String problem) {
  static PictureFile of(String id, Path path) {
    return new PictureFile(id, path, null);
  }

  static PictureFile failed(String id, Path path, String why, String todo) {
    return new PictureFile(id, path, why + " (" + todo + ")");
  }

  ImageSource source() {
    return ImageSource.of(path);
  }
}
