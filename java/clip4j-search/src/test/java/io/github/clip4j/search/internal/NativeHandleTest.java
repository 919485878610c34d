package io.github.clip4j.search.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class NativeHandleTest {
  private final List<Long> freed = new ArrayList<>();

  @Test
  void freesOnceWhatItHeld() {
    NativeHandle handle = new NativeHandle("a handle", () -> 7, freed::add);
    assertEquals("7", handle.use(Long::toString));
    handle.run(address -> handle.close());
    handle.close();
    assertEquals(List.of(7L), freed);
    String closed =
        assertThrows(IllegalStateException.class, () -> handle.run(freed::add)).getMessage();
    assertEquals("a handle is closed", closed);
  }

  @Test
  void keepsItWhileACallIsUnderWay() {
    NativeHandle handle = new NativeHandle("a handle", () -> 7, freed::add);
    handle.run(
        address -> {
          handle.close();
          assertEquals(List.of(), freed);
        });
    assertEquals(List.of(7L), freed);
    NativeHandle other = new NativeHandle("a handle", () -> 8, freed::add);
    assertThrows(
        ArithmeticException.class,
        () ->
            other.run(
                address -> {
                  throw new ArithmeticException();
                }));
    other.close();
    assertEquals(List.of(7L, 8L), freed);
  }

  @Test
  void freesNothingWhereNothingWasMade() {
    assertThrows(
        ArithmeticException.class,
        () ->
            new NativeHandle(
                "a handle",
                () -> {
                  throw new ArithmeticException();
                },
                freed::add));
    assertEquals(List.of(), freed);
  }
}
