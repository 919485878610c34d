package io.github.clip4j.internal;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The files of a model's weights as they were when it was loaded. What they hold is hashed when
 * somebody asks, since that takes longer than loading it; so they must still be the same.
 */
record WeightsFiles(Map<Path, Stamp> stamps) {
  /** What of a file changes when it is written or replaced. */
  private record Stamp(long size, FileTime modified, Object key) {
    static Stamp of(Path file) throws IOException {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      return new Stamp(now.size(), now.lastModifiedTime(), now.fileKey());
    }
  }

  /** To be called before they are read. */
  static WeightsFiles of(Collection<Path> files) {
    Map<Path, Stamp> stamps = new LinkedHashMap<>();
    for (Path file : files) {
      try {
        stamps.put(file, Stamp.of(file));
      } catch (IOException e) {
        throw ModelFiles.unreadable(file, e);
      }
    }
    return new WeightsFiles(stamps);
  }

  /** Of the byte arrays, then of the files' content. */
  String sha256(List<byte[]> arrays) {
    String digest = Digests.sha256(arrays, stamps.keySet());
    stamps.forEach(
        (file, stamp) -> {
          try {
            if (Stamp.of(file).equals(stamp)) {
              return;
            }
          } catch (IOException e) {
            throw ModelFiles.unreadable(file, e);
          }
          throw new Clip4jException(
              Kind.UNREADABLE, file + " has changed since it was loaded (load the model again)");
        });
    return digest;
  }
}
