package io.github.clip4j.internal.tokenizer;

import java.util.Locale;
import java.util.regex.Pattern;

/** What Python's functions for texts do and Java's do not, or not in the same way. */
final class PythonText {
  /** {@code \s}. */
  private static final Pattern SPACES =
      Pattern.compile("[\\s\\x1c-\\x1f\\x85\\u2028\\u2029\\p{Zs}]+");

  private static final char CAPITAL_SIGMA = '\u03a3';
  private static final char SIGMA = '\u03c3';
  private static final char FINAL_SIGMA = '\u03c2';

  /** Word_Break is MidLetter, MidNumLet or Single_Quote. */
  private static final String WITHIN_WORDS =
      "'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a";

  private PythonText() {}

  /** With one space for each run of white space, and none at the ends. */
  static String collapseSpaces(String text) {
    return SPACES.matcher(text).replaceAll(" ").strip();
  }

  /**
   * {@code str.lower}, of the Unicode version that Java has. Java's own differs in what becomes of
   * a capital sigma, which has another small one at the end of a word: Java looks for words, Python
   * does what the Unicode standard says (Final_Sigma, section 3.13).
   */
  static String lowerCase(String text) {
    StringBuilder sigmas = new StringBuilder(text);
    for (int at = text.indexOf(CAPITAL_SIGMA); at >= 0; at = text.indexOf(CAPITAL_SIGMA, at + 1)) {
      sigmas.setCharAt(at, endsWord(text, at) ? FINAL_SIGMA : SIGMA);
    }
    // The one character that becomes longer, for which Java copies all that it has so far: a long
    // text of them would take minutes.
    return sigmas.toString().replace("\u0130", "i\u0307").toLowerCase(Locale.ROOT);
  }

  private static boolean endsWord(String text, int at) {
    int before = at;
    while (before > 0 && isIgnored(text.codePointBefore(before))) {
      before -= Character.charCount(text.codePointBefore(before));
    }
    int behind = at + 1;
    while (behind < text.length() && isIgnored(text.codePointAt(behind))) {
      behind += Character.charCount(text.codePointAt(behind));
    }
    return before > 0
        && isCased(text.codePointBefore(before))
        && !(behind < text.length() && isCased(text.codePointAt(behind)));
  }

  /** Unicode's Cased. */
  private static boolean isCased(int character) {
    return Character.isLowerCase(character)
        || Character.isUpperCase(character)
        || Character.isTitleCase(character);
  }

  /** Unicode's Case_Ignorable. */
  private static boolean isIgnored(int character) {
    return switch (Character.getType(character)) {
      case Character.NON_SPACING_MARK,
          Character.ENCLOSING_MARK,
          Character.FORMAT,
          Character.MODIFIER_LETTER,
          Character.MODIFIER_SYMBOL ->
          true;
      default -> WITHIN_WORDS.indexOf(character) >= 0;
    };
  }
}
