package io.github.clip4j.internal.tokenizer;

import java.util.regex.Pattern;

/**
 * Regular expressions that every engine matches in linear time and that never match nothing:
 * alternatives without groups, of characters and classes in a row, of which the first two may be
 * optional and the last may be repeated. Those of CLIP, GPT-2 and SigLIP are.
 */
final class PlainRegex {
  private static final int LONGEST = 1000;

  private static final String ESCAPE =
      "\\\\(?:[sSdDwW]|[pP]\\{\\^?[A-Za-z_]{1,40}\\}|[^A-Za-z0-9])";
  private static final String IN_CLASS = ESCAPE + "|&(?!&)|[^\\[\\]\\\\&^]";
  private static final String CLASS = "\\[\\^?(?:" + IN_CLASS + ")(?:" + IN_CLASS + "|\\^)*\\]";
  private static final String ATOM = "(?:" + ESCAPE + "|" + CLASS + "|[^\\\\\\[\\](){}^$|?*+])";
  private static final String ALTERNATIVE =
      "(?:(?:"
          + ATOM
          + "\\?){0,2}"
          + ATOM
          + "{1,100}(?:\\+|\\{[1-9],\\})?|\\\\s\\+\\(\\?!\\\\S\\))";
  private static final Pattern PLAIN =
      Pattern.compile(ALTERNATIVE + "(?:\\|" + ALTERNATIVE + "){0,99}");

  private PlainRegex() {}

  static boolean isPlain(String regex) {
    return regex.length() <= LONGEST && PLAIN.matcher(regex).matches();
  }
}
