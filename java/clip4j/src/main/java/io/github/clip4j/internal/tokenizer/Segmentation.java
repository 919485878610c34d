package io.github.clip4j.internal.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * The most probable way to put a text together out of pieces with log-probabilities (Kudo 2018, by
 * Viterbi's algorithm). Sums are float32 and the first of equals wins, as in SentencePiece: "1000"
 * is "1", "00", "0" and not "1", "0", "00".
 */
final class Segmentation {
  /** What a character that is no piece costs beyond the least probable piece. */
  private static final float UNKNOWN_PENALTY = 10;

  private final Map<String, Integer> pieces;
  private final float[] scores;
  private final int unknown;
  private final int[] bytes;
  private final float unknownScore;
  private final int longest;

  /**
   * A segmentation.
   *
   * @param pieces their ids
   * @param scores by id
   * @param unknown the id of what is no piece
   * @param bytes ids of what to write instead, by byte; null where {@code unknown} is written
   */
  Segmentation(Map<String, Integer> pieces, float[] scores, int unknown, int[] bytes) {
    this.pieces = pieces;
    this.scores = scores;
    this.unknown = unknown;
    this.bytes = bytes;
    float least = 0;
    int length = 0;
    for (Map.Entry<String, Integer> piece : pieces.entrySet()) {
      least = Math.min(least, scores[piece.getValue()]);
      length = Math.max(length, piece.getKey().length());
    }
    unknownScore = least - UNKNOWN_PENALTY;
    longest = length;
  }

  /** Ids of the best pieces; of unknown characters in a row there is one. */
  List<Integer> best(String text) {
    float[] score = new float[text.length() + 1]; // of the best way to here
    int[] start = new int[text.length() + 1]; // of its last piece; -1: there is no way yet
    int[] last = new int[text.length() + 1]; // its id
    Arrays.fill(start, -1);
    for (int at = 0; at < text.length(); at += Character.charCount(text.codePointAt(at))) {
      int character = at + Character.charCount(text.codePointAt(at));
      boolean isPiece = false;
      for (int end = at + 1; end <= Math.min(text.length(), at + longest); end++) {
        Integer id = pieces.get(text.substring(at, end));
        if (id != null) {
          isPiece |= end == character;
          offer(score, start, last, at, end, id, scores[id]);
        }
      }
      if (!isPiece) {
        offer(score, start, last, at, character, unknown, unknownScore);
      }
    }
    return ids(text, start, last);
  }

  private static void offer(
      float[] score, int[] start, int[] last, int at, int end, int id, float own) {
    float candidate = score[at] + own;
    if (start[end] < 0 || candidate > score[end]) {
      score[end] = candidate;
      start[end] = at;
      last[end] = id;
    }
  }

  private List<Integer> ids(String text, int[] start, int[] last) {
    List<Integer> ids = new ArrayList<>();
    boolean wasUnknown = false;
    for (int end = text.length(); end > 0; end = start[end]) {
      boolean isUnknown = last[end] == unknown;
      if (isUnknown && bytes != null) {
        byte[] utf8 = text.substring(start[end], end).getBytes(StandardCharsets.UTF_8);
        for (int i = utf8.length - 1; i >= 0; i--) {
          ids.add(bytes[utf8[i] & 0xFF]);
        }
      } else if (!isUnknown || !wasUnknown) {
        ids.add(last[end]);
      }
      wasUnknown = isUnknown;
    }
    Collections.reverse(ids);
    return ids;
  }
}
