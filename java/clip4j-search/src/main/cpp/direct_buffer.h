// For the glue that JavaCPP generates, which includes this. JavaCPP's own Pointer.asByteBuffer and its conversion of
// texts go on with the null that JNI returns where the Java heap or stack is full, and that ends the JVM.
#pragma once

#include <jni.h>

// A ByteBuffer over memory, which stays its owner's. Null with an exception pending where there is none to be had.
static inline jobject clip4j_direct_buffer(JNIEnv* env, jclass, jlong address, jlong bytes) {
  return env->NewDirectByteBuffer(reinterpret_cast<void*>(address), bytes);
}
