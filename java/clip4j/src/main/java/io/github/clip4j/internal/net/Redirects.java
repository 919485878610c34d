package io.github.clip4j.internal.net;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/** Requests that follow redirects, which java.net.http would do with the token, to any host. */
public final class Redirects {
  private static final int MAX_REDIRECTS = 10;
  private static final Pattern UNSAFE = Pattern.compile("[^!#-;=?-\\[\\]_a-z~]");

  private final Duration silence;
  private HttpClient client;

  Redirects(Duration silence) {
    this.silence = silence;
    this.client = newClient();
  }

  private HttpClient newClient() {
    return HttpClient.newBuilder().connectTimeout(silence).build();
  }

  private synchronized HttpClient client() {
    return client;
  }

  /** Its connection may be dead, which HTTP/2 would use for the next attempt too. */
  private synchronized void drop(HttpClient silent) {
    if (client == silent) {
      client = newClient();
    }
  }

  /** The answer at the end of all redirects, or of those within the address's own host. */
  HttpResponse<HttpBody> send(
      String method, HttpFetch.Source source, Map<String, String> headers, boolean acrossHosts)
      throws IOException, InterruptedException {
    URI address = source.address();
    boolean home = true;
    for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(HttpAddress.bare(address))
              .method(method, BodyPublishers.noBody())
              // What is compressed on the way could be neither continued nor measured.
              .header("Accept-Encoding", "identity");
      headers.forEach(request::header);
      if (home) {
        source.authorization().ifPresent(who -> request.header("Authorization", who));
      }
      HttpResponse<HttpBody> response = answer(request.build());
      Optional<URI> next = next(response);
      if (next.isEmpty() || !(acrossHosts || sameHost(source.address(), next.get()))) {
        return response;
      }
      response.body().close();
      address = next.get();
      home &= sameHost(source.address(), address);
    }
    throw new IOException("the server redirects over " + MAX_REDIRECTS + " times");
  }

  /**
   * Waits for an answer's head. A timeout of the request's own would do that too, but from Java 26
   * on it would end the body as well, however steadily that comes.
   */
  private HttpResponse<HttpBody> answer(HttpRequest request)
      throws IOException, InterruptedException {
    HttpClient used = client();
    CompletableFuture<HttpResponse<HttpBody>> answer =
        used.sendAsync(request, head -> new HttpBody(silence, () -> drop(used)));
    try {
      return answer.get(silence.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      end(answer);
      drop(used);
      throw new HttpTimeoutException("request timed out");
    } catch (InterruptedException e) {
      end(answer);
      throw e;
    } catch (ExecutionException e) {
      // So java.net.http takes some headers.
      throw e.getCause() instanceof IOException io ? io : senseless(e.getCause());
    }
  }

  private static void end(CompletableFuture<HttpResponse<HttpBody>> answer) {
    answer.thenAccept(late -> late.body().close()); // It may have come this instant.
    answer.cancel(true);
  }

  private static IOException senseless(Throwable e) {
    return new IOException("the server's answer makes no sense: " + e.getMessage(), e);
  }

  /** Where the response redirects to, except from https to http. */
  static Optional<URI> next(HttpResponse<HttpBody> response) throws IOException {
    if (!isRedirect(response.statusCode())) {
      return Optional.empty();
    }
    try {
      return response
          .headers()
          .firstValue("Location")
          .map(location -> HttpAddress.check(response.uri().resolve(encoded(location))))
          .filter(next -> isSecure(next) || !isSecure(response.uri()));
    } catch (IllegalArgumentException e) {
      response.body().close(); // The connection would stay open.
      throw senseless(e);
    }
  }

  /** As other clients do: what may not be in an address is encoded. */
  private static String encoded(String location) {
    return UNSAFE.matcher(location).replaceAll(c -> "%%%02X".formatted((int) c.group().charAt(0)));
  }

  static boolean isRedirect(int status) {
    return switch (status) {
      case 301, 302, 303, 307, 308 -> true;
      default -> false;
    };
  }

  private static boolean isSecure(URI address) {
    return "https".equalsIgnoreCase(address.getScheme());
  }

  public static boolean sameHost(URI a, URI b) {
    return a.getScheme().equalsIgnoreCase(b.getScheme())
        && a.getHost().equalsIgnoreCase(b.getHost())
        && a.getPort() == b.getPort();
  }
}
