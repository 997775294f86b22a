package wpt_test

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/test/wpt"
)

// patience is CPU time that only a test that hangs uses up, and the time of a
// file: testharness.js ends each of its tests before. longPatience is that of a
// file which says that it is long.
const (
	patience     = 18 * time.Second
	longPatience = 90 * time.Second
)

// play runs one file in an isolate of its own.
func play(t *testing.T, f wpt.File) []wpt.Result {
	t.Helper()
	script, err := f.Script()
	if err != nil {
		return []wpt.Result{{Name: "(harness)", Status: "FAIL", Message: err.Error()}}
	}
	wall := patience
	if f.Long {
		wall = longPatience
	}
	r, failure := isolatetest.TryLoad(t, script, isolatetest.Options{Limits: isolate.Limits{TurnCPU: wall, LoadCPU: wall, CryptoCPU: 10 * time.Minute}})
	if failure == nil {
		failure = r.SettleWithin(r.BeginFor("run", "{}", wall), wall+patience)
	}
	var lines []string
	for _, l := range r.Logs() {
		lines = append(lines, l.Text)
	}
	results, err := wpt.Results(lines)
	if err != nil {
		t.Fatal(err)
	}
	if failure != nil {
		results = append(results, wpt.Result{Name: "(harness)", Status: "TIMEOUT", Message: failure.Text})
	}
	return results
}

// TestOwn runs what is ported from the specifications.
func TestOwn(t *testing.T) {
	t.Parallel()
	expected, err := wpt.ReadExpectations("expectations.txt")
	if err != nil {
		t.Fatal(err)
	}
	files, err := wpt.Find(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("only %d files were found", len(files))
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(f.Path, ".any.js"), func(t *testing.T) {
			t.Parallel()
			results := play(t, f)
			if len(results) == 0 {
				t.Fatal("it ran no test")
			}
			for _, wrong := range expected.Wrong(f.Path, results) {
				t.Error(wrong)
			}
		})
	}
}

// TestSuite runs the real suite: FLORA_WPT is its folder, FLORA_WPT_ONLY names
// folders or files in it, and FLORA_WPT_EXPECTATIONS is the file to compare
// with [suite.txt]. Without it what is here of one area takes the same way.
func TestSuite(t *testing.T) {
	folder, name, only := ".", "expectations.txt", []string{"console"}
	if suite := os.Getenv("FLORA_WPT"); suite != "" {
		folder, name, only = suite, "suite.txt", strings.Fields(os.Getenv("FLORA_WPT_ONLY"))
	} else {
		t.Log("NOT RUN: the real suite; FLORA_WPT does not say where it is")
	}
	name = cmp.Or(os.Getenv("FLORA_WPT_EXPECTATIONS"), name)
	expected, err := wpt.ReadExpectations(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(only) == 0 {
		only = wpt.Areas(folder)
	}
	files, err := wpt.Find(folder, only...)
	if err != nil {
		t.Fatal(err)
	}
	var all, passed int
	c := &children{folder: folder}
	defer c.stop()
	for _, f := range files {
		if expected.Skips(f.Path) {
			continue
		}
		t.Run(f.Path, func(t *testing.T) {
			results, err := c.play(f.Path)
			if err != nil {
				t.Error(err)
			}
			for _, r := range results {
				all++
				if r.Status == "PASS" {
					passed++
				}
			}
			for _, wrong := range expected.Wrong(f.Path, results) {
				t.Error(wrong)
			}
		})
	}
	t.Logf("%d files, %d of %d subtests passed", len(files), passed, all)
	if all == 0 {
		t.Fatalf("no test was found below %s", filepath.Join(folder, strings.Join(only, " ")))
	}
}
