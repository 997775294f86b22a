package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

func TestTheInsideStaysInside(t *testing.T) {
	t.Parallel()
	secret := errors.New("password hunter2")
	f := fault.From(fmt.Errorf("read: %w", secret))
	if f.Code != fault.Internal || f.Status() != 500 || errors.Is(f, secret) == false {
		t.Fatalf("got %+v", f)
	}
	if f.Message == "" || f.Message == f.Error() {
		t.Fatalf("the public text %q is the log's", f.Message)
	}
}

func TestAFaultIsFoundInside(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("deploy: %w", fault.New(fault.NotFound, "no %s", "guild").With("guild", "1"))
	f := fault.From(err)
	if !fault.Is(err, fault.NotFound) || fault.Is(err, fault.Conflict) || f.Message != "no guild" || f.Details["guild"] != "1" {
		t.Fatalf("got %+v", f)
	}
	if f.Status() != 404 || f.Class() != "Error" || f.ScriptCode() != "NOT_FOUND" {
		t.Fatalf("got %d %s %s", f.Status(), f.Class(), f.ScriptCode())
	}
}

func TestEveryCodeHasAStatusAndAClass(t *testing.T) {
	t.Parallel()
	for code, k := range fault.Kinds {
		if k.Status < 400 || k.Status > 599 || k.Class == "" {
			t.Errorf("%s: %+v", code, k)
		}
	}
	if got := fault.New("made up", "x").Status(); got != 500 {
		t.Errorf("an unknown code is %d", got)
	}
}
