package io.github.clip4j;

import io.github.clip4j.internal.Encoders;
import io.github.clip4j.internal.ImageInput;
import io.github.clip4j.internal.LoadedModel;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Embeddings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * One batch of pictures: what fails before native code, what fails there, and what becomes a row.
 */
final class ImageEmbedder {
  private final List<ImageSource> sources;
  private final List<ImageInput> readable = new ArrayList<>();
  private final List<ImageFailure> failures = new ArrayList<>();
  private final int[] inputs;

  private ImageEmbedder(List<ImageSource> sources) {
    this.sources = sources;
    this.inputs = new int[sources.size()];
  }

  static ImageEmbeddings embed(LoadedModel model, List<ImageSource> sources, long maxEncodedBytes) {
    ImageEmbedder batch = new ImageEmbedder(sources);
    batch.collect(maxEncodedBytes);
    return batch.readable.isEmpty() ? batch.allFailed(model) : batch.encode(model);
  }

  private void collect(long maxEncodedBytes) {
    for (int i = 0; i < sources.size(); i++) {
      try {
        ImageInput input = ImageSources.input(sources.get(i), maxEncodedBytes);
        inputs[readable.size()] = i;
        readable.add(input);
      } catch (Clip4jException e) {
        failures.add(new ImageFailure(i, sources.get(i), e.kind(), e.getMessage()));
      }
    }
  }

  private ImageEmbeddings allFailed(LoadedModel model) {
    model.checkOpen();
    Embeddings none = Embeddings.copyOf(new float[0], model.dimension());
    return new ImageEmbeddings(none, new int[0], failures, new Timings(0, 0));
  }

  private ImageEmbeddings encode(LoadedModel model) {
    Encoders.ImageRows result = Encoders.images(model, readable);
    for (int i = 0; i < readable.size(); i++) {
      int input = inputs[i];
      Encoders.Outcome outcome = result.outcomes().get(i);
      if (outcome.kind() == null) {
        inputs[outcome.row()] = input;
      } else {
        failures.add(
            new ImageFailure(input, sources.get(input), outcome.kind(), outcome.message()));
      }
    }
    failures.sort(Comparator.comparingInt(ImageFailure::input));
    return new ImageEmbeddings(
        result.rows(), Arrays.copyOf(inputs, result.rows().rows()), failures, result.timings());
  }
}
