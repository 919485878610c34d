package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ZeroShotClassifierTest extends WithTinyModel {
  private static final List<String> LABELS = List.of("cat", "dog", "photo");
  private static final List<String> TEMPLATES = List.of("a photo of a {}", "the {} {}");
  private static final ImageSource MISSING = ImageSource.of(Path.of("/none.png"));

  /** The definition, without care for overflow. */
  private double[] expected(float[] image, List<String> labels, List<String> templates) {
    double[] result = new double[labels.size()];
    double sum = 0;
    for (int i = 0; i < result.length; i++) {
      double[] mean = new double[image.length];
      for (String template : templates) {
        float[] row = model.embedText(String.join(labels.get(i), template.split("\\{}", -1)));
        for (int d = 0; d < mean.length; d++) {
          mean[d] += row[d] / templates.size();
        }
      }
      double dot = 0;
      double squares = 0;
      for (int d = 0; d < mean.length; d++) {
        dot += mean[d] * image[d];
        squares += mean[d] * mean[d];
      }
      result[i] = Math.exp(model.logitScale() * dot / Math.sqrt(squares));
      sum += result[i];
    }
    for (int i = 0; i < result.length; i++) {
      result[i] /= sum;
    }
    return result;
  }

  @Test
  void probabilitiesAreASoftmaxOverPromptEnsembles() {
    float[] image = model.embedImage(TinyModel.picture());
    ZeroShotClassifier classifier = ZeroShotClassifier.of(model, LABELS, TEMPLATES);
    assertEquals(LABELS, classifier.labels());
    assertArrayEquals(expected(image, LABELS, TEMPLATES), classifier.probabilities(image), 1e-5);
    List<Classification> classified = classifier.classify(List.of(TinyModel.picture()));
    assertEquals(1, classified.size());
    double[] probabilities = classifier.probabilities(image);
    for (int i = 0; i < LABELS.size(); i++) {
      assertEquals(probabilities[i], classified.get(0).probabilities().get(LABELS.get(i)), 1e-5);
    }
    List<Double> ordered = List.copyOf(classified.get(0).probabilities().values());
    assertTrue(ordered.get(0) >= ordered.get(1) && ordered.get(1) >= ordered.get(2), "" + ordered);
    assertEquals(
        classified.get(0).probabilities().keySet().iterator().next(), classified.get(0).label());
  }

  @Test
  void moreLabelsThanOneCallTakes() {
    List<String> labels = new ArrayList<>();
    IntStream.range(0, 300).forEach(i -> labels.add("cat " + i));
    List<String> templates = List.of("a {}");
    float[] image = model.embedImage(TinyModel.picture());
    assertArrayEquals(
        expected(image, labels, templates),
        ZeroShotClassifier.of(model, labels, templates).probabilities(image),
        1e-5);
  }

  /** A picture's embedding may be the mean of several, which is shorter. */
  @Test
  void aRowsDirectionAloneCounts() {
    float[] image = model.embedImage(TinyModel.picture());
    float[] longer = image.clone();
    for (int i = 0; i < longer.length; i++) {
      longer[i] *= 3;
    }
    ZeroShotClassifier classifier = ZeroShotClassifier.of(model, LABELS, TEMPLATES);
    assertArrayEquals(classifier.probabilities(image), classifier.probabilities(longer), 1e-6);
    assertEquals(
        "image is zero: it has no direction",
        assertThrows(IllegalArgumentException.class, () -> classifier.probabilities(new float[16]))
            .getMessage());
  }

  @Test
  void embeddingsAreClassifiedWithoutTheModel() {
    ZeroShotClassifier classifier = ZeroShotClassifier.of(model, LABELS, TEMPLATES);
    try (ImageEmbeddings images = model.embedImages(TinyModel.picture())) {
      float[] image = images.embeddings().row(0);
      double[] expected = classifier.probabilities(image);
      List<Classification> classified = classifier.classify(images);
      model.close();
      assertArrayEquals(expected, classifier.probabilities(image));
      assertEquals(classified, classifier.classify(images));
    }
    assertThrows(
        IllegalStateException.class, () -> classifier.classify(List.of(TinyModel.picture())));
  }

  @Test
  void onePictureThatCannotBeRead() {
    ZeroShotClassifier classifier = ZeroShotClassifier.of(model, LABELS, TEMPLATES);
    List<ImageSource> pictures = List.of(MISSING, TinyModel.picture());
    try (ImageEmbeddings images = model.embedImages(pictures)) {
      List<Classification> classified = classifier.classify(images);
      assertEquals(1, classified.size());
      assertEquals(1, classified.get(0).input());
    }
    assertThrows(Clip4jException.class, () -> classifier.classify(pictures));
  }

  private void assertRefused(String message, List<String> labels, List<String> templates) {
    assertEquals(
        message,
        assertThrows(
                IllegalArgumentException.class,
                () -> ZeroShotClassifier.of(model, labels, templates))
            .getMessage());
  }

  @Test
  void wrongArgumentsAreNamed() {
    assertRefused("labels is empty", List.of(), TEMPLATES);
    assertRefused("templates is empty", LABELS, List.of());
    assertRefused("the label \"a\" occurs twice", List.of("a", "b", "a"), TEMPLATES);
    assertRefused(
        "the template \"a {\" has no {} where the label goes", LABELS, List.of("{}", "a {"));
    ZeroShotClassifier classifier = ZeroShotClassifier.of(model, LABELS, TEMPLATES);
    assertEquals(
        "image has 2 values, an embedding of the model 16",
        assertThrows(IllegalArgumentException.class, () -> classifier.probabilities(new float[2]))
            .getMessage());
    for (float value : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      float[] image = new float[16];
      image[7] = value;
      assertEquals(
          "image has a value that is not finite",
          assertThrows(IllegalArgumentException.class, () -> classifier.probabilities(image))
              .getMessage());
    }
  }
}
