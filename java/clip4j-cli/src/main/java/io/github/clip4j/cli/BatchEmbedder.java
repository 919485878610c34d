package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import io.github.clip4j.ImageEmbeddings;
import io.github.clip4j.ImageFailure;
import io.github.clip4j.ImageSource;
import io.github.clip4j.LongTexts;
import io.github.clip4j.Timings;
import io.github.clip4j.search.Embeddings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.IntConsumer;

/** Embeds batch after batch, names what fails, and keeps the time. */
final class BatchEmbedder {
  /** Keeps all cores busy with decoding; memory stays at some tens of megabytes. */
  static final int PICTURES = 64;

  static final int TEXTS = 256;

  private final ClipModel model;
  private final Console console;
  private long items;
  private long failures;
  private long cut;
  private long nanos;
  private double preprocessMs;
  private double encodeMs;

  BatchEmbedder(ClipModel model, Console console) {
    this.model = model;
    this.console = console;
  }

  /** Time so far; {@code items_per_s} counts this class's work and nothing else. */
  record Report(
      long items, double loadMs, double preprocessMs, double encodeMs, double itemsPerS) {}

  Report report(double loadMs) {
    return new Report(items, loadMs, preprocessMs, encodeMs, nanos == 0 ? 0 : items * 1e9 / nanos);
  }

  /** Pictures that failed so far; each was named on stderr. */
  long failures() {
    return failures;
  }

  /** Embeds batch after batch: what does not fail is given on with its row, in order. */
  void eachPicture(
      List<PictureFile> pictures, IntConsumer advance, BiConsumer<PictureFile, float[]> use) {
    for (int from = 0; from < pictures.size(); from += PICTURES) {
      List<PictureFile> batch = pictures.subList(from, Math.min(from + PICTURES, pictures.size()));
      float[][] rows = pictures(batch);
      for (int i = 0; i < rows.length; i++) {
        if (rows[i] != null) {
          use.accept(batch.get(i), rows[i]);
        }
      }
      advance.accept(batch.size());
    }
  }

  /** Rows of the batch, null for a picture that failed. */
  float[][] pictures(List<PictureFile> batch) {
    float[][] rows = new float[batch.size()][];
    List<ImageSource> sources = new ArrayList<>();
    List<Integer> places = new ArrayList<>();
    Map<Integer, String> problems = new HashMap<>();
    for (int i = 0; i < batch.size(); i++) {
      if (batch.get(i).problem() == null) {
        sources.add(batch.get(i).source());
        places.add(i);
      } else {
        problems.put(i, batch.get(i).problem());
      }
    }
    if (!sources.isEmpty()) {
      long start = System.nanoTime();
      try (ImageEmbeddings embedded = model.embedImages(sources)) {
        count(embedded.embeddings().rows(), start, embedded.timings());
        for (int row = 0; row < embedded.embeddings().rows(); row++) {
          rows[places.get(embedded.input(row))] = embedded.embeddings().row(row);
        }
        for (ImageFailure failure : embedded.failures()) {
          problems.put(places.get(failure.input()), line(failure));
        }
      } catch (RuntimeException e) {
        throw Failure.of("embedding", e);
      }
    }
    for (int i = 0; i < rows.length; i++) {
      if (rows[i] == null) {
        failed(batch.get(i), problems.get(i));
      }
    }
    return rows;
  }

  private static String line(ImageFailure failure) {
    return failure.message() + " (" + Failure.advice(failure.kind()) + ")";
  }

  void failed(PictureFile picture, String problem) {
    failures++;
    console.say(picture.id() + ": " + problem);
  }

  float[][] texts(List<String> batch, LongTexts longTexts) {
    float[][] rows = new float[batch.size()][];
    long start = System.nanoTime();
    Timings[] timings = new Timings[1];
    try (Embeddings embedded =
        model.embedTexts(
            batch,
            longTexts,
            report -> {
              timings[0] = report.timings();
              cut += report.truncated().size();
            })) {
      count(rows.length, start, timings[0]);
      for (int i = 0; i < rows.length; i++) {
        rows[i] = embedded.row(i);
      }
    } catch (RuntimeException e) {
      throw Failure.of("embedding", e);
    }
    return rows;
  }

  /** Says how many texts were longer than the model reads. */
  void sayWhatWasCut() {
    if (cut > 0) {
      console.say(
          "note: %d of %d texts were longer than %d tokens and were cut (--long-texts pool embeds all)"
              .formatted(cut, items, model.maxTokens()));
    }
  }

  private void count(int rows, long start, Timings timings) {
    nanos += System.nanoTime() - start;
    items += rows;
    preprocessMs += timings.preprocessMs();
    encodeMs += timings.encodeMs();
  }
}
