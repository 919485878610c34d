package io.github.clip4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * One HTML page that shows what was searched and what was found: pictures inside as data URIs, no
 * scripts, nothing fetched from elsewhere. Sections appear in the order in which they are added;
 * everything is escaped.
 *
 * <p>Not thread-safe.
 */
final class Gallery {
  /** What is searched with, and what is found. */
  sealed interface Item permits Picture, Text {}

  /**
   * An encoded picture, embedded as it is.
   *
   * @param name short, shown beneath the picture
   * @param description what it shows, for those who cannot see it
   */
  record Picture(String name, String description, byte[] encoded) implements Item {}

  record Text(String value) implements Item {}

  record Hit(Item item, double score) {}

  /**
   * A query and its hits, best first.
   *
   * @param intended the rank, from 1, at which the item that belongs to the query was found; empty
   *     if none does. It may lie beyond {@code hits}.
   */
  record Result(Item query, List<Hit> hits, OptionalInt intended) {
    Result(Item query, List<Hit> hits) {
      this(query, hits, OptionalInt.empty());
    }
  }

  /** A picture, a text and the matcher's verdict on the two. */
  record Pair(Picture picture, String text, double cosine, double probability, boolean match) {}

  record Fact(String name, String value) {}

  private final String title;
  private final StringBuilder body = new StringBuilder();

  Gallery(String title, String introduction) {
    this.title = title;
    add(
        "<header>\n<h1>%s</h1>\n<p class=\"lede\">%s</p>\n</header>\n",
        Html.escape(title), Html.escape(introduction));
  }

  /** A row of figures: model, shapes, times. */
  Gallery facts(List<Fact> facts) {
    body.append("<dl class=\"facts\">\n");
    for (Fact fact : facts) {
      add(
          "<div><dt>%s</dt><dd>%s</dd></div>\n",
          Html.escape(fact.name()), Html.escape(fact.value()));
    }
    body.append("</dl>\n");
    return this;
  }

  /** Queries with what they found; texts and pictures may stand on either side. */
  Gallery results(String heading, String note, List<Result> results) {
    open(heading, note);
    long intended = results.stream().filter(result -> result.intended().isPresent()).count();
    if (intended > 0) {
      long first = results.stream().filter(result -> result.intended().orElse(0) == 1).count();
      add(
          "<p class=\"tally\"><b>%d of %d</b> find what belongs to them first.%s</p>\n",
          first,
          intended,
          first < intended ? " A dashed outline marks it where it came later." : "");
    }
    results.forEach(this::result);
    body.append("</section>\n");
    return this;
  }

  /** A table of pairs with their cosine, probability and verdict. */
  Gallery pairs(String heading, String note, List<Pair> pairs) {
    open(heading, note);
    body.append(
        "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Picture</th><th scope=\"col\">Text</th>");
    body.append(
        "<th scope=\"col\">Cosine</th><th scope=\"col\">Probability</th><th scope=\"col\">Verdict</th></tr>");
    body.append("</thead>\n<tbody>\n");
    for (Pair pair : pairs) {
      add(
          "<tr><td>%s</td><th scope=\"row\">%s</th>",
          image(pair.picture()), Html.escape(pair.text()));
      add("<td class=\"number\">%.3f</td><td>%s</td>", pair.cosine(), meter(pair.probability()));
      add("<td>%s</td></tr>\n", pair.match() ? badge("yes", "✓ match") : badge("no", "✗ no match"));
    }
    body.append("</tbody>\n</table></div>\n</section>\n");
    return this;
  }

  /** Small print at the foot of the page, one paragraph a line. */
  Gallery footer(List<String> lines) {
    body.append("<footer>\n");
    lines.forEach(line -> add("<p>%s</p>\n", Html.escape(line)));
    body.append("</footer>\n");
    return this;
  }

  /** The page. */
  String html() {
    String template = template();
    int at = template.indexOf("{{body}}");
    String head = template.substring(0, at).replace("{{title}}", Html.escape(title));
    return head + body + template.substring(at + "{{body}}".length());
  }

  private void open(String heading, String note) {
    add("<section>\n<h2>%s</h2>\n", Html.escape(heading));
    if (!note.isEmpty()) {
      add("<p class=\"note\">%s</p>\n", Html.escape(note));
    }
  }

  private void result(Result result) {
    body.append("<article>\n<div class=\"query\">");
    if (result.query() instanceof Text text) {
      add("<h3>%s</h3>", Html.escape(text.value()));
    } else if (result.query() instanceof Picture picture) {
      add("<figure>%s%s</figure>", image(picture), caption(picture));
    }
    result.intended().ifPresent(rank -> body.append(verdict(rank)));
    body.append("</div>\n");
    if (result.hits().isEmpty()) {
      body.append("<p class=\"note\">Nothing was found.</p>\n");
    } else {
      boolean pictures = result.hits().get(0).item() instanceof Picture;
      add("<ol class=\"%s\">\n", pictures ? "pictures" : "texts");
      for (int i = 0; i < result.hits().size(); i++) {
        hit(result.hits().get(i), i + 1 == result.intended().orElse(0));
      }
      body.append("</ol>\n");
    }
    body.append("</article>\n");
  }

  private void hit(Hit hit, boolean intended) {
    body.append(intended ? "<li class=\"intended\">" : "<li>");
    if (hit.item() instanceof Picture picture) {
      add("<figure>%s%s</figure>", image(picture), caption(picture));
    } else if (hit.item() instanceof Text text) {
      add("<span class=\"text\">%s</span>", Html.escape(text.value()));
    }
    add("%s</li>\n", meter(hit.score()));
  }

  private static String verdict(int rank) {
    return rank == 1 ? badge("yes", "✓ found first") : badge("no", "the right one is no. " + rank);
  }

  private static String badge(String kind, String text) {
    return "<span class=\"badge " + kind + "\">" + text + "</span>";
  }

  private static String image(Picture picture) {
    return "<img src=\"%s\" alt=\"%s\">"
        .formatted(Html.dataUri(picture.encoded()), Html.escape(picture.description()));
  }

  private static String caption(Picture picture) {
    return "<figcaption>" + Html.escape(picture.name()) + "</figcaption>";
  }

  private static String meter(double value) {
    double share = Math.max(0, Math.min(1, value));
    return format("<span class=\"meter\" style=\"--share:%.3f\">%.3f</span>", share, value);
  }

  private void add(String format, Object... arguments) {
    body.append(format(format, arguments));
  }

  private static String format(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }

  private static String template() {
    try (InputStream in = Gallery.class.getResourceAsStream("gallery.html")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
