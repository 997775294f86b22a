//go:build !nativeprobe

package worker

import (
	"fmt"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
)

// extra is for frames that only builds for tests know.
func (w *Worker) extra(frame any) error {
	return fmt.Errorf("control sent an unexpected %T", frame)
}

func observed(h *host) isolate.Host { return h }
