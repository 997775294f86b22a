//go:build nativeprobe

package worker

import (
	"fmt"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/nativeprobe"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

func (w *Worker) extra(frame any) error {
	a, ok := frame.(wire.Attack)
	if !ok {
		return fmt.Errorf("control sent an unexpected %T", frame)
	}
	do := nativeprobe.Here
	if a.Thread == "later" {
		do = nativeprobe.Later
	}
	return w.tell(a.Name, do)
}

func (w *Worker) tell(name string, do func(string) (int64, int)) error {
	result, errno := do(name)
	return w.conn.Send(wire.Outcome{Name: name, Result: result, Errno: errno})
}

// observed makes a log line of a script an attack from the thread that is
// inside V8.
func observed(h *host) isolate.Host { return &attacker{h} }

type attacker struct{ *host }

func (a *attacker) Log(level isolate.Level, text string) {
	switch text {
	case "nativeprobe: fault":
		nativeprobe.Fault()
	case "nativeprobe: deafen":
		nativeprobe.Deafen()
	}
	if name, ok := strings.CutPrefix(text, "nativeprobe "); ok {
		_ = a.worker.tell(name, nativeprobe.Here)
		return
	}
	a.host.Log(level, text)
}
