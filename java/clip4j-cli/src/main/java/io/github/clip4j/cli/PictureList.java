package io.github.clip4j.cli;

import com.google.gson.JsonParseException;
import io.github.clip4j.ClipModel;
import io.github.clip4j.Precision;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * pictures.json of an index: which pictures it has. Their embeddings are in the rest of the folder,
 * called by the SHA-256 of a picture's bytes. Its rename publishes a version of the index.
 *
 * @param format always {@link #FORMAT}
 * @param version always {@link #VERSION}
 * @param written nanoseconds since 1970 when the pictures began to be looked at; 0 where there are
 *     none yet
 */
record PictureList(String format, int version, long written, Model model, List<Entry> entries) {
  static final String FILE = "pictures.json";
  static final String FORMAT = "clip4j-pictures";
  static final int VERSION = 2;

  PictureList(long written, Model model, List<Entry> entries) {
    this(FORMAT, VERSION, written, model, entries);
  }

  /**
   * What made the embeddings; the index has its fingerprint.
   *
   * @param location its folder, or the hub's name for it; null for the built-in model
   * @param precision what it computed in
   * @param exif whether pictures were turned upright
   */
  record Model(String name, String location, Precision precision, boolean exif) {
    static Model of(ClipModel model, ModelOption option, PictureOptions pictures) {
      return new Model(model.name(), option.location(), model.precision(), pictures.exif);
    }
  }

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
     * Whether a file with this stamp is the one that was looked at when the list was begun. Clocks
     * of file systems tick up to 2 s, within which a change would not show.
     */
    boolean isCertainly(FileStamp stamp, long written) {
      return stamp.equals(new FileStamp(size, mtime, ctime))
          && Math.max(mtime, ctime) < written - 2_000_000_000L;
    }
  }

  static Path absolute(Path path) {
    return path.toAbsolutePath().normalize();
  }

  /** The list of the index in {@code folder}; empty where there is none. */
  static Optional<PictureList> read(Path folder) {
    try (Reader reader = Files.newBufferedReader(folder.resolve(FILE))) {
      PictureList list = Json.GSON.fromJson(reader, PictureList.class);
      if (list == null || !list.isSound()) {
        throw damaged(folder, list);
      }
      return Optional.of(list);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (JsonParseException | CharacterCodingException e) {
      throw damaged(folder, null);
    } catch (IOException e) {
      throw Failure.of(folder.toString(), "cannot be read", e);
    }
  }

  private static Failure damaged(Path folder, PictureList list) {
    boolean other = list != null && FORMAT.equals(list.format()) && list.version() != VERSION;
    String why =
        other ? FILE + " is of another version of clip4j" : FILE + " is not that of a clip4j index";
    return new Failure(folder.toString(), why, "index into another folder, or remove this one");
  }

  /** Replaces the list of the index in {@code folder}. */
  void write(Path folder) {
    OutputFile.write(folder.resolve(FILE), Json.GSON.toJson(this) + "\n");
  }

  /** Whether no version of the index is whole yet. */
  boolean isEmpty() {
    return entries.isEmpty();
  }

  /** The pictures of each embedding: the same bytes may lie in several places. */
  Map<String, List<Entry>> byContent() {
    return entries.stream()
        .collect(Collectors.groupingBy(Entry::sha256, LinkedHashMap::new, Collectors.toList()));
  }

  private boolean isSound() {
    return FORMAT.equals(format)
        && version == VERSION
        && model != null
        && model.name() != null
        && model.precision() != null
        && entries != null
        && entries.stream().allMatch(PictureList::isSound);
  }

  private static boolean isSound(Entry entry) {
    return entry != null && entry.id() != null && entry.path() != null && entry.sha256() != null;
  }
}
