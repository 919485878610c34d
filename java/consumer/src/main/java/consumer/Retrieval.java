package consumer;

import io.github.clip4j.ClipModel;
import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Hits;
import java.util.List;

/** As the README's first example: which of some texts is nearest to a query. */
final class Retrieval {
  private Retrieval() {}

  static String nearest(String query, List<String> texts) {
    try (ClipModel model = ClipModel.loadDefault();
        Embeddings rows = model.embedTexts(texts);
        EmbeddingIndex index = EmbeddingIndex.of(rows)) {
      Hits hits = index.search(model.embedText(query), 1);
      return texts.get(hits.row(0, 0));
    }
  }
}
