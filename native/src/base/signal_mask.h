#pragma once

#include <pthread.h>
#include <signal.h>

#include <initializer_list>

namespace clip4j {

// While it lives, threads that this one starts inherit a mask that blocks the JVM's signals, which are for
// the JVM's threads. Faults stay: one that is blocked ends the process, and no handler reports it.
class SignalMask {
 public:
  SignalMask() {
    sigset_t mask;
    sigfillset(&mask);
    for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP}) sigdelset(&mask, fault);
    pthread_sigmask(SIG_SETMASK, &mask, &before_);
  }
  ~SignalMask() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalMask(const SignalMask&) = delete;
  SignalMask& operator=(const SignalMask&) = delete;

 private:
  sigset_t before_;
};

}  // namespace clip4j
