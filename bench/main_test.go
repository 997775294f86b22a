package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		args []string
		want []string
		err  string
	}{
		"none means all":           {nil, []string{"cold", "memory", "ops", "kv", "fetch", "parts", "fairness", "dev", "fleet", "load", "core", "handover", "peers"}, ""},
		"some, in the table's way": {[]string{"ops", "cold"}, []string{"cold", "ops"}, ""},
		"twice the same":           {[]string{"ops", "ops"}, []string{"ops"}, ""},
		"an unknown one":           {[]string{"ops", "warm"}, nil, `no rows "warm"; the names are cold, memory, ops, kv, fetch, parts, fairness, dev, fleet, load, core, handover, peers`},
	} {
		found, err := choose(row.args)
		if row.err != "" {
			if err == nil || !strings.Contains(err.Error(), row.err) {
				t.Errorf("%s: got error %v, want %q", name, err, row.err)
			}
			continue
		}
		var got []string
		for _, g := range found {
			got = append(got, g.name)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestBadArguments(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		args []string
		err  string
	}{
		"an unknown flag":       {[]string{"-fast"}, "-fast"},
		"no binary":             {[]string{"-runtime", "/no/such/file"}, "make build makes it"},
		"a child of nobody":     {[]string{"child"}, "started by the benchmark itself"},
		"a child without a job": {[]string{"child", "dance", "true"}, "started by the benchmark itself"},
		"a child without a bit": {[]string{"child", "cold/ours", "perhaps"}, "JIT"},
		"a child, not a number": {[]string{"child", "cold/ours", "true", "many"}, "numbers"},
	} {
		if err := run(t.Context(), row.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), row.err) {
			t.Errorf("%s: got error %v, want %q", name, err, row.err)
		}
	}
}

func TestCountFor(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		rate float64
		d    time.Duration
		most int
		want int
	}{
		"as long as asked":  {10_000, 3 * time.Second, maxCount, 30_000},
		"never too few":     {10, time.Second, maxCount, firstCount},
		"grows in steps":    {1e6, time.Second, 10_000, 10_000},
		"never without end": {1e9, time.Hour, 1 << 40, maxCount},
	} {
		if got := countFor(row.rate, row.d, row.most); got != row.want {
			t.Errorf("%s: got %d, want %d", name, got, row.want)
		}
	}
}

func TestOpsPerSecond(t *testing.T) {
	t.Parallel()
	const said = "_elapsed____ops/sec___mb/sec__p50(ms)\n      1s     7638.6      1.9      1.8\n\n" +
		"_elapsed___ops(total)_ops/sec(cum)_mb/sec(cum)__avg(ms)\n    1.5s        22012       4321.5         3.3      3.9\n\n"
	if got, err := opsPerSecond(said); err != nil || got != 4321.5 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := opsPerSecond("nothing\n"); err == nil {
		t.Error("nothing was taken for a result")
	}
}

func TestWorkerdConfig(t *testing.T) {
	t.Parallel()
	got := workerdConfig(2, "127.0.0.1:1")
	for _, want := range []string{
		`(name = "w0", worker = .guild),`, `(name = "w1", worker = .guild),`, `(name = "w1", service = "w1"),`, `address = "127.0.0.1:1"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the configuration lacks %s:\n%s", want, got)
		}
	}
	if strings.Contains(got, `"w2"`) {
		t.Error("there are more workers than asked for")
	}
}

// TestEngines runs what the jobs of children are made of: the real SDK and the
// bot, our way. Stock isolates cannot follow in the same process.
func TestEngines(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), []string{"child", "cold/ours", "false", "2"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), ","); !strings.HasPrefix(out.String(), `{"loaded":[`) || got != 1 {
		t.Errorf("got %s, want two times", out.String())
	}
}

func TestTrailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	var tr trail
	for range 3 {
		if _, err := tr.Write([]byte(strings.Repeat("x", trailBytes))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tr.Write([]byte(" the end\n")); err != nil {
		t.Fatal(err)
	}
	if got := tr.String(); len(got) > trailBytes || !strings.HasSuffix(got, "x the end") {
		t.Errorf("got %d bytes that end in %q", len(got), got[max(0, len(got)-20):])
	}
}
