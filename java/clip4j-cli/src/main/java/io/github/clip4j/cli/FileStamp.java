package io.github.clip4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.TimeUnit;

/** What of a file changes when its content does, and is read without reading the content. */
record FileStamp(long size, long mtime, long ctime) {
  static FileStamp of(Path file) throws IOException {
    BasicFileAttributes basic = Files.readAttributes(file, BasicFileAttributes.class);
    return new FileStamp(basic.size(), nanos(basic.lastModifiedTime()), ctime(file));
  }

  private static long ctime(Path file) throws IOException {
    try {
      return nanos((FileTime) Files.getAttribute(file, "unix:ctime"));
    } catch (UnsupportedOperationException | IllegalArgumentException e) {
      return 0;
    }
  }

  private static long nanos(FileTime time) {
    return time.to(TimeUnit.NANOSECONDS);
  }
}
