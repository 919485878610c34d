package io.github.clip4j.cli;

import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Hits;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** The demo's searches: printed as they are found, returned for the page. */
final class DemoRetrieval {
  /**
   * A picture or a text.
   *
   * @param sentence what belongs to it: a text itself, the one that a picture was composed for;
   *     null if none
   */
  record Item(String name, String sentence, Gallery.Item shown) {}

  /** What is searched with or searched among, and its rows. */
  record Side(List<Item> items, Embeddings rows) {
    static Side texts(List<String> texts, Embeddings rows) {
      return new Side(
          texts.stream().map(text -> new Item(text, text, new Gallery.Text(text))).toList(), rows);
    }

    static Side pictures(List<DemoPictures.Picture> pictures, Embeddings rows) {
      return new Side(
          pictures.stream()
              .map(picture -> new Item(picture.title(), picture.sentence(), picture.forGallery()))
              .toList(),
          rows);
    }
  }

  private final Console console;
  private final int top;

  DemoRetrieval(Console console, int top) {
    this.console = console;
    this.top = top;
  }

  /** What is most similar to each of the queries, except pictures that were composed for none. */
  List<Gallery.Result> search(String title, Side queries, Side among) {
    console.print("");
    console.print(title);
    List<Gallery.Result> results = new ArrayList<>();
    try (EmbeddingIndex index = EmbeddingIndex.of(among.rows())) {
      Hits hits = index.search(queries.rows(), among.items().size());
      for (int query = 0; query < hits.queries(); query++) {
        if (queries.items().get(query).sentence() != null) {
          results.add(result(queries.items().get(query), hits.of(query), among.items()));
        }
      }
    }
    return results;
  }

  private Gallery.Result result(Item query, List<Hits.Hit> hits, List<Item> among) {
    List<Gallery.Hit> shown = new ArrayList<>();
    OptionalInt intended = OptionalInt.empty();
    for (int i = 0; i < hits.size(); i++) {
      Item item = among.get(hits.get(i).row());
      if (query.sentence().equals(item.sentence())) {
        intended = OptionalInt.of(i + 1);
      }
      if (i < top) {
        shown.add(new Gallery.Hit(item.shown(), hits.get(i).score()));
      }
    }
    print(query.name(), hits.get(0).score(), among.get(hits.get(0).row()).name(), intended);
    return new Gallery.Result(query.shown(), shown, intended);
  }

  private void print(String query, double score, String best, OptionalInt intended) {
    String verdict =
        intended.isEmpty()
            ? ""
            : intended.getAsInt() == 1
                ? "  (right)"
                : "  (the right one is no. " + intended.getAsInt() + ")";
    console.print("  %-54s -> %.3f  %s%s".formatted(query, score, best, verdict));
  }
}
