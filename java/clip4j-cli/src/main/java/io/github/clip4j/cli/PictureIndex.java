package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import io.github.clip4j.Precision;
import io.github.clip4j.cli.PictureList.Entry;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Filter;
import io.github.clip4j.search.Hits;
import io.github.clip4j.search.IdKind;
import io.github.clip4j.search.Ids;
import io.github.clip4j.search.IndexSchema;
import io.github.clip4j.search.OpenOptions;
import io.github.clip4j.search.SearchRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * An index of pictures in a folder: an {@link EmbeddingIndex} whose ids are the SHA-256 of pictures
 * and a {@link PictureList} of the pictures that have them, empty until the first version is whole.
 * A writer commits new embeddings, then replaces the list, then removes embeddings that no picture
 * has any more; wherever it is interrupted, the list has all its embeddings.
 */
final class PictureIndex implements AutoCloseable {
  /** How often a reader looks again where a writer replaced the list while it opened the index. */
  private static final int ATTEMPTS = 5;

  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  private final Path folder;
  private final Optional<PictureList> list;
  private Optional<EmbeddingIndex> embeddings;

  private PictureIndex(
      Path folder, Optional<PictureList> list, Optional<EmbeddingIndex> embeddings) {
    this.folder = folder;
    this.list = list;
    this.embeddings = embeddings;
  }

  /** For searching. */
  static PictureIndex read(Path folder) {
    for (int attempt = 1; ; attempt++) {
      PictureList list =
          PictureList.read(folder)
              .filter(read -> !read.isEmpty())
              .orElseThrow(
                  () ->
                      new Failure(
                          folder.toString(), "holds no index", "make one with clip4j index"));
      EmbeddingIndex embeddings = named(folder, () -> EmbeddingIndex.open(folder));
      if (attempt == ATTEMPTS || PictureList.read(folder).equals(Optional.of(list))) {
        return new PictureIndex(folder, Optional.of(list), Optional.of(embeddings));
      }
      embeddings.close();
    }
  }

  /** For bringing it up to date; where there is none, {@link #create} makes it. */
  static PictureIndex write(Path folder) {
    Optional<EmbeddingIndex> embeddings = named(folder, () -> openToWrite(folder));
    try {
      Optional<PictureList> list = PictureList.read(folder);
      if (list.isPresent() && !list.get().isEmpty() && embeddings.isEmpty()) {
        throw new Failure(
            folder.toString(),
            "has " + PictureList.FILE + " and no embeddings",
            "index into another folder, or remove this one");
      }
      if (embeddings.isPresent()) {
        checkIsOurs(folder, embeddings.get(), list);
      }
      return new PictureIndex(folder, list, embeddings);
    } catch (Throwable failed) {
      embeddings.ifPresent(EmbeddingIndex::close);
      throw failed;
    }
  }

  /** Refuses what a program has put there, which the next version would drop. */
  private static void checkIsOurs(Path folder, EmbeddingIndex index, Optional<PictureList> list) {
    if (index.schema().ids() != IdKind.STRING) {
      throw foreign(folder, "of numbers");
    }
    List<String> known =
        list.map(pictures -> List.copyOf(pictures.byContent().keySet())).orElse(List.of());
    if (named(folder, () -> index.contains(Ids.of(known))).cardinality() == index.size()) {
      return;
    }
    Ids ids = index.ids();
    for (int i = 0; i < ids.size(); i++) {
      if (!SHA256.matcher(ids.stringId(i)).matches()) {
        throw foreign(folder, "such as that of " + ids.stringId(i));
      }
    }
  }

  private static Failure foreign(Path folder, String which) {
    return new Failure(
        folder.toString(),
        "has embeddings that clip4j index did not make, " + which,
        "index into another folder");
  }

  private static Optional<EmbeddingIndex> openToWrite(Path folder) {
    try {
      return Optional.of(EmbeddingIndex.open(folder, OpenOptions.WRITE));
    } catch (Clip4jException e) {
      if (e.kind() == Clip4jException.Kind.MISSING) {
        return Optional.empty();
      }
      throw e;
    }
  }

  Optional<PictureList> list() {
    return list;
  }

  /** Those of these SHA-256 whose pictures are embedded. */
  Set<String> embedded(List<String> sha256) {
    if (embeddings.isEmpty()) {
      return Set.of();
    }
    BitSet known = named(folder, () -> embeddings.get().contains(Ids.of(sha256)));
    return known.stream().mapToObj(sha256::get).collect(Collectors.toSet());
  }

  /** Refuses to mix what was embedded in different ways. */
  void checkMaker(PictureList.Model now) {
    if (list.isEmpty() || embeddings.map(EmbeddingIndex::size).orElse(0) == 0) {
      return;
    }
    PictureList.Model then = list.get().model();
    if (now.exif() != then.exif()) {
      throw new Failure(
          folder.toString(),
          "was made " + (then.exif() ? "with" : "without") + " --exif",
          "do so again, or index into another folder");
    }
    if (now.precision() != then.precision()) {
      throw new Failure(
          folder.toString(),
          "was made with --precision " + name(then.precision()) + ", not " + name(now.precision()),
          "do so again, or index into another folder");
    }
  }

  private static String name(Precision precision) {
    return precision.name().toLowerCase(Locale.ROOT);
  }

  /** Refuses a model whose embeddings cannot be compared with those of the index. */
  void checkModel(ClipModel model) {
    if (embeddings.isPresent()
        && !embeddings.get().schema().fingerprint().equals(model.fingerprint())) {
      throw new Failure(
          folder.toString(),
          "was made by another model"
              + list.map(pictures -> ", " + pictures.model().name()).orElse(""),
          "name that one with --model, or index into another folder");
    }
  }

  /**
   * Makes what there is not yet, before the first {@link #add}: the index, and a list without
   * pictures that says who makes it.
   */
  void create(ClipModel model, PictureList.Model madeBy) {
    if (embeddings.isEmpty()) {
      IndexSchema schema = new IndexSchema(model.dimension(), IdKind.STRING, model.fingerprint());
      embeddings = Optional.of(named(folder, () -> EmbeddingIndex.create(folder, schema)));
    }
    if (list.map(PictureList::isEmpty).orElse(true)) {
      new PictureList(0, madeBy, List.of()).write(folder);
    }
  }

  /** Adds embeddings of pictures with these SHA-256. */
  void add(List<float[]> rows, List<String> sha256) {
    try (Embeddings added = Embeddings.copyOf(rows.toArray(float[][]::new))) {
      named(folder, () -> embeddings.get().upsert(added, Ids.of(sha256)));
    }
  }

  /** Makes what was added durable: should the process end, it need not be embedded again. */
  void commit() {
    named(folder, () -> embeddings.ifPresent(EmbeddingIndex::commit));
  }

  /**
   * Replaces the list, all of whose embeddings have been added, and removes those of no picture.
   */
  void publish(PictureList pictures) {
    EmbeddingIndex index = embeddings.orElseThrow();
    commit();
    pictures.write(folder);
    Set<String> named = pictures.byContent().keySet();
    if (index.size() > named.size()) {
      named(folder, () -> removeAllBut(named, index));
    }
  }

  private static void removeAllBut(Set<String> kept, EmbeddingIndex index) {
    Ids all = index.ids();
    index.remove(
        Ids.of(
            IntStream.range(0, all.size())
                .mapToObj(all::stringId)
                .filter(id -> !kept.contains(id))
                .toList()));
    index.commit();
  }

  /** A picture that was found. */
  record Found(Entry entry, int row, double score) {}

  /** The {@code k} pictures of the highest cosine of at least {@code minimumScore}. */
  List<Found> search(float[] query, int k, double minimumScore) {
    EmbeddingIndex index = embeddings.orElseThrow();
    Map<String, List<Entry>> contents = list.orElseThrow().byContent();
    SearchRequest request = SearchRequest.top(k).withMinimumScore(minimumScore);
    SearchRequest wanted =
        index.size() == contents.size()
            ? request
            : request.withFilter(Filter.allow(Ids.of(List.copyOf(contents.keySet()))));
    Hits hits = named(folder, () -> index.search(query, wanted));
    List<Found> found = new ArrayList<>();
    for (Hits.Hit hit : hits.of(0)) {
      for (Entry entry : contents.getOrDefault(hit.stringId(), List.of())) {
        found.add(new Found(entry, hit.row(), hit.score()));
      }
    }
    return found.size() > k ? found.subList(0, k) : found;
  }

  /** Errors of the index, in the words of the command line. */
  private static <T> T named(Path folder, Supplier<T> step) {
    try {
      return step.get();
    } catch (RuntimeException e) {
      throw Failure.of(folder.toString(), e);
    }
  }

  private static void named(Path folder, Runnable step) {
    named(
        folder,
        () -> {
          step.run();
          return null;
        });
  }

  @Override
  public void close() {
    embeddings.ifPresent(EmbeddingIndex::close);
  }
}
