//go:build cgo && linux

// What must be done while the process has a single thread: Landlock and
// capabilities belong to threads, and both Go and V8 start some before main.
#define _GNU_SOURCE
#include "early.h"

#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// The system calls' numbers are the same on all architectures.
#define FLORA_CLOSE_RANGE 436
#define FLORA_LANDLOCK_CREATE_RULESET 444
#define FLORA_LANDLOCK_RESTRICT_SELF 446

// Threads' stacks count against RLIMIT_DATA. V8 takes at most 984 KiB of one.
#define FLORA_STACK (2 << 20)

static FloraEarly done;

FloraEarly flora_early(void) { return done; }

struct ruleset {
  uint64_t fs, net, scoped;
};

// Handles every right that the kernel knows and grants none.
static int landlock(void) {
  long abi = syscall(FLORA_LANDLOCK_CREATE_RULESET, NULL, 0, 1 /* version */);
  if (abi < 1) return abi < 0 ? -errno : -ENOSYS;
  struct ruleset r = {.fs = (1u << 13) - 1};
  size_t size = 8;
  if (abi >= 2) r.fs |= 1u << 13;  // refer
  if (abi >= 3) r.fs |= 1u << 14;  // truncate
  if (abi >= 4) {
    r.net = 3;  // bind and connect TCP
    size = 16;
  }
  if (abi >= 5) r.fs |= 1u << 15;  // ioctl of devices
  if (abi >= 6) {
    r.scoped = 3;  // abstract Unix sockets and signals
    size = 24;
  }
  long fd = syscall(FLORA_LANDLOCK_CREATE_RULESET, &r, size, 0);
  if (fd < 0) return -errno;
  int result = syscall(FLORA_LANDLOCK_RESTRICT_SELF, fd, 0) == 0 ? (int)abi : -errno;
  close((int)fd);
  return result;
}

static int drop_capabilities(void) {
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2];
  memset(none, 0, sizeof none);
  return syscall(SYS_capset, &head, none) == 0 ? 1 : -errno;
}

static void close_from(unsigned first) {
  if (syscall(FLORA_CLOSE_RANGE, first, ~0u, 0) == 0) return;
  for (unsigned fd = first; fd < 4096; fd++) close((int)fd);
}

// Runs before every C++ constructor, so before V8 and Go start threads.
__attribute__((constructor(101))) static void early(void) {
  const char* keep = getenv("FLORA_SANDBOX");
  if (keep == NULL || keep[0] < '3' || keep[0] > '9' || keep[1] != 0) return;
  done.ran = 1;
  close_from((unsigned)(keep[0] - '0'));
  pthread_attr_t attr;
  if (pthread_attr_init(&attr) == 0) {
    if (pthread_attr_setstacksize(&attr, FLORA_STACK) == 0) pthread_setattr_default_np(&attr);
    pthread_attr_destroy(&attr);
  }
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  done.no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 1 : -errno;
  done.landlock = landlock();
  done.capabilities = drop_capabilities();
}
