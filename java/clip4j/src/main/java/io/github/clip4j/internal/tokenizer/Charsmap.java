package io.github.clip4j.internal.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;

/**
 * The rules by which SentencePiece normalises a text before it looks for pieces in it: strings and
 * what replaces them. They are stored as a double array trie (Aoe 1989, as Darts-clone has it),
 * whose values are places in a block of null-terminated UTF-8 texts. Every step that a search can
 * take is checked once, at the beginning.
 */
final class Charsmap {
  private static final int LABEL_BITS = 0xFF;

  private final int[] units;
  private final byte[] replacements;

  private Charsmap(int[] units, byte[] replacements) {
    this.units = units;
    this.replacements = replacements;
  }

  /**
   * Reads a precompiled_charsmap: the trie's length in bytes, the trie, the texts, little-endian.
   *
   * @throws IllegalArgumentException where a search could leave the trie or the texts
   */
  static Charsmap of(byte[] bytes) {
    ByteBuffer from = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int trieBytes = bytes.length < 4 ? -1 : from.getInt();
    if (trieBytes < 4 || trieBytes % 4 != 0 || trieBytes > from.remaining()) {
      throw new IllegalArgumentException("its trie does not fit into it");
    }
    int[] units = new int[trieBytes / 4];
    from.asIntBuffer().get(units);
    byte[] replacements = new byte[from.remaining() - trieBytes];
    from.position(from.position() + trieBytes).get(replacements);
    Charsmap charsmap = new Charsmap(units, replacements);
    charsmap.check();
    return charsmap;
  }

  /** Visits every state that a search can reach from the root. */
  private void check() {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(replacements));
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("its texts are not UTF-8");
    }
    BitSet reached = new BitSet(units.length);
    int[] waiting = new int[units.length];
    int count = 0;
    for (int state = next(0, 0); ; state = waiting[--count]) {
      // One search step reads any unit that differs from the state in its last byte.
      if (state < 0 || (state | LABEL_BITS) >= units.length) {
        throw new IllegalArgumentException("its trie leads out of itself");
      }
      for (int label = 1; label <= LABEL_BITS; label++) {
        int unit = units[state ^ label];
        if (isChild(unit, label)) {
          int child = next(state ^ label, unit);
          checkLeaf(child, unit);
          if (!reached.get(child)) {
            reached.set(child);
            waiting[count++] = child;
          }
        }
      }
      if (count == 0) {
        return;
      }
    }
  }

  private void checkLeaf(int child, int unit) {
    if (child < 0 || child >= units.length) {
      throw new IllegalArgumentException("its trie leads out of itself");
    }
    if (isLeaf(unit)) {
      int text = units[child] & Integer.MAX_VALUE;
      boolean inside = text <= replacements.length;
      if (!inside || (text < replacements.length && (replacements[text] & 0xC0) == 0x80)) {
        throw new IllegalArgumentException("its trie has a value that is no text");
      }
    }
  }

  private static boolean isChild(int unit, int label) {
    return (unit & (Integer.MIN_VALUE | LABEL_BITS)) == label;
  }

  private static boolean isLeaf(int unit) {
    return (unit >>> 8 & 1) == 1;
  }

  /** The state behind a unit; of the root's, which is its own, from {@code units[0]}. */
  private int next(int position, int unit) {
    int from = position == 0 ? units[0] : unit;
    return position ^ (from >>> 10) << ((from & 1 << 9) >>> 6);
  }

  /** The text with the longest string that has a rule replaced, again and again. */
  String normalize(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream to = new ByteArrayOutputStream(bytes.length + 16);
    int at = 0;
    while (at < bytes.length) {
      int matched = 0;
      int value = 0;
      int state = next(0, 0);
      for (int i = at; i < bytes.length; i++) {
        int label = bytes[i] & 0xFF;
        int unit = units[state ^ label];
        if (label == 0 || !isChild(unit, label)) {
          break;
        }
        state = next(state ^ label, unit);
        if (isLeaf(unit)) {
          matched = i + 1 - at;
          value = units[state] & Integer.MAX_VALUE;
        }
      }
      if (matched > 0) {
        while (value < replacements.length && replacements[value] != 0) {
          to.write(replacements[value++]);
        }
        at += matched;
      } else {
        do {
          to.write(bytes[at++]);
        } while (at < bytes.length && (bytes[at] & 0xC0) == 0x80);
      }
    }
    return to.toString(StandardCharsets.UTF_8);
  }
}
