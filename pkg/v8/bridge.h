// The C face of bridge.cc and its siblings: what Go may ask of V8.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct FloraIsolate FloraIsolate;

typedef struct {
  const char* data;
  int len;
  char* err;  // malloc'd, NULL when the snapshot was made.
} FloraBlob;

// How a turn ended.
enum {
  FLORA_OK = 0,
  FLORA_TERMINATED = 1,     // Stopped by flora_terminate or the CPU limit.
  FLORA_OUT_OF_MEMORY = 2,  // Stopped near the heap limit; the isolate must go.
  FLORA_THREW = 3,          // An exception; see the error text.
  FLORA_NO_ROOM = 4,        // It did not begin: its bytes do not fit.
};

// What a turn leaves behind.
typedef struct {
  char* err;        // malloc'd, with FLORA_THREW.
  double culprit;   // With FLORA_TERMINATED: whose code was stopped, as natives see it.
  size_t heap;      // With FLORA_OUT_OF_MEMORY: bytes of JavaScript heap,
  size_t buffers;   // of buffers,
  size_t native;    // and of C++, most of it behind objects of Intl.
  uint32_t unkept;  // Rejections without a handler that were too many to tell of.
  uint32_t refused; // Not 0 when there was no memory for a buffer.
} FloraOutcome;

// What a native call answers.
enum { FLORA_UNDEFINED = 0, FLORA_NUMBER = 1, FLORA_STRING = 2, FLORA_TYPE_ERROR = 3, FLORA_RANGE_ERROR = 4, FLORA_ERROR = 5 };

typedef struct {
  int kind;
  double number;
  char* text;  // malloc'd by Go, freed by the bridge.
  size_t len;
} FloraResult;

typedef struct {
  size_t heap_used;
  size_t heap_limit;
  size_t array_buffers;
  size_t external;
  size_t native;  // Allocated by C++ in turns, most of it behind objects of Intl.
} FloraStats;

// Takes V8's entropy from getrandom(2). Once, before the first isolate: V8's
// own source is /dev/urandom, opened seven times for each isolate, and a
// sandbox may have no files.
void flora_entropy(void);

typedef struct FloraSource FloraSource;

// The ASCII text that a snapshot is made of. Snapshots do not contain it, and no
// isolate copies it: whoever makes isolates from one brings the same text along.
// Neither the text nor what is made here may ever be freed.
const FloraSource* flora_source(const char* text, size_t len);

// Runs the source and makes the snapshot.
FloraBlob flora_snapshot(const FloraSource* source);

// Makes an isolate and its context from the blob, which must outlive it, and
// from its source. Texts of more than text_limit characters, and as many bytes,
// are not given to natives.
FloraIsolate* flora_new(const char* blob, int blob_len, const FloraSource* source, size_t memory_limit, size_t text_limit, uintptr_t handle);
void flora_dispose(FloraIsolate* f);

// Gives the isolate words to write: turn while a turn runs, verdict when the
// process dies by it. They must outlive the isolate.
void flora_mark(FloraIsolate* f, uint64_t* turn, uint64_t* verdict, uint64_t* held);

// Has the culprit of a crash marked from now on. Once, after V8 and the Go
// runtime have started.
void flora_crash(void);

// V8's version.
const char* flora_version(void);

// Calls the snapshot's __floraBoot(natives, info) and keeps what it returns.
// names are n native names separated by '\n'. err is malloc'd.
int flora_boot(FloraIsolate* f, const char* names, size_t names_len, const char* info, size_t info_len, char** err);

// Compiles, links and evaluates an ES module, then enters with kind and the
// evaluation's promise.
int flora_load(FloraIsolate* f, const char* name, size_t name_len, const char* source, size_t source_len, int kind, double id,
               int64_t cpu_limit_ns, FloraOutcome* out);

// One turn: entry(kind, id, a, b, raw), then all microtasks. raw is a Uint8Array
// of its own when raw is not NULL. FLORA_NO_ROOM is that the isolate has no room
// for it: nothing was called.
int flora_turn(FloraIsolate* f, int kind, double id, double context, const char* a, size_t a_len, const char* b, size_t b_len,
               const char* raw, size_t raw_len, int64_t cpu_limit_ns, FloraOutcome* out);

// Stops the running turn, if any. Any thread.
void flora_terminate(FloraIsolate* f);

// flora_terminate, and no other turn begins. Any thread.
void flora_stop(FloraIsolate* f);

void flora_stats(FloraIsolate* f, FloraStats* out);

// Looks at every isolate with a running turn: terminates those over their CPU
// limit. Returns the number of running turns; *stuck_handle gets the handle of
// one that has not come back stuck_cpu_ns after it was told to stop, or 0.
int flora_watch(int64_t stuck_cpu_ns, uintptr_t* stuck_handle);

#ifdef __cplusplus
}
#endif
