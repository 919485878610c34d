package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import org.junit.jupiter.api.Test;

class DeviceTest {
  @Test
  void namesAreReadAsTheyAreWritten() {
    for (Device device : new Device[] {Device.CPU, Device.cuda(0), Device.cuda(17)}) {
      assertEquals(device, Device.of(device.toString()));
    }
    assertEquals(Device.cuda(0), Device.of("cuda"));
    for (String wrong :
        new String[] {"", "CPU", "gpu", "cuda:", "cuda:-1", "cuda:99999", "cpu:0"}) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> Device.of(wrong)).getMessage();
      assertTrue(message.contains("'" + wrong + "'"), message);
    }
    assertThrows(IllegalArgumentException.class, () -> Device.cuda(-1));
    assertThrows(IllegalArgumentException.class, () -> new Device(Device.Kind.CPU, 1));
    assertThrows(NullPointerException.class, () -> new Device(null, 0));
  }

  @Test
  void modelsSayWhereTheyAre() {
    try (ClipModel model = TinyModel.load()) {
      assertEquals(Device.CPU, model.device());
    }
  }

  /** No machine has so many; most have none. */
  @Test
  void aDeviceThatIsNotThereIsOneLine() {
    LoadOptions options = LoadOptions.DEFAULT.withDevice(Device.cuda(9999));
    Clip4jException refused =
        assertThrows(Clip4jException.class, () -> ClipModel.load(TinyModel.directory(), options));
    assertEquals(Kind.UNSUPPORTED, refused.kind());
    assertTrue(refused.getMessage().startsWith("there is no CUDA device"), refused.getMessage());
    assertFalse(refused.getMessage().contains("\n"), refused.getMessage());
  }

  @Test
  void halfPrecisionIsForDevices() {
    LoadOptions options = LoadOptions.DEFAULT.withPrecision(Precision.FP16);
    Clip4jException refused =
        assertThrows(Clip4jException.class, () -> ClipModel.load(TinyModel.directory(), options));
    assertEquals(Kind.UNSUPPORTED, refused.kind());
    assertTrue(
        refused.getMessage().startsWith("16-bit floats (FP16) are for devices alone"),
        refused.getMessage());
  }
}
