package kv

import (
	"context"
	"errors"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// stateKey is there while an engine's data is not what a runtime may use.
var stateKey = []byte{tagState}

// What is below stateKey.
const (
	stateFilling = "filling" // It is being copied here.
	stateMoved   = "moved "  // It was copied to the engine that follows, and is used there.
)

// ErrElsewhere is in the error about data that is not to be used here.
var ErrElsewhere = errors.New("the key-value data is not to be used here")

// CheckState refuses data that is not to be used: it is half of a copy, or was
// moved elsewhere.
func CheckState(ctx context.Context, r Reader) error {
	state, err := r.Get(ctx, stateKey)
	if err != nil || state == nil {
		return err
	}
	if to, moved := strings.CutPrefix(string(state), stateMoved); moved {
		return fault.Wrap(ErrElsewhere, fault.Unavailable, "the key-value data here was moved: kv.engine must be %q; to move it back, run \"flora-runtime kv migrate\"", to)
	}
	return fault.Wrap(ErrElsewhere, fault.Unavailable, "the key-value data here is half of a copy that was cut off; run \"flora-runtime kv migrate\" again")
}
