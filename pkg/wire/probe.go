//go:build nativeprobe

package wire

// Of a build for tests only: what a process that scripts have taken over might
// try, and how the kernel answered.
type (
	// Attack asks for one system call.
	Attack struct {
		_      struct{} `cbor:",toarray"`
		Name   string
		Thread string // "go" or "later".
	}
	// Outcome answers it.
	Outcome struct {
		_      struct{} `cbor:",toarray"`
		Name   string
		Result int64
		Errno  int
	}
)

func init() {
	register(240, Attack{})
	register(241, Outcome{})
}
