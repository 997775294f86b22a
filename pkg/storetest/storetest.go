// Package storetest is the frame of the suites of tests that every
// implementation of a store runs.
package storetest

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// Row is one test of a suite.
type Row[S any] struct {
	Name string
	Test func(s S)
}

// Run runs the rows at the same time, each on what open makes for it.
func Run[S any](t *testing.T, open func(f Frame) S, rows ...Row[S]) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			row.Test(open(Frame{T: t, Ctx: t.Context()}))
		})
	}
}

// Frame is what the tests of a suite have beside their store.
type Frame struct {
	T   *testing.T
	Ctx context.Context //nolint:containedctx // The test's.
}

// Must ends the test with the error, if there is one.
func (f Frame) Must(err error) {
	f.T.Helper()
	if err != nil {
		f.T.Fatal(err)
	}
}

// Same compares what there is with what there should be.
func (f Frame) Same(what string, got, want any, options ...cmp.Option) {
	f.T.Helper()
	if diff := cmp.Diff(got, want, options...); diff != "" {
		f.T.Errorf("%s (-got +want):\n%.3000s", what, diff)
	}
}

// NotFound wants the error of what is not there.
func (f Frame) NotFound(what string, err error) {
	f.T.Helper()
	if !fault.Is(err, fault.NotFound) {
		f.T.Errorf("%s: error is %v, want one of %s", what, err, fault.NotFound)
	}
}
