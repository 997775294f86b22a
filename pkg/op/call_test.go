package op_test

import (
	"context"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/op"
)

type life struct{}

// TestDefineCall: an op may have bytes beside its arguments, and leave something
// behind for as long as its script lives.
func TestDefineCall(t *testing.T) {
	t.Parallel()
	o := op.DefineCall("op_x", op.Self, func(_ context.Context, c op.Call, a checked) (any, error) {
		return op.WithBytes{Result: []any{a.N, c.Life.Value(life{})}, Bytes: append(c.Raw, 0xff)}, nil
	})
	got, err := o.Handler(context.Background(), op.Call{Args: []byte(`{"n":4}`), Raw: []byte{1}, Life: context.WithValue(t.Context(), life{}, "script")})
	with, ok := got.(op.WithBytes)
	if err != nil || !ok || string(with.Bytes) != "\x01\xff" {
		t.Fatalf("got %v, %v", got, err)
	}
	if list, ok := with.Result.([]any); !ok || list[0] != 4 || list[1] != "script" {
		t.Errorf("got %v", with.Result)
	}
	for name, c := range map[string]op.Call{
		"it was not validated":     {Args: []byte(`{"n":10}`)},
		"more bytes than it takes": {Args: []byte(`{"n":1}`), Raw: make([]byte, op.MaxArgs+1), Life: t.Context()},
	} {
		if _, err := o.Handler(t.Context(), c); err == nil {
			t.Error(name)
		}
	}
}
