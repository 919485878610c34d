package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.clip4j.search.Embeddings;
import java.lang.management.ManagementFactory;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

class ClipRuntimeTest {
  @Test
  void memoryIsCountedByWhatHoldsIt() {
    try (ClipModel model = TinyModel.load();
        ClipModel another = TinyModel.load();
        Embeddings rows = model.embedTexts("a cat", "a photo")) {
      NativeMemoryUse use = ClipRuntime.nativeMemory();
      assertEquals(2, use.openModels());
      assertEquals(model.memory().total() + another.memory().total(), use.encoderBytes());
      assertEquals(rows.bytes(), use.searchBytes());
    }
    assertEquals(new NativeMemoryUse(0, 0, 0), ClipRuntime.nativeMemory());
  }

  @Test
  void jmxShowsTheSameOnRequest() throws Exception {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    assertEquals(0, server.queryNames(new ObjectName("io.github.clip4j:*"), null).size());
    ObjectName name = ClipRuntime.registerMBean();
    assertEquals(name, ClipRuntime.registerMBean());
    try (ClipModel model = TinyModel.load();
        Embeddings rows = model.embedTexts("a cat")) {
      assertEquals(1, server.getAttribute(name, "OpenModels"));
      assertEquals(model.memory().total(), server.getAttribute(name, "EncoderBytes"));
      assertEquals(rows.bytes(), server.getAttribute(name, "SearchBytes"));
    }
    server.unregisterMBean(name);
  }
}
