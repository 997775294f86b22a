// Marks the isolate whose turn brings the process down, so that control knows
// whose fault it was when the process is gone.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>

#include "include/v8-initialization.h"
#include "internal.h"

using namespace v8;

void flora_judge(FloraIsolate* f, Verdict verdict) {
  if (f == nullptr || f->verdict == nullptr) return;
  uint64_t none = 0;
  f->verdict->compare_exchange_strong(none, verdict, std::memory_order_release);
}

// What the process exits with when V8 gave up; pkg/supervisor knows it. Ending by
// a signal would have the Go runtime print what every goroutine does.
static const int kExitFatal = 4;

[[noreturn]] static void Leave(const char* what, const char* detail) {
  char line[512];
  int n = snprintf(line, sizeof(line), "V8 gave up: %s: %s\n", what == nullptr ? "" : what, detail == nullptr ? "" : detail);
  if (n > 0) {
    ssize_t ignored = write(STDERR_FILENO, line, std::min(size_t(n), sizeof(line) - 1));
    (void)ignored;
  }
  _exit(kExitFatal);
}

void flora_give_up(FloraIsolate* f, Verdict verdict, const char* what, const char* detail) {
  flora_judge(f, verdict);
  Leave(what, detail);
}

// V8 calls these on the thread that failed. Where they return, V8 ends the
// process by a signal, or goes on in a state that it calls undefined.
static void OnFatal(const char* location, const char* message) {
  flora_give_up(flora_current, kFatal, location, message);
}

static void OnCheck(const char*, int, const char* message) {
  flora_give_up(flora_current, kFatal, "check", message);
}

// A heap that reached its own limit was lent memory before; another one fails
// here because the process has none left, and that may be anybody's doing.
static void OnOutOfMemory(const char* location, const OOMDetails& details) {
  FloraIsolate* f = flora_current;
  flora_give_up(f, f != nullptr && f->out_of_memory ? kOutOfMemory : kNoMemory, location, details.detail);
}

void flora_watch_crash(Isolate* isolate) {
  isolate->SetFatalErrorHandler(OnFatal);
  isolate->SetOOMErrorHandler(OnOutOfMemory);
}

// The signals by which native code dies by its own doing.
static const int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
static struct sigaction before[sizeof(kSignals) / sizeof(kSignals[0])];

// Only writes memory, then leaves the signal to the handler that was there: the
// Go runtime's, which also serves Go's own code.
static void OnSignal(int number, siginfo_t* info, void* context) {
  flora_judge(flora_current, kSignal);
  for (size_t i = 0; i < sizeof(kSignals) / sizeof(kSignals[0]); i++) {
    if (kSignals[i] != number) continue;
    if (before[i].sa_flags & SA_SIGINFO) {
      before[i].sa_sigaction(number, info, context);
    } else if (before[i].sa_handler != SIG_DFL && before[i].sa_handler != SIG_IGN) {
      before[i].sa_handler(number);
    } else {
      signal(number, SIG_DFL);  // It comes again, and ends the process.
    }
    return;
  }
}

extern "C" void flora_crash(void) {
  V8::SetFatalErrorHandler(OnCheck);
  V8::SetFatalMemoryErrorCallback(OnOutOfMemory);
  for (size_t i = 0; i < sizeof(kSignals) / sizeof(kSignals[0]); i++) {
    struct sigaction ours {};
    ours.sa_sigaction = OnSignal;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigfillset(&ours.sa_mask);
    if (sigaction(kSignals[i], nullptr, &before[i]) == 0) sigaction(kSignals[i], &ours, nullptr);
  }
}
