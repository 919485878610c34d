package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.SearchRuntime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The precisions of one model beside each other. */
class PrecisionTest {
  private static final List<String> TEXTS = List.of("a", "a cat", "a photo of a dog", "two dogs");

  private static ClipModel load(Precision precision) {
    return ClipModel.load(TinyModel.directory(), LoadOptions.DEFAULT.withPrecision(precision));
  }

  private static double cosine(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  @ParameterizedTest
  @CsvSource({"BF16, 0.9995", "INT8, 0.998"})
  void isNearlyFp32(Precision precision, double least) {
    try (ClipModel wide = load(Precision.FP32);
        ClipModel narrow = load(precision);
        Embeddings expected = wide.embedTexts(TEXTS);
        Embeddings texts = narrow.embedTexts(TEXTS);
        ImageEmbeddings wideImages = wide.embedImages(List.of(TinyModel.picture()));
        ImageEmbeddings images = narrow.embedImages(List.of(TinyModel.picture()))) {
      assertEquals(precision, narrow.precision());
      for (int i = 0; i < TEXTS.size(); i++) {
        assertTrue(cosine(texts.row(i), expected.row(i)) >= least, TEXTS.get(i));
        assertTrue(cosine(texts.row(i), expected.row(i)) < 1 - 1e-9, "as if it were FP32");
      }
      float[] picture = images.embeddings().row(0);
      assertTrue(cosine(picture, wideImages.embeddings().row(0)) >= least);
      assertEquals(wide.fingerprint(), narrow.fingerprint(), "they can be compared");
    }
  }

  /** The same instruction set's as the search's, or the widest below it that there is. */
  @Test
  void int8sKernelIsThisCpus() {
    try (ClipModel model = load(Precision.INT8)) {
      String search = SearchRuntime.kernel();
      assertEquals(search.equals("avx512") ? "avx2" : search, model.kernel());
    }
  }

  @Test
  void autoIsOneOfTheOthers() {
    try (ClipModel model = load(Precision.AUTO);
        ClipModel same = load(model.precision());
        Embeddings texts = model.embedTexts(TEXTS);
        Embeddings expected = same.embedTexts(TEXTS)) {
      assertNotEquals(Precision.AUTO, model.precision());
      for (int i = 0; i < TEXTS.size(); i++) {
        assertEquals(1, cosine(texts.row(i), expected.row(i)), 1e-6);
      }
    }
  }
}
