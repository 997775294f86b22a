// Package fetch holds what is to be seen of fetch from outside: a real worker
// process, whose memory is the kernel's to tell.
package fetch

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/egress/egresstest"
	"github.com/flora-runtime/flora-runtime/test/fetchrig"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var runtime string

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &runtime)) }

const (
	patience = 10 * time.Minute
	mib      = 1 << 20
)

const script = `
on("down", async () => {
	const answer = await fetch("http://big.example/");
	let size = 0, chunks = 0;
	for await (const chunk of answer.body) { size += chunk.length; chunks++; }
	console.log("down " + size + " in " + chunks + " chunks");
});
on("up", async () => {
	const size = Number(await (await fetch("http://big.example/size")).text()), chunk = new Uint8Array(100_000).fill(7);
	let left = size;
	const body = new ReadableStream({
		pull(c) {
			if (left === 0) return c.close();
			const n = Math.min(left, chunk.length);
			left -= n;
			c.enqueue(chunk.slice(0, n));
		},
	});
	const answer = await fetch("http://big.example/", { method: "POST", body, duplex: "half" });
	console.log("up " + (await answer.text()));
});
on("small", async () => { for (let i = 0; i < 200; i++) await (await fetch("http://big.example/size")).text(); });
`

// resident is what a process has in memory.
func resident(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// workers are the processes that this one started.
func workers(t *testing.T) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, e := range entries {
		more, err := os.ReadFile("/proc/self/task/" + e.Name() + "/children")
		if err == nil {
			all += " " + string(more)
		}
	}
	var out []int
	for f := range strings.FieldsSeq(all) {
		if pid, err := strconv.Atoi(f); err == nil && rig.IsWorker(pid) {
			out = append(out, pid)
		}
	}
	return out
}

// TestMemoryStaysFlat streams more than a script may keep through it, both ways.
func TestMemoryStaysFlat(t *testing.T) { //nolint:paralleltest // It measures this process, too.
	size := int64(rig.Soak(96, 1024)) * mib
	net := egresstest.New()
	net.Serve(t, "93.184.216.34:80", "big.example", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			n, _ := io.Copy(io.Discard, r.Body)
			_, _ = fmt.Fprint(w, n)
		case r.URL.Path == "/size":
			_, _ = fmt.Fprint(w, size)
		default:
			block := make([]byte, 64<<10)
			for left := size; left > 0; left -= int64(len(block)) {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}
	}))
	limits := egress.DefaultLimits()
	limits.BytesAtOnce, limits.BytesPerMinute = 1<<40, 1<<40
	r, err := fetchrig.Start(filepath.Join(runtime, "flora-runtime"), script, egress.Config{Limits: limits, Resolver: net, Dial: net.Dial})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	do := func(event string) {
		t.Helper()
		if err := r.Dispatch(ctx, event); err != nil {
			t.Fatalf("%s: %v", event, err)
		}
	}
	do("small")
	pids := workers(t)
	if len(pids) != 1 {
		t.Fatalf("the workers are %v", pids)
	}
	watched := map[string]int{"control": os.Getpid(), "worker": pids[0]}
	before, peak := map[string]int64{}, map[string]*atomic.Int64{}
	for name, pid := range watched {
		before[name], peak[name] = resident(pid), &atomic.Int64{}
	}
	watching, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for watching.Err() == nil {
			for name, pid := range watched {
				peak[name].Store(max(peak[name].Load(), resident(pid)))
			}
			select {
			case <-time.After(20 * time.Millisecond):
			case <-watching.Done():
			}
		}
	}()
	for event, want := range map[string]string{"down": fmt.Sprintf("down %d in ", size), "up": fmt.Sprintf("up %d", size)} {
		begun := time.Now()
		do(event)
		took := time.Since(begun)
		line := <-r.Lines
		if !strings.HasPrefix(line, want) {
			t.Errorf("got %q, want %q", line, want)
		}
		t.Logf("%s: %s, %.0f MiB/s", event, line, float64(size)/mib/took.Seconds())
	}
	stop()
	<-ended
	for name := range watched {
		grown := peak[name].Load() - before[name]
		t.Logf("%s: %d MiB before, %d MiB at most", name, before[name]/mib, peak[name].Load()/mib)
		if grown > 64*mib {
			t.Errorf("%s grew by %d MiB while %d MiB went through", name, grown/mib, size/mib)
		}
	}
}
