package io.github.clip4j;

import java.util.LinkedHashSet;
import java.util.List;

/** What the probability that a pair matches means. */
public sealed interface Probability
    permits Probability.Reference, Probability.Contrastive, Probability.Calibrated {

  /**
   * Texts that say as little as a text can, and broad kinds of things: what a picture shows if it
   * does not show what the pair's text says.
   */
  List<String> DEFAULT_CONTRAST =
      List.of(
          "a photo",
          "a picture",
          "a drawing",
          "an image of something",
          "something else",
          "an object",
          "a thing",
          "a symbol",
          "a person",
          "people",
          "an animal",
          "a plant",
          "food",
          "a vehicle",
          "a building",
          "a place",
          "a landscape",
          "clothing",
          "a tool",
          "text");

  /**
   * {@code 0.5 * (cosine + 1)}, as AutoGluon's matcher has it. It keeps the order of cosines and
   * nothing else: pairs that do not belong together have cosines above 0 too, so that 0.5 is no
   * threshold. For comparing with results of that library, or with a threshold of one's own.
   */
  static Probability reference() {
    return new Reference();
  }

  /** {@link #contrastive(List)} with {@link #DEFAULT_CONTRAST}. */
  static Probability contrastive() {
    return new Contrastive(DEFAULT_CONTRAST);
  }

  /**
   * The share that the pair's text gets of a softmax over it and the contrast set, with the
   * picture's cosines times the model's own logit scale (CLIP, Radford et al. 2021, section 2.3):
   * the probability that the picture goes with this text rather than with any of those. For pairs
   * of a picture and a text. Where the alternatives are known, give them, all the labels for
   * instance: the pair's own text among them is not counted twice. Where they are nothing but that,
   * {@link ImageTextMatcher#match} refuses the pairs.
   *
   * @param negatives the contrast set; what it repeats counts once
   * @throws IllegalArgumentException if it is empty
   */
  static Probability contrastive(List<String> negatives) {
    return new Contrastive(negatives);
  }

  /**
   * {@code 1 / (1 + exp(-(scale * cosine + offset)))}: a threshold that was fitted on pairs known
   * to match or not, with the steepness that makes it a probability (Platt scaling, Platt 1999).
   * {@link ClipModel#calibration()} is the model's own, with which SigLIP models are trained; fit
   * another where pictures or texts are of another kind.
   *
   * @throws IllegalArgumentException unless scale is above 0 and both are finite
   */
  static Probability calibrated(double scale, double offset) {
    return new Calibrated(scale, offset);
  }

  /** See {@link #reference()}. */
  record Reference() implements Probability {}

  /**
   * See {@link #contrastive(List)}.
   *
   * @param negatives the contrast set
   */
  record Contrastive(List<String> negatives) implements Probability {
    /** Checks and copies the list. */
    public Contrastive {
      negatives = List.copyOf(new LinkedHashSet<>(negatives));
      if (negatives.isEmpty()) {
        throw new IllegalArgumentException("negatives is empty: there is nothing to compare with");
      }
    }
  }

  /**
   * See {@link #calibrated(double, double)}.
   *
   * @param scale what multiplies the cosine
   * @param offset what is added
   */
  record Calibrated(double scale, double offset) implements Probability {
    /** Checks the numbers. */
    public Calibrated {
      if (!(scale > 0 && scale < Double.POSITIVE_INFINITY && Double.isFinite(offset))) {
        throw new IllegalArgumentException(
            "no calibration of scale " + scale + " and offset " + offset);
      }
    }
  }
}
