//go:build nativeprobe && amd64

#define _GNU_SOURCE
#include "call.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

// Everything is inline: a child of vfork must not return from a function.
static void make(FloraCall* call) {
  register long r10 __asm__("r10") = call->args[3];
  register long r8 __asm__("r8") = call->args[4];
  register long r9 __asm__("r9") = call->args[5];
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(call->number), "D"(call->args[0]), "S"(call->args[1]), "d"(call->args[2]), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  if (result == 0 && call->forks) {
    __asm__ volatile("syscall" : : "a"((long)SYS_exit_group), "D"(0L) : "rcx", "r11", "memory");
  }
  call->result = result;
  call->error = result < 0 && result > -4096 ? (int)-result : 0;
}

static void* run(void* call) {
  make(call);
  return NULL;
}

// A thread that cannot be started is not a refusal: error stays -1.
void flora_make(FloraCall* call, int later) {
  if (!later) {
    make(call);
    return;
  }
  pthread_t thread;
  call->error = -1;
  if (pthread_create(&thread, NULL, run, call) == 0) pthread_join(thread, NULL);
}

// What follows leaks on purpose: the process lives for a few calls.
long flora_text(char* text) { return (long)text; }
long flora_room(int size) { return (long)calloc(1, (size_t)size); }
long flora_page(void) { return (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

long flora_filled(int size, long first) {
  long* memory = calloc(1, (size_t)size + sizeof(long));
  memory[0] = first;
  return (long)memory;
}

long flora_iovec(void) {
  struct iovec* v = calloc(1, sizeof *v);
  v->iov_base = calloc(1, 8);
  v->iov_len = 8;
  return (long)v;
}
