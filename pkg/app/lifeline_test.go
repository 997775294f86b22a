package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
)

func TestPartsStopInTheOppositeOrder(t *testing.T) {
	t.Parallel()
	l := newLifeline(zap.NewNop())
	var stopped []string
	for _, name := range []string{"first", "second"} {
		l.run(name, func(ctx context.Context) error {
			<-ctx.Done()
			stopped = append(stopped, name)
			return ctx.Err()
		})
		l.release("what "+name+" needs", func() error {
			stopped = append(stopped, "what "+name+" needs")
			return nil
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.wait(ctx); err != nil {
		t.Fatal(err)
	}
	if err := l.stop(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"what second needs", "second", "what first needs", "first"}; !slices.Equal(stopped, want) {
		t.Fatalf("got %q, want %q", stopped, want)
	}
}

func TestAPartThatEndsEndsTheProcess(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err  error
		want string
	}{
		"with an error": {errors.New("broken"), "gateway: broken"},
		"quietly":       {nil, "gateway: it ended by itself"},
	} {
		l := newLifeline(zap.NewNop())
		l.run("gateway", func(context.Context) error { return row.err })
		if err := l.wait(t.Context()); err == nil || err.Error() != row.want {
			t.Errorf("%s: got %v, want %s", name, err, row.want)
		}
		if err := l.stop(); err != nil {
			t.Error(err)
		}
	}
}

func TestAPartThatHangsIsNamed(t *testing.T) {
	t.Parallel()
	l := newLifeline(zap.NewNop())
	l.limit = 10 * time.Millisecond
	hang := make(chan struct{})
	defer close(hang)
	l.run("stuck", func(context.Context) error { <-hang; return nil })
	if err := l.stop(); err == nil || !strings.Contains(err.Error(), "stuck did not stop") {
		t.Fatalf("got %v", err)
	}
}
