// Prints what this machine reads from memory, in GB/s: the median of 9 sums of 512 MB, split over as many threads as given.
//
//     cc -O3 -march=native -pthread bandwidth.c -o bandwidth && ./bandwidth 2
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { kPasses = 9, kMaxThreads = 1024 };
static const size_t kWords = (512u << 20) / sizeof(uint64_t);

static uint64_t* words;
static int threads;
static uint64_t sums[kMaxThreads];
// By each thread itself: one that only takes the time would wait for a core while these read.
static double started[kPasses][kMaxThreads], ended[kPasses][kMaxThreads];
static pthread_barrier_t barrier;  // before each pass

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

static void* read_share(void* argument) {
  const size_t self = (size_t)argument;
  const size_t first = kWords / threads * self, last = kWords / threads * (self + 1);
  // Different everywhere: equal pages may be one page to the machine below this one, and read faster than memory is.
  for (size_t i = first; i < last; i++) words[i] = i * 0x9E3779B97F4A7C15u;
  for (int pass = 0; pass < kPasses; pass++) {
    pthread_barrier_wait(&barrier);
    started[pass][self] = seconds();
    uint64_t sum = 0;
    for (size_t i = first; i < last; i++) sum += words[i];
    sums[self] += sum;
    ended[pass][self] = seconds();
  }
  return NULL;
}

static int ascending(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

int main(int count, char** arguments) {
  threads = count > 1 ? atoi(arguments[1]) : 1;
  if (threads < 1 || threads > kMaxThreads) return 2;
  words = aligned_alloc(2 << 20, kWords * sizeof *words);
  if (!words) return 1;
#ifdef MADV_HUGEPAGE
  madvise(words, kWords * sizeof *words, MADV_HUGEPAGE);
#endif
  pthread_barrier_init(&barrier, NULL, threads);
  pthread_t workers[kMaxThreads];
  for (size_t i = 0; i < (size_t)threads; i++) {
    if (pthread_create(&workers[i], NULL, read_share, (void*)i)) return 1;
  }
  uint64_t sum = 0;  // used, so that the loops are not optimised away
  for (int i = 0; i < threads; i++) {
    pthread_join(workers[i], NULL);
    sum += sums[i];
  }
  double rates[kPasses];
  for (int pass = 0; pass < kPasses; pass++) {
    double start = started[pass][0], end = ended[pass][0];
    for (int i = 1; i < threads; i++) {
      if (started[pass][i] < start) start = started[pass][i];
      if (ended[pass][i] > end) end = ended[pass][i];
    }
    rates[pass] = 1e-9 * kWords * sizeof *words / (end - start);
  }
  qsort(rates, kPasses, sizeof *rates, ascending);
  printf("%.2f\n", rates[kPasses / 2]);
  return sum == 0;
}
