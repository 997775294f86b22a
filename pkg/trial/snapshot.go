package trial

import (
	"fmt"

	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"
	sdkpackage "github.com/flora-runtime/flora-runtime/sdk-bundle/testing"

	"github.com/flora-runtime/flora-runtime/pkg/v8"
	"github.com/flora-runtime/flora-runtime/pkg/worker"
)

// Snapshot makes what the isolates of tests start from, and of the scripts that
// they test: the SDK, whose clock is the host's, and the library for tests. One
// isolate finds the one or the other when it is booted; a script finds nothing
// that it has not anywhere.
func Snapshot() (*v8.Blob, error) {
	sdk, err := sdkbundle.Bundle()
	if err != nil {
		return nil, fmt.Errorf("bundle the SDK: %w", err)
	}
	source, err := sdkpackage.IsolateSource(sdk)
	if err != nil {
		return nil, fmt.Errorf("bundle the library for tests: %w", err)
	}
	return worker.Inside(source, false)
}
