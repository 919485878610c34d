package io.github.clip4j;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Tests that each get a {@link TinyModel} of their own. */
abstract class WithTinyModel {
  ClipModel model;

  @BeforeEach
  void load() {
    model = TinyModel.load();
  }

  @AfterEach
  void close() {
    model.close();
  }
}
