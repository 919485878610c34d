package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.clip4j.ClipModel;
import io.github.clip4j.ImageSource;
import io.github.clip4j.search.Embeddings;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemoRetrievalTest {
  private final PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
  private final DemoRetrieval retrieval =
      new DemoRetrieval(new Console(nowhere, nowhere, false), 5);
  private final DemoPictures demo = DemoPictures.load();

  @Test
  void theWinnersAreTheModelsDoing() {
    List<String> queries = List.of("A man is riding a horse.", "A monkey is playing drums.");
    List<String> winners = List.of("A man on a brown horse", "A monkey at a drum on a stage");
    try (ClipModel model = ClipModel.loadDefault();
        Embeddings texts = model.embedTexts(queries)) {
      assertEquals(winners, winners(model, queries, texts, demo.scenes()));
      List<DemoPictures.Picture> swapped = new ArrayList<>(demo.scenes());
      swapFiles(swapped, indexOf(winners.get(0)), indexOf(winners.get(1)));
      List<String> other = List.of(winners.get(1), winners.get(0));
      assertEquals(other, winners(model, queries, texts, swapped));
    }
  }

  private int indexOf(String title) {
    return demo.scenes().stream().map(DemoPictures.Picture::title).toList().indexOf(title);
  }

  private static void swapFiles(List<DemoPictures.Picture> pictures, int i, int j) {
    DemoPictures.Picture a = pictures.get(i);
    DemoPictures.Picture b = pictures.get(j);
    pictures.set(i, new DemoPictures.Picture(b.file(), a.title(), a.sentence()));
    pictures.set(j, new DemoPictures.Picture(a.file(), b.title(), b.sentence()));
  }

  private List<String> winners(
      ClipModel model,
      List<String> queries,
      Embeddings texts,
      List<DemoPictures.Picture> pictures) {
    List<ImageSource> sources =
        pictures.stream().map(picture -> ImageSource.of(picture.bytes())).toList();
    try (Embeddings rows = model.embedImages(sources).orThrow()) {
      return retrieval
          .search(
              "pictures by text",
              DemoRetrieval.Side.texts(queries, texts),
              DemoRetrieval.Side.pictures(pictures, rows))
          .stream()
          .map(result -> ((Gallery.Picture) result.hits().get(0).item()).name())
          .toList();
    }
  }
}
