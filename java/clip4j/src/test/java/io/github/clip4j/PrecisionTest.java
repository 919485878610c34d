package io.github.clip4j;

import static io.github.clip4j.testing.Rows.dot;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.SearchRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The precisions of one model beside each other. */
class PrecisionTest {
  private static final List<String> TEXTS = List.of("a", "a cat", "a photo of a dog", "two dogs");

  private static ClipModel load(Precision precision) {
    return ClipModel.load(TinyModel.directory(), LoadOptions.DEFAULT.withPrecision(precision));
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
        assertTrue(dot(texts.row(i), expected.row(i)) >= least, TEXTS.get(i));
        assertTrue(dot(texts.row(i), expected.row(i)) < 1 - 1e-9, "as if it were FP32");
      }
      float[] picture = images.embeddings().row(0);
      assertTrue(dot(picture, wideImages.embeddings().row(0)) >= least);
      assertEquals(wide.fingerprint(), narrow.fingerprint(), "they can be compared");
    }
  }

  /**
   * The same instruction set's as the search's, or where there is none the best below it: AVX-512
   * alone does not multiply 8 bits, and some of its CPUs have AVX-VNNI.
   */
  @Test
  void int8sKernelIsThisCpus() {
    try (ClipModel model = load(Precision.INT8)) {
      String search = SearchRuntime.kernel();
      List<String> right = search.equals("avx512") ? List.of("avx2", "avxvnni") : List.of(search);
      assertTrue(right.contains(model.kernel()), model.kernel() + " beside " + search);
    }
  }

  /** Whatever is in a batch with it, and however many. */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FP32", "BF16", "INT8"})
  void aRowIsTheSameToTheBitInAnyBatch(Precision precision) {
    SplittableRandom random = new SplittableRandom(9);
    List<String> texts = new ArrayList<>();
    List<ImageSource> pictures = new ArrayList<>();
    for (int i = 0; i < 70; i++) {
      texts.add(i + " photo of" + " the cat".repeat(random.nextInt(14)));
      byte[] pixels = new byte[3 * 40 * 40];
      random.nextBytes(pixels);
      pictures.add(ImageSource.rgb(pixels, 40, 40));
    }
    try (ClipModel model = load(precision)) {
      float[][] textRows = texts.stream().map(model::embedText).toArray(float[][]::new);
      float[][] pictureRows = pictures.stream().map(model::embedImage).toArray(float[][]::new);
      for (int size : new int[] {2, 3, 5, 17, 33, 70}) {
        for (int first = 0; first + size <= 70; first += size) {
          int end = first + size;
          try (Embeddings rows = model.embedTexts(texts.subList(first, end));
              Embeddings images = model.embedImages(pictures.subList(first, end)).orThrow()) {
            for (int i = 0; i < size; i++) {
              String which = (first + i) + " in a batch of " + size;
              assertArrayEquals(textRows[first + i], rows.row(i), "text " + which);
              assertArrayEquals(pictureRows[first + i], images.row(i), "picture " + which);
            }
          }
        }
      }
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
        assertEquals(1, dot(texts.row(i), expected.row(i)), 1e-6);
      }
    }
  }
}
