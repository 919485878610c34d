package io.github.clip4j.internal;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** The files of a model: a directory's, or OpenAI's archive and what lies beside it. */
final class ModelFiles {
  /** Far above any real tokenizer.json, far below what hurts. */
  private static final long MAX_TEXT_BYTES = 64L << 20;

  /** How the file begins that stands for a large one where Git LFS has not fetched it. */
  private static final ByteBuffer POINTER =
      StandardCharsets.US_ASCII.encode("version https://git-lfs.github.com/spec/");

  /** What to do about a file that a model's directory lacks. */
  static final String COPY_ALL = " (copy all files of the model)";

  private final WeightsFiles weights = new WeightsFiles();
  private final Path directory;
  private final Optional<Path> named;
  private final Map<String, Json> parsed = new ConcurrentHashMap<>();
  private final Set<String> read = ConcurrentHashMap.newKeySet();

  /**
   * The files of this model.
   *
   * @param model a directory, or an archive in one
   */
  ModelFiles(Path model) {
    boolean archive = OpenAi.isArchive(model) && Files.isRegularFile(model);
    this.named = archive ? Optional.of(model) : Optional.empty();
    this.directory = archive ? model.toAbsolutePath().getParent() : model;
    if (!Files.isDirectory(directory)) {
      throw Files.exists(directory)
          ? new Clip4jException(
              Kind.UNREADABLE,
              directory + " is not a directory (a model is a directory, or OpenAI's .pt file)")
          : new Clip4jException(Kind.MISSING, directory + " does not exist");
    }
  }

  /**
   * OpenAI's archive: the one that was named, or the only one in a directory without a
   * configuration, for training leaves other files of that kind beside one.
   */
  Optional<Path> archive() {
    if (named.isPresent() || has(ModelDescription.CONFIG) || has(OpenClip.CONFIG)) {
      return named;
    }
    try (Stream<Path> files = Files.list(directory)) {
      List<Path> archives = files.filter(OpenAi::isArchive).sorted().toList();
      if (archives.size() > 1) {
        throw new Clip4jException(
            Kind.UNSUPPORTED,
            directory + " holds several .pt files (name one of them as the model)");
      }
      return archives.stream().findFirst();
    } catch (IOException e) {
      throw unreadable(directory, e);
    }
  }

  /** The tensors of {@link #archive}. */
  List<Tensor> tensors(Path archive) {
    return tensors(archive.getFileName().toString());
  }

  Path directory() {
    return directory;
  }

  Path path(String name) {
    return directory.resolve(name);
  }

  boolean has(String name) {
    return Files.exists(path(name));
  }

  Json json(String name) {
    return parsed.computeIfAbsent(name, file -> Json.parse(path(file).toString(), text(file)));
  }

  String text(String name) {
    return utf8(bytes(name), path(name).toString());
  }

  /** A small file's bytes. */
  byte[] bytes(String name) {
    if (!has(name)) {
      throw new Clip4jException(Kind.MISSING, path(name) + " does not exist" + COPY_ALL);
    }
    read.add(name);
    return bytes(path(name));
  }

  private List<Tensor> tensors(String name) {
    read.add(name);
    weights.willBeRead(path(name));
    return Tensor.read(path(name));
  }

  /** Those that hold tensors. */
  WeightsFiles weights() {
    return weights;
  }

  /** The files that were read so far. */
  List<Path> read() {
    return read.stream().sorted().map(this::path).toList();
  }

  /** What lies in the directory and was not read; nothing where the directory is no model's own. */
  List<String> ignoredFiles() {
    if (named.isPresent()) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> file.getFileName().toString())
          .filter(name -> !read.contains(name))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw unreadable(directory, e);
    }
  }

  /** Fields of the JSON files that nobody has asked for, as FILE: FIELD. */
  List<String> ignoredFields() {
    return new TreeMap<>(parsed)
        .entrySet().stream()
            .flatMap(
                file ->
                    file.getValue().ignored().stream().map(field -> file.getKey() + ": " + field))
            .toList();
  }

  Optional<Json> jsonIfPresent(String name) {
    return has(name) ? Optional.of(json(name)) : Optional.empty();
  }

  /** A UTF-8 file's text; malformed bytes are an error, not a replacement character. */
  static String text(Path file) {
    return utf8(bytes(file), file.toString());
  }

  /** A small file's bytes. */
  static byte[] bytes(Path file) {
    try (FileChannel channel = open(file)) {
      if (channel.size() > MAX_TEXT_BYTES) {
        throw new Clip4jException(
            Kind.TOO_LARGE, file + " is over " + (MAX_TEXT_BYTES >> 20) + " MiB");
      }
      return bytes(channel, 0, (int) channel.size()).array();
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /** {@code source} is what to blame. */
  static String utf8(byte[] bytes, String source) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new Clip4jException(Kind.CORRUPT, source + " is not UTF-8", e);
    }
  }

  /**
   * A file's content, for reading. Reading a pipe waits for ever, a device may have no end, and a
   * pointer of Git LFS stands for another file.
   */
  static FileChannel open(Path file) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new Clip4jException(
          Kind.UNREADABLE,
          file + (Files.isDirectory(file) ? " is a directory" : " is not a regular file"));
    }
    FileChannel channel = FileChannel.open(file);
    try {
      int count = (int) Math.min(channel.size(), POINTER.remaining());
      if (bytes(channel, 0, count).equals(POINTER)) {
        throw corrupt(file, "it is Git LFS's pointer to the file (fetch that: git lfs pull)");
      }
      return channel;
    } catch (Throwable e) {
      channel.close();
      throw e;
    }
  }

  static Clip4jException unreadable(Path file, IOException e) {
    Interrupts.rethrow("reading " + file, e);
    return e instanceof NoSuchFileException
        ? new Clip4jException(Kind.MISSING, file + " does not exist", e)
        : new Clip4jException(Kind.UNREADABLE, file + " cannot be read: " + e, e);
  }

  static Clip4jException corrupt(Path file, String what) {
    return new Clip4jException(Kind.CORRUPT, file + ": " + printable(what));
  }

  static Clip4jException unsupported(Path file, String what) {
    return new Clip4jException(Kind.UNSUPPORTED, file + ": " + printable(what));
  }

  static Clip4jException notContiguous(Path file, String tensor) {
    return unsupported(file, "tensor " + tensor + " is not contiguous: save it after contiguous()");
  }

  static Clip4jException tooLarge(Path file, String what) {
    return new Clip4jException(Kind.TOO_LARGE, file + ": " + printable(what));
  }

  /** A file chooses some of the words in a complaint about it, and must not make it long or odd. */
  private static String printable(String what) {
    String line = what.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
    return line.length() <= 300 ? line : line.substring(0, 300) + "...";
  }

  /** The bytes of a file from {@code position} on, of which there must be {@code count}. */
  static ByteBuffer bytes(FileChannel channel, long position, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, position + bytes.position()) < 0) {
        throw new IOException("the file became shorter while it was read");
      }
    }
    return bytes.flip();
  }

  /** Whether there are weights of one of these names, in one file or in shards with an index. */
  boolean hasWeights(List<String> names) {
    return names.stream().anyMatch(name -> has(name) || has(name + ".index.json"));
  }

  /**
   * Every tensor of the weights and the file that holds it, from the first of {@code names} that is
   * there: one file, or shards with an index. A new map, which may be changed.
   */
  Map<Path, List<Tensor>> weights(List<String> names) {
    for (String name : names) {
      if (has(name)) {
        return new LinkedHashMap<>(Map.of(path(name), tensors(name)));
      }
      if (has(name + ".index.json")) {
        return shards(json(name + ".index.json"));
      }
    }
    throw new Clip4jException(
        Kind.MISSING,
        directory
            + " has no weights: no "
            + String.join(", no ", names)
            + ", and no shards of it"
            + COPY_ALL);
  }

  private Map<Path, List<Tensor>> shards(Json index) {
    Json map = index.object("weight_map");
    Map<String, Map<String, Tensor>> shards = new TreeMap<>();
    Map<Path, List<Tensor>> chosen = new LinkedHashMap<>();
    for (String tensor : map.names()) {
      String shard = map.string(tensor, "");
      if (!shard.matches("[^/\\\\\\p{Cntrl}]+\\.(safetensors|bin)")) {
        throw map.wrong(tensor, "the name of a file in the same directory");
      }
      Tensor found = shards.computeIfAbsent(shard, this::byName).get(tensor);
      if (found == null) {
        throw new Clip4jException(
            Kind.MISSING, path(shard) + " has no tensor " + tensor + ", which the index promises");
      }
      chosen.computeIfAbsent(path(shard), p -> new ArrayList<>()).add(found);
    }
    if (chosen.isEmpty()) {
      throw index.wrong("weight_map", "an object that names at least one tensor");
    }
    return chosen;
  }

  private Map<String, Tensor> byName(String name) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors(name).forEach(tensor -> tensors.put(tensor.name(), tensor));
    return tensors;
  }
}
