package io.github.clip4j.cli;

import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Hits;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** The demo's searches: printed as they are found, returned for the page. */
final class DemoRetrieval {
  private final Console console;
  private final int top;

  DemoRetrieval(Console console, int top) {
    this.console = console;
    this.top = top;
  }

  List<Gallery.Result> picturesByText(
      List<String> texts,
      Embeddings textRows,
      List<DemoPictures.Picture> pictures,
      Embeddings pictureRows) {
    title("pictures by text");
    List<Gallery.Result> results = new ArrayList<>();
    Hits hits = search(pictureRows, textRows);
    for (int query = 0; query < texts.size(); query++) {
      String text = texts.get(query);
      List<Gallery.Hit> shown = new ArrayList<>();
      OptionalInt intended = OptionalInt.empty();
      for (int i = 0; i < hits.count(); i++) {
        DemoPictures.Picture picture = pictures.get(hits.row(query, i));
        if (picture.belongsTo(text)) {
          intended = OptionalInt.of(i + 1);
        }
        if (i < top) {
          shown.add(new Gallery.Hit(picture.forGallery(), hits.score(query, i)));
        }
      }
      print(text, hits.score(query, 0), pictures.get(hits.row(query, 0)).title(), intended);
      results.add(new Gallery.Result(new Gallery.Text(text), shown, intended));
    }
    return results;
  }

  /** For the pictures that were composed for one of the texts. */
  List<Gallery.Result> textsByPicture(
      List<DemoPictures.Picture> pictures,
      Embeddings pictureRows,
      List<String> texts,
      Embeddings textRows) {
    title("texts by picture");
    List<Gallery.Result> results = new ArrayList<>();
    Hits hits = search(textRows, pictureRows);
    for (int query = 0; query < pictures.size(); query++) {
      DemoPictures.Picture picture = pictures.get(query);
      if (picture.sentence() != null) {
        List<Gallery.Hit> shown = new ArrayList<>();
        OptionalInt intended = OptionalInt.empty();
        for (int i = 0; i < hits.count(); i++) {
          String text = texts.get(hits.row(query, i));
          if (picture.belongsTo(text)) {
            intended = OptionalInt.of(i + 1);
          }
          if (i < top) {
            shown.add(new Gallery.Hit(new Gallery.Text(text), hits.score(query, i)));
          }
        }
        print(picture.title(), hits.score(query, 0), texts.get(hits.row(query, 0)), intended);
        results.add(new Gallery.Result(picture.forGallery(), shown, intended));
      }
    }
    return results;
  }

  private static Hits search(Embeddings rows, Embeddings queries) {
    try (EmbeddingIndex index = EmbeddingIndex.of(rows)) {
      return index.search(queries, rows.rows());
    }
  }

  private void title(String title) {
    console.print("");
    console.print(title);
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
