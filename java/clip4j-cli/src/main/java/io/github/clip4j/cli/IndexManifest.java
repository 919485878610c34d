package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * manifest.json of an index: what its rows are and which file holds them. Its rename publishes a
 * version of the index.
 *
 * @param format always {@link #FORMAT}
 * @param version always {@link #VERSION}
 * @param written nanoseconds since 1970 when the pictures began to be looked at
 * @param entries of each row, in order
 */
record IndexManifest(
    String format, int version, long written, Model model, Rows embeddings, List<Entry> entries) {
  static final String FORMAT = "clip4j-index";
  static final int VERSION = 1;

  /**
   * What the rows were made by.
   *
   * @param location its folder; null for the built-in model
   */
  record Model(String name, String location, String fingerprint, int dimension) {
    static Model of(ClipModel model, ModelOption option) {
      String location = option.isDefault() ? null : absolute(Path.of(option.model)).toString();
      return new Model(model.name(), location, model.fingerprint(), model.dimension());
    }
  }

  /**
   * The segment.
   *
   * @param crc32c of the rows' bytes
   */
  record Rows(String file, long crc32c) {}

  /**
   * A picture.
   *
   * @param id its path as the user gave it
   * @param path its absolute path
   * @param size bytes
   * @param mtime last change of its content, nanoseconds since 1970
   * @param ctime last change of its content or attributes; 0 where the system does not tell
   */
  record Entry(String id, String path, long size, long mtime, long ctime, String sha256) {
    /**
     * Whether a file with this stamp is the one that was looked at when the manifest was begun.
     * Clocks of file systems tick up to 2 s, within which a change would not show.
     */
    boolean isCertainly(FileStamp stamp, long written) {
      return stamp.equals(new FileStamp(size, mtime, ctime))
          && Math.max(mtime, ctime) < written - 2_000_000_000L;
    }
  }

  static Path absolute(Path path) {
    return path.toAbsolutePath().normalize();
  }

  boolean isSound() {
    return FORMAT.equals(format)
        && version == VERSION
        && model != null
        && model.name() != null
        && model.fingerprint() != null
        && model.dimension() > 0
        && embeddings != null
        && IndexFolder.isSegment(embeddings.file())
        && entries != null
        && !entries.isEmpty()
        && entries.stream().allMatch(IndexManifest::isSound);
  }

  private static boolean isSound(Entry entry) {
    return entry != null
        && Objects.nonNull(entry.id())
        && Objects.nonNull(entry.path())
        && Objects.nonNull(entry.sha256());
  }
}
