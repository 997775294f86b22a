//go:build nativeprobe && amd64

#include "call.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

void flora_fault(void) { *(volatile int*)8 = 1; }

void flora_deafen(void) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
}
