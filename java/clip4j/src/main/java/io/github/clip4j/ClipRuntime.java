package io.github.clip4j;

import io.github.clip4j.internal.Native;
import io.github.clip4j.search.SearchRuntime;
import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/** What the native libraries hold in this process. Safe from any thread. */
public final class ClipRuntime {
  private ClipRuntime() {}

  /** The native memory in use now. */
  public static NativeMemoryUse nativeMemory() {
    Native.load();
    return new NativeMemoryUse(
        (int) Native.liveHandles(), Native.liveBytes(), SearchRuntime.nativeBytes());
  }

  /**
   * Registers a {@link NativeMemoryMXBean} with the platform's MBean server, as {@code
   * io.github.clip4j:type=NativeMemory}, unless it is there already; nothing else does. Returns its
   * name, to unregister it by.
   *
   * @throws IllegalStateException where the server refuses
   */
  public static synchronized ObjectName registerMBean() {
    Native.load();
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    try {
      ObjectName name = new ObjectName("io.github.clip4j:type=NativeMemory");
      if (!server.isRegistered(name)) {
        server.registerMBean(new NativeMemory(), name);
      }
      return name;
    } catch (JMException e) {
      throw new IllegalStateException("the MBean server refuses io.github.clip4j: " + e, e);
    }
  }

  private static final class NativeMemory implements NativeMemoryMXBean {
    @Override
    public int getOpenModels() {
      return nativeMemory().openModels();
    }

    @Override
    public long getEncoderBytes() {
      return nativeMemory().encoderBytes();
    }

    @Override
    public long getSearchBytes() {
      return nativeMemory().searchBytes();
    }
  }
}
