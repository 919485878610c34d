package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.internal.files.InputFile;
import io.github.clip4j.internal.files.Json;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
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
public final class ModelFiles {
  /** What to do about a file that a model's directory lacks. */
  public static final String COPY_ALL = " (copy all files of the model)";

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
  public ModelFiles(Path model) {
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
  public Optional<Path> archive() {
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
      throw InputFile.unreadable(directory, e);
    }
  }

  /** The tensors of {@link #archive}. */
  List<Tensor> tensors(Path archive) {
    return tensors(archive.getFileName().toString());
  }

  public Path directory() {
    return directory;
  }

  public Path path(String name) {
    return directory.resolve(name);
  }

  public boolean has(String name) {
    return Files.exists(path(name));
  }

  public Json json(String name) {
    return parsed.computeIfAbsent(name, file -> Json.parse(path(file).toString(), text(file)));
  }

  public String text(String name) {
    return InputFile.utf8(bytes(name), path(name).toString());
  }

  /** A small file's bytes. */
  public byte[] bytes(String name) {
    if (!has(name)) {
      throw new Clip4jException(Kind.MISSING, path(name) + " does not exist" + COPY_ALL);
    }
    read.add(name);
    return InputFile.bytes(path(name));
  }

  private List<Tensor> tensors(String name) {
    read.add(name);
    weights.willBeRead(path(name));
    return Tensor.read(path(name));
  }

  /** Those that hold tensors. */
  public WeightsFiles weights() {
    return weights;
  }

  /** The files that were read so far. */
  public List<Path> read() {
    return read.stream().sorted().map(this::path).toList();
  }

  /** What lies in the directory and was not read; nothing where the directory is no model's own. */
  public List<String> ignoredFiles() {
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
      throw InputFile.unreadable(directory, e);
    }
  }

  /** Fields of the JSON files that nobody has asked for, as FILE: FIELD. */
  public List<String> ignoredFields() {
    return new TreeMap<>(parsed)
        .entrySet().stream()
            .flatMap(
                file ->
                    file.getValue().ignored().stream().map(field -> file.getKey() + ": " + field))
            .toList();
  }

  public Optional<Json> jsonIfPresent(String name) {
    return has(name) ? Optional.of(json(name)) : Optional.empty();
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
