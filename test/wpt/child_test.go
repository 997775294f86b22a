package wpt_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/test/wpt"
)

// asChild makes the test binary a child that plays files which it is told of,
// one by one: a file that ends V8, and the process with it, ends no other.
const asChild = "FLORA_TEST_WPT_CHILD"

// longest is how long a file may take, whatever its tests do.
const longest = 2 * time.Minute

// task is what a child is told of a file; its answer is the results.
type task struct {
	Folder, Path string
}

// TestChild is the child; otherwise it has one play a file, which gives what it
// gives in this process.
func TestChild(t *testing.T) {
	if os.Getenv(asChild) == "" {
		const path = "console/values.any.js"
		f, err := wpt.One(".", path)
		if err != nil {
			t.Fatal(err)
		}
		c := &children{folder: "."}
		defer c.stop()
		got, err := c.play(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(play(t, f), got); diff != "" || len(got) == 0 {
			t.Errorf("a child gives %d results (-here +child):\n%s", len(got), diff)
		}
		return
	}
	tasks := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.NewFile(3, "answers"))
	for tasks.Scan() {
		var one task
		if err := json.Unmarshal(tasks.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		var results []wpt.Result
		t.Run(one.Path, func(t *testing.T) {
			f, err := wpt.One(one.Folder, one.Path)
			if err != nil {
				t.Fatal(err)
			}
			results = play(t, f)
		})
		if err := answers.Encode(results); err != nil {
			t.Fatal(err)
		}
	}
}

// children plays files in a child, and in a new one after each that is lost.
type children struct {
	folder  string
	cmd     *exec.Cmd
	tasks   io.WriteCloser
	answers *json.Decoder
	read    *os.File
	cancel  context.CancelFunc
	output  *tail
}

// tail keeps the end of what is written.
type tail struct{ text []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-500):]
	return len(b), nil
}

func (c *children) start() error {
	ctx, cancel := context.WithCancel(context.Background())
	read, write, err := os.Pipe()
	if err != nil {
		cancel()
		return err
	}
	defer func() { _ = write.Close() }()
	c.output = &tail{}
	c.cmd = exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChild$", "-test.timeout=0")
	c.cmd.Env = append(os.Environ(), asChild+"=1")
	c.cmd.Stdout, c.cmd.Stderr = c.output, c.output
	c.cmd.ExtraFiles = []*os.File{write}
	c.tasks, err = c.cmd.StdinPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		cancel()
		_ = read.Close()
		return fmt.Errorf("start a child: %w", err)
	}
	c.cancel, c.read, c.answers = cancel, read, json.NewDecoder(read)
	return nil
}

func (c *children) stop() {
	if c.cmd == nil {
		return
	}
	_ = c.tasks.Close()
	c.cancel()
	_ = c.cmd.Wait()
	_ = c.read.Close()
	c.cmd = nil
}

// play gives the results of a file, of which a lost child is one.
func (c *children) play(path string) ([]wpt.Result, error) {
	if c.cmd == nil {
		if err := c.start(); err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(task{c.folder, path})
	if err != nil {
		return nil, err
	}
	late := time.AfterFunc(longest, c.cancel)
	defer late.Stop()
	var results []wpt.Result
	_, err = c.tasks.Write(append(text, '\n'))
	if err == nil {
		err = c.answers.Decode(&results)
	}
	if err == nil {
		return results, nil
	}
	c.stop()
	if !late.Stop() {
		return []wpt.Result{{Name: "(harness)", Status: "TIMEOUT", Message: fmt.Sprintf("it was ended after %s", longest)}}, nil
	}
	return []wpt.Result{{Name: "(harness)", Status: "CRASH", Message: fmt.Sprintf("the isolate's process ended: %v: %s", err, c.output.text)}}, nil
}

// A child that is lost is the result of one file, and the next is played.
func TestCrashesAreKeptApart(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(folder+"/fine.any.js", []byte(`test(() => {}, "fine");`), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &children{folder: folder}
	defer c.stop()
	for i, status := range []string{"PASS", "CRASH", "PASS"} {
		if status == "CRASH" {
			if err := c.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		got, err := c.play("fine.any.js")
		if err != nil || len(got) != 1 || got[0].Status != status {
			t.Errorf("%d: %v %v, want %s", i, got, err, status)
		}
	}
}
