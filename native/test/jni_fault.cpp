// A deliberate JNI mistake (a second call with an exception pending): what proves that -Xcheck:jni is
// looking.
#include <jni.h>

extern "C" JNIEXPORT void JNICALL Java_io_github_clip4j_testing_JniFault_commit(JNIEnv* env, jclass self) {
  env->ThrowNew(env->FindClass("java/lang/IllegalStateException"), "pending");
  env->GetMethodID(self, "toString", "()Ljava/lang/String;");
}
