package io.github.clip4j.internal.checkpoint;

import java.nio.ByteBuffer;
import java.util.Set;

/** What the towers of a model are made of. */
public enum Family {
  /** A class token; texts that are read at their end; a softmax. */
  CLIP(
      "CLIP",
      VisionPooling.CLASS_TOKEN,
      TextPooling.END,
      Set.of(Fact.PRE_NORM, Fact.VISION_PROJECTION, Fact.CAUSAL_TEXT)),
  /** Pooling by attention; texts that are padded to one length and read there; a sigmoid. */
  SIGLIP(
      "SigLIP",
      VisionPooling.ATTENTION,
      TextPooling.LAST,
      Set.of(Fact.PATCH_BIAS, Fact.TEXT_BIAS, Fact.LOGIT_BIAS)),
  /** CLIP's pictures; texts by BERT, which are read at their first token. */
  CHINESE_CLIP(
      "Chinese-CLIP",
      VisionPooling.CLASS_TOKEN,
      TextPooling.FIRST,
      Set.of(Fact.PRE_NORM, Fact.VISION_PROJECTION, Fact.TOKEN_TYPE)),
  /** CLIP's pictures; texts by RoBERTa, of whose tokens the mean is read. */
  ROBERTA(
      "CLIP with RoBERTa",
      VisionPooling.CLASS_TOKEN,
      TextPooling.MEAN,
      Set.of(Fact.PRE_NORM, Fact.VISION_PROJECTION, Fact.TOKEN_TYPE));

  /** How a picture's tokens become one row; clip4j_vision_pooling. */
  private enum VisionPooling {
    CLASS_TOKEN,
    ATTENTION
  }

  /** Which of a text's tokens are read; clip4j_text_pooling. */
  private enum TextPooling {
    END,
    LAST,
    FIRST,
    MEAN
  }

  /** What a family may have: the last fields of clip4j_config, in their order. */
  private enum Fact {
    PATCH_BIAS,
    PRE_NORM,
    VISION_PROJECTION,
    CAUSAL_TEXT,
    TEXT_BIAS,
    LOGIT_BIAS,
    TOKEN_TYPE
  }

  static final int BYTES = (2 + Fact.values().length) * Integer.BYTES;

  /** As its authors write it. */
  public final String title;

  private final VisionPooling visionPooling;
  private final TextPooling textPooling;
  private final Set<Fact> facts;

  Family(String title, VisionPooling visionPooling, TextPooling textPooling, Set<Fact> facts) {
    this.title = title;
    this.visionPooling = visionPooling;
    this.textPooling = textPooling;
    this.facts = facts;
  }

  /** BERT's layers, which norm what they have added, are those with token types. */
  boolean hasBertsTexts() {
    return facts.contains(Fact.TOKEN_TYPE);
  }

  /** The last fields of a clip4j_config. */
  void write(ByteBuffer to) {
    to.putInt(visionPooling.ordinal()).putInt(textPooling.ordinal());
    for (Fact fact : Fact.values()) {
      to.putInt(facts.contains(fact) ? 1 : 0);
    }
  }
}
