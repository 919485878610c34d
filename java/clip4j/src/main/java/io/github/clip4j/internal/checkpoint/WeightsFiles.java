package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.internal.files.Digests;
import io.github.clip4j.internal.files.InputFile;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The files of a model's weights as they were when it was loaded. What they hold is hashed when
 * somebody asks, since that takes longer than loading it; so they must still be the same.
 */
public final class WeightsFiles {
  /** What of a file changes when it is written or replaced. */
  private record Stamp(long size, FileTime modified, Object key) {
    static Stamp of(Path file) {
      try {
        BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
        return new Stamp(now.size(), now.lastModifiedTime(), now.fileKey());
      } catch (IOException e) {
        throw InputFile.unreadable(file, e);
      }
    }
  }

  private final Map<Path, Stamp> stamps = new HashMap<>();

  /** To be called before anything of it is read. */
  void willBeRead(Path file) {
    stamps.put(file, Stamp.of(file));
  }

  /** Of the byte arrays, then of the content of {@code files}, each of which was read. */
  public String sha256(List<byte[]> arrays, Collection<Path> files) {
    String digest = Digests.sha256(arrays, files);
    for (Path file : files) {
      if (!Stamp.of(file).equals(stamps.get(file))) {
        throw new Clip4jException(
            Kind.UNREADABLE, file + " has changed since it was loaded (load the model again)");
      }
    }
    return digest;
  }
}
