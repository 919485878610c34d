package io.github.clip4j.internal;

import java.net.URI;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Addresses: which ones there may be, and what is wrong with others. */
public final class HttpAddress {
  private static final Pattern ODD = Pattern.compile("[^A-Za-z0-9.-]");

  private HttpAddress() {}

  /** Returns {@code address}; IllegalArgumentException where nothing can be fetched from it. */
  public static URI check(URI address) {
    String scheme = address.getScheme();
    String authority = address.getRawAuthority();
    if (authority == null
        || !("http".equalsIgnoreCase(scheme) || "https".equalsIgnoreCase(scheme))) {
      throw new IllegalArgumentException("not an http or https address: " + address);
    }
    if (address.getHost() == null) {
      String host = authority.replaceFirst(".*@", "").replaceFirst(":\\d*$", "");
      Matcher odd = ODD.matcher(host);
      throw new IllegalArgumentException(
          address
              + ": its host is not a valid name"
              + (odd.find() ? ": '" + odd.group() + "' is not allowed" : ""));
    }
    if (address.getPort() > 0xFFFF) {
      throw new IllegalArgumentException(address + ": its port is over 65535");
    }
    return address;
  }
}
