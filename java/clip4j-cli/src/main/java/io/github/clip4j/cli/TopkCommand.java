package io.github.clip4j.cli;

import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Hits;
import io.github.clip4j.search.SearchRequest;
import io.github.clip4j.search.Similarity;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code clip4j topk}: exact search in files of embeddings. */
@Command(
    name = "topk",
    description =
        "For each row of Q.npy, find the K most similar rows of C.npy, exactly. Rows are named where"
            + " FILE.npy.ids.json, as clip4j embed writes it, lies beside a file.",
    footer = {
      "",
      "Example:",
      "  clip4j topk --queries texts.npy --corpus photos.npy -k 5 --json",
    })
final class TopkCommand extends Subcommand {
  @Option(
      names = "--queries",
      paramLabel = "Q.npy",
      parameterConsumer = Arguments.Verbatim.class,
      required = true,
      description =
          "A matrix of float32 or float64, a query a row, of which none may be zero (for cosines).")
  private Path queries;

  @Option(
      names = "--corpus",
      paramLabel = "C.npy",
      parameterConsumer = Arguments.Verbatim.class,
      required = true,
      description = "The matrix to search, of the same types.")
  private Path corpus;

  @Option(
      names = "-k",
      paramLabel = "K",
      required = true,
      description = "How many hits for each query.")
  private int k;

  @Option(
      names = "--similarity",
      paramLabel = "S",
      defaultValue = "cosine",
      description = "cosine (default) or dot.")
  private Similarity similarity;

  @Option(
      names = "--repeat",
      paramLabel = "N",
      defaultValue = "1",
      description = "Search N times, to measure; default 1.")
  private int repeat;

  @Option(
      names = "--json",
      description =
          "Print {\"queries\": [ids], \"hits\": [[{row, id, score}]], \"search_ms\": [one a repeat]};"
              + " no ids where rows have no names.")
  private boolean json;

  TopkCommand(Console console) {
    super(console);
  }

  private record Found(int row, String id, double score) {}

  private record Result(List<String> queries, List<List<Found>> hits, double[] searchMs) {}

  @Override
  public Integer call() {
    Numbers.atLeastOne("-k", k);
    Numbers.atLeastOne("--repeat", repeat);
    try (Embeddings rows = NpyReader.read(corpus);
        EmbeddingIndex index = index(rows);
        Embeddings questions = NpyReader.read(queries)) {
      List<String> asked = IdsFile.read(queries, questions.rows(), console).orElse(null);
      List<String> names = IdsFile.read(corpus, rows.rows(), console).orElse(null);
      double[] searchMs = new double[repeat];
      Hits hits = null;
      for (int i = 0; i < repeat; i++) {
        long start = System.nanoTime();
        hits = search(index, questions);
        searchMs[i] = (System.nanoTime() - start) / 1e6;
      }
      print(new Result(asked, found(hits, names), searchMs));
    }
    return ExitStatus.DONE;
  }

  private EmbeddingIndex index(Embeddings rows) {
    try {
      return EmbeddingIndex.of(rows);
    } catch (RuntimeException e) {
      throw Failure.of(corpus.toString(), e);
    }
  }

  private Hits search(EmbeddingIndex index, Embeddings questions) {
    try {
      return index.search(questions, SearchRequest.top(k).withSimilarity(similarity));
    } catch (RuntimeException e) {
      throw Failure.of(queries.toString(), e);
    }
  }

  private static List<List<Found>> found(Hits hits, List<String> ids) {
    return IntStream.range(0, hits.queries())
        .mapToObj(q -> hits.of(q).stream().map(hit -> found(hit, ids)).toList())
        .toList();
  }

  private static Found found(Hits.Hit hit, List<String> ids) {
    return new Found(hit.row(), id(ids, hit.row()), hit.score());
  }

  private static String id(List<String> ids, int row) {
    return ids == null ? null : ids.get(row);
  }

  private static String shown(String id) {
    return id == null ? "" : "  " + id;
  }

  private void print(Result result) {
    if (json) {
      console.json(result);
      return;
    }
    for (int query = 0; query < result.hits().size(); query++) {
      console.print("query " + query + shown(id(result.queries(), query)));
      for (Found hit : result.hits().get(query)) {
        console.print("  %9.6f  row %d%s".formatted(hit.score(), hit.row(), shown(hit.id())));
      }
    }
  }
}
