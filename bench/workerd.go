package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/bench/internal/procfs"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
)

// workerd is a running workerd with a number of workers, each of which holds
// the SDK and the bot in an isolate of its own, behind one that routes to them.
type workerd struct {
	*process
	address string
	client  *http.Client
	started time.Duration // From the start of the process to its first answer.
}

const workerdDate = "2025-05-05"

// workerSource is the SDK, booted with natives that do nothing, the bot, and
// the least that workerd wants.
func workerSource() (string, error) {
	source, err := sdk()
	if err != nil {
		return "", err
	}
	ops, err := opNames()
	if err != nil {
		return "", err
	}
	boot, err := stockBoot(ops)
	if err != nil {
		return "", err
	}
	// The SDK has a Response of its own.
	return "const Answer = Response;\n" + source + boot + bot + "\nexport default { fetch() { return new Answer(\"ok\"); } };\n", nil
}

const routerSource = `export default {
	fetch(request, env) {
		const name = new URL(request.url).pathname.slice(1);
		return name === "" ? new Response("ok") : env[name].fetch(request);
	},
};
`

// workerdConfig is workerd's configuration for n workers.
func workerdConfig(n int, address string) string {
	var services, bindings strings.Builder
	for i := range n {
		fmt.Fprintf(&services, "  (name = \"w%d\", worker = .guild),\n", i)
		fmt.Fprintf(&bindings, "    (name = \"w%d\", service = \"w%d\"),\n", i, i)
	}
	return fmt.Sprintf(`using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
 services = [
  (name = "router", worker = .router),
%s ],
 sockets = [(name = "http", address = %q, http = (), service = "router")],
);

const guild :Workerd.Worker = (
  modules = [(name = "guild.js", esModule = embed "guild.js")],
  compatibilityDate = %q,
);

const router :Workerd.Worker = (
  modules = [(name = "router.js", esModule = embed "router.js")],
  compatibilityDate = %q,
  bindings = [
%s  ],
);
`, services.String(), address, workerdDate, workerdDate, bindings.String())
}

// startWorkerd writes the configuration and waits until the router answers.
func (b *bench) startWorkerd(ctx context.Context, n int) (*workerd, error) {
	source, err := workerSource()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(b.tmp, "workerd")
	if err != nil {
		return nil, fmt.Errorf("make a folder for workerd: %w", err)
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"guild.js": source, "router.js": routerSource, "config.capnp": workerdConfig(n, address)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("configure workerd: %w", err)
		}
	}
	w := &workerd{address: address, client: &http.Client{Timeout: readyLimit}}
	began := time.Now()
	if w.process, err = start(command(ctx, filepath.Join(b.peerDir, workerdBinary), "serve", filepath.Join(dir, "config.capnp"))); err != nil {
		return nil, err
	}
	if err := w.wait(ctx, began); err != nil {
		w.stop()
		return nil, err
	}
	return w, nil
}

// freeAddress finds a port that nobody uses.
func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

func (w *workerd) wait(ctx context.Context, began time.Time) error {
	for tick := time.NewTicker(time.Millisecond); ; {
		if _, err := w.get(ctx, ""); err == nil {
			w.started = time.Since(began)
			tick.Stop()
			return nil
		}
		select {
		case <-tick.C:
		case <-w.ended:
			return w.failure(fmt.Errorf("it ended before it was ready: %w", w.err))
		case <-ctx.Done():
			return w.failure(ctx.Err())
		}
		if time.Since(began) > readyLimit {
			return w.failure(fmt.Errorf("it was not ready within %s", readyLimit))
		}
	}
}

// get asks a worker, or with "" the router itself, and says how long that took.
func (w *workerd) get(ctx context.Context, name string) (time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.address+"/"+name, nil)
	if err != nil {
		return 0, fmt.Errorf("ask workerd: %w", err)
	}
	began := time.Now()
	answer, err := w.client.Do(r)
	if err != nil {
		return 0, fmt.Errorf("ask workerd: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || string(text) != "ok" || answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("workerd answered %s %q: %w", answer.Status, text, err)
	}
	return time.Since(began), nil
}

// touch asks every worker once.
func (w *workerd) touch(ctx context.Context, n int) (samples []float64, err error) {
	for i := range n {
		took, err := w.get(ctx, "w"+strconv.Itoa(i))
		if err != nil {
			return nil, err
		}
		samples = append(samples, stats.Milliseconds(took))
	}
	return samples, nil
}

// workerdCold is how long workerd takes to make an isolate with the SDK and the
// bot. It makes them all when it starts, so that is the start with n workers
// less the start without any, per worker, and what their first answer takes
// longer than a later one.
func (b *bench) workerdCold(ctx context.Context) (stats.Summary, error) {
	if err := b.install(ctx); err != nil {
		return stats.Summary{}, err
	}
	n := b.plan.workerdIsolates
	var started, first []float64
	for range b.plan.workerdRounds {
		none, err := b.startWorkerd(ctx, 0)
		if err != nil {
			return stats.Summary{}, err
		}
		none.stop()
		w, err := b.startWorkerd(ctx, n)
		if err != nil {
			return stats.Summary{}, err
		}
		cold, err := w.touch(ctx, n)
		if err == nil {
			var warm []float64
			warm, err = w.touch(ctx, n)
			first = append(first, stats.Of(cold).Median-stats.Of(warm).Median)
		}
		w.stop()
		if err != nil {
			return stats.Summary{}, err
		}
		started = append(started, stats.Milliseconds(w.started-none.started)/float64(n))
	}
	return stats.Of(started).Plus(stats.Of(first)), nil
}

// workerdMemory is the memory of one of n isolates that have answered once.
func (b *bench) workerdMemory(ctx context.Context, n int) (perIsolate float64, err error) {
	if err := b.install(ctx); err != nil {
		return 0, err
	}
	used := map[int]procfs.Memory{}
	for _, n := range []int{0, n} {
		w, err := b.startWorkerd(ctx, n)
		if err != nil {
			return 0, err
		}
		if _, err = w.touch(ctx, n); err == nil {
			used[n], err = settled(ctx, func() (procfs.Memory, error) { return procfs.Default.TreeMemory(w.pid()) })
		}
		w.stop()
		if err != nil {
			return 0, err
		}
	}
	return megabytes(used[n].PSS-used[0].PSS) / float64(n), nil
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }
