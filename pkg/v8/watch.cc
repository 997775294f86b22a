#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "internal.h"

static std::mutex all_mutex;
static std::vector<FloraIsolate*> all;

constinit thread_local FloraIsolate* flora_current = nullptr;

// One system call per thread.
static uint64_t Thread() {
  static constinit thread_local uint64_t id = 0;
  if (id == 0) id = uint64_t(syscall(SYS_gettid));
  return id;
}

extern "C" void flora_mark(FloraIsolate* f, uint64_t* turn, uint64_t* verdict, uint64_t* held) {
  f->turn_mark = reinterpret_cast<std::atomic<uint64_t>*>(turn);
  f->verdict = reinterpret_cast<std::atomic<uint64_t>*>(verdict);
  f->held = reinterpret_cast<std::atomic<uint64_t>*>(held);
}

static int64_t Now(clockid_t clock) {
  timespec t{};
  if (clock_gettime(clock, &t) != 0) return -1;
  return int64_t(t.tv_sec) * 1000000000 + t.tv_nsec;
}

void flora_register(FloraIsolate* f) {
  std::lock_guard<std::mutex> lock(all_mutex);
  all.push_back(f);
}

void flora_unregister(FloraIsolate* f) {
  std::lock_guard<std::mutex> lock(all_mutex);
  all.erase(std::remove(all.begin(), all.end(), f), all.end());
}

TurnScope::TurnScope(FloraIsolate* f, int64_t limit_ns) : f_(f) {
  flora_current = f;
  if (f->turn_mark != nullptr) f->turn_mark->store(Thread() | uint64_t(++f->turns) << 32, std::memory_order_relaxed);
  std::lock_guard<std::mutex> lock(f->turn_mutex);
  f->stop = false;
  f->in_turn = true;
  f->limit_ns = limit_ns;
  pthread_getcpuclockid(pthread_self(), &f->clock);
  // The watchdog's first look reads the clock: most turns are over before it,
  // and the clock of a thread's CPU costs a system call.
  f->started_ns = -1;
}

TurnScope::~TurnScope() {
  bool stopped;
  {
    std::lock_guard<std::mutex> lock(f_->turn_mutex);
    f_->in_turn = false;
    stopped = f_->stop;
  }
  // Without this the isolate would stay terminated for good.
  if (stopped) f_->isolate->CancelTerminateExecution();
  if (f_->held != nullptr) f_->held->store(f_->allocator->budget().all(), std::memory_order_relaxed);
  if (f_->turn_mark != nullptr) f_->turn_mark->store(0, std::memory_order_release);
  flora_current = nullptr;
}

bool TurnScope::stopped() {
  std::lock_guard<std::mutex> lock(f_->turn_mutex);
  return f_->stop;
}

// The caller holds turn_mutex, so the turn cannot end meanwhile and the next
// one never sees this termination.
static void Stop(FloraIsolate* f, int64_t now) {
  if (f->stop) return;
  f->stop = true;
  f->stopped_ns = now;
  f->isolate->TerminateExecution();
}

extern "C" void flora_terminate(FloraIsolate* f) {
  std::lock_guard<std::mutex> lock(f->turn_mutex);
  if (f->in_turn) Stop(f, Now(f->clock));
}

extern "C" int flora_watch(int64_t stuck_cpu_ns, uintptr_t* stuck_handle) {
  std::lock_guard<std::mutex> lock(all_mutex);
  int running = 0;
  *stuck_handle = 0;
  for (FloraIsolate* f : all) {
    std::lock_guard<std::mutex> turn(f->turn_mutex);
    if (!f->in_turn) continue;
    running++;
    int64_t now = Now(f->clock);
    if (now < 0) continue;
    if (f->started_ns < 0) f->started_ns = now;
    if (now - f->started_ns > f->limit_ns / 2) flora_ask(f);
    if (now - f->started_ns > f->limit_ns) Stop(f, now);
    if (f->stop && now - f->stopped_ns > stuck_cpu_ns) {
      *stuck_handle = f->handle;
      flora_judge(f, kStuck);
    }
  }
  return running;
}
