package io.github.clip4j.cli;

import java.util.Base64;

/** The little HTML that {@link Gallery} needs. */
final class Html {
  private Html() {}

  /** {@code text} for use between tags and inside quoted attributes. */
  static String escape(String text) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.appendCodePoint(printable(c) ? c : 0xFFFD);
              }
            });
    return out.toString();
  }

  /** HTML has no way to write control characters and lone surrogates, not even as references. */
  private static boolean printable(int c) {
    return c == '\t'
        || c == '\n'
        || (!Character.isISOControl(c) && Character.getType(c) != Character.SURROGATE);
  }

  /** An encoded picture as a data URI. */
  static String dataUri(byte[] picture) {
    return "data:" + mediaType(picture) + ";base64," + Base64.getEncoder().encodeToString(picture);
  }

  private static String mediaType(byte[] picture) {
    if (startsWith(picture, 0, 0x89, 'P', 'N', 'G')) {
      return "image/png";
    }
    if (startsWith(picture, 0, 0xFF, 0xD8, 0xFF)) {
      return "image/jpeg";
    }
    if (startsWith(picture, 0, 'R', 'I', 'F', 'F') && startsWith(picture, 8, 'W', 'E', 'B', 'P')) {
      return "image/webp";
    }
    if (startsWith(picture, 0, 'G', 'I', 'F', '8')) {
      return "image/gif";
    }
    if (startsWith(picture, 0, 'B', 'M')) {
      return "image/bmp";
    }
    if (startsWith(picture, 0, 'I', 'I', '*', 0) || startsWith(picture, 0, 'M', 'M', 0, '*')) {
      return "image/tiff";
    }
    return "application/octet-stream";
  }

  private static boolean startsWith(byte[] bytes, int offset, int... signature) {
    if (bytes.length < offset + signature.length) {
      return false;
    }
    for (int i = 0; i < signature.length; i++) {
      if ((bytes[offset + i] & 0xFF) != signature[i]) {
        return false;
      }
    }
    return true;
  }
}
