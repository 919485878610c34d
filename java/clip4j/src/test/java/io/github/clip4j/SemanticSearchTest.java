package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Filter;
import io.github.clip4j.search.Hits;
import io.github.clip4j.search.IdKind;
import io.github.clip4j.search.Ids;
import io.github.clip4j.search.IndexSchema;
import io.github.clip4j.search.SearchRequest;
import io.github.clip4j.search.Searchable;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Semantic search over an index that there is; {@link MatchingTest} has the other forms. */
class SemanticSearchTest extends WithTinyModel {
  private static final List<String> TEXTS = List.of("the cat", "a photo of", "very long");
  private static final Ids IDS = Ids.of("cat", "photo", "long");

  @TempDir Path folder;

  @Test
  void searchesAnIndexFromDiskWhichStaysOpen() {
    IndexSchema schema = new IndexSchema(model.dimension(), IdKind.STRING, model.fingerprint());
    Path path = folder.resolve("index");
    try (EmbeddingIndex written = EmbeddingIndex.create(path, schema);
        Embeddings rows = model.embedTexts(TEXTS)) {
      written.add(rows, IDS);
      written.commit();
    }
    ImageSource photo = ImageSource.of(TinyModel.file("photo.jpg"));
    try (EmbeddingIndex index = EmbeddingIndex.open(path);
        Embeddings queries = model.embedTexts("the cat");
        SemanticSearch memory = SemanticSearch.ofTexts(model, TEXTS)) {
      SemanticSearch search = SemanticSearch.of(model, index);
      Hits hits = search.searchTexts(List.of("very long", "a photo of"), 3);
      assertEquals("long", hits.stringId(0, 0));
      assertEquals("photo", hits.of(1).get(0).stringId());
      Hits byPicture = search.searchImages(List.of(photo), 3);
      Hits expected = memory.searchImages(List.of(photo), 3);
      for (int i = 0; i < 3; i++) {
        assertEquals(expected.row(0, i), byPicture.row(0, i));
        assertEquals(expected.score(0, i), byPicture.score(0, i));
        assertEquals(IDS.stringId(expected.row(0, i)), byPicture.stringId(0, i));
      }
      SearchRequest others = SearchRequest.top(1).withFilter(Filter.deny(Ids.of("cat")));
      assertTrue(search.search(queries, others).row(0, 0) != 0);
      search.close();
      assertEquals("cat", index.search(queries, 1).stringId(0, 0));
    }
  }

  @Test
  void findsWhatIsWrittenMeanwhile() {
    IndexSchema schema = new IndexSchema(model.dimension(), IdKind.LONG); // Of an unknown model.
    try (EmbeddingIndex index = EmbeddingIndex.inMemory(schema);
        SemanticSearch search = SemanticSearch.of(model, (Searchable) index);
        Embeddings rows = model.embedTexts(TEXTS)) {
      assertEquals(0, search.searchTexts(List.of("the cat"), 1).count());
      index.add(rows, Ids.of(10, 11, 12));
      assertEquals(10, search.searchTexts(List.of("the cat"), 1).longId(0, 0));
    }
  }

  @Test
  void refusesRowsOfAnotherModel() {
    IndexSchema other = new IndexSchema(model.dimension(), IdKind.LONG, "sha256:other");
    try (EmbeddingIndex index = EmbeddingIndex.inMemory(other)) {
      String text = refusal(index);
      assertTrue(text.contains("sha256:other") && text.contains(model.fingerprint()), text);
    }
    try (EmbeddingIndex index =
        EmbeddingIndex.inMemory(new IndexSchema(model.dimension() + 1, IdKind.LONG))) {
      assertTrue(refusal(index).startsWith("the index's rows have dimension"), refusal(index));
    }
    assertThrows(
        NullPointerException.class, () -> SemanticSearch.of(model, (Searchable) null).close());
  }

  private String refusal(EmbeddingIndex index) {
    return assertThrows(
            IllegalArgumentException.class, () -> SemanticSearch.of(model, index).close())
        .getMessage();
  }
}
