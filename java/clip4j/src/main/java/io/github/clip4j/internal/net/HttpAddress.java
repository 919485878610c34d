package io.github.clip4j.internal.net;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Addresses: which ones there may be, and what of them may be seen. */
public final class HttpAddress {
  private static final Pattern ODD = Pattern.compile("[^A-Za-z0-9.-]");

  private HttpAddress() {}

  /** Returns {@code address}; IllegalArgumentException where nothing can be fetched from it. */
  public static URI check(URI address) {
    String scheme = address.getScheme();
    String authority = address.getRawAuthority();
    if (authority == null
        || !("http".equalsIgnoreCase(scheme) || "https".equalsIgnoreCase(scheme))) {
      throw new IllegalArgumentException("not an http or https address: " + shown(address));
    }
    if (address.getHost() == null) {
      String host = authority.replaceFirst(".*@", "").replaceFirst(":\\d*$", "");
      Matcher odd = ODD.matcher(host);
      throw new IllegalArgumentException(
          shown(address)
              + ": its host is not a valid name"
              + (odd.find() ? ": '" + odd.group() + "' is not allowed" : ""));
    }
    if (address.getPort() > 0xFFFF) {
      throw new IllegalArgumentException(shown(address) + ": its port is over 65535");
    }
    return address;
  }

  /** Reads what {@link #check} accepts. */
  public static URI parse(String address) {
    try {
      return check(new URI(address));
    } catch (URISyntaxException e) { // Not as the cause: it holds the address as it is.
      throw new IllegalArgumentException(shown(address) + ": not an address: " + e.getReason());
    }
  }

  /** For messages: without user and password. */
  public static String shown(URI address) {
    return shown(address.toString());
  }

  /** The same of any text. What is no address loses more, for the password may be what is wrong. */
  public static String shown(String address) {
    return isSound(address)
        ? address.replaceFirst("^([^:/?#]+:)?//[^/?#]*@", "$1//")
        : address.replaceFirst("(?s)^(\\w+://)?.*@", "$1");
  }

  private static boolean isSound(String address) {
    try {
      return new URI(address).getHost() != null;
    } catch (URISyntaxException e) {
      return false;
    }
  }

  /** For requests, which have user and password in a header. */
  static URI bare(URI address) {
    return URI.create(shown(address));
  }

  /** That header's value, where the address has a user. */
  static Optional<String> basic(URI address) {
    return Optional.ofNullable(address.getUserInfo())
        .filter(user -> !user.isEmpty())
        .map(user -> user.contains(":") ? user : user + ":")
        .map(user -> user.getBytes(StandardCharsets.UTF_8))
        .map(user -> "Basic " + Base64.getEncoder().encodeToString(user));
  }
}
