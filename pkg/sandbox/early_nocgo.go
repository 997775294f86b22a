//go:build !cgo

package sandbox

// early is empty: without C nothing runs before the first thread.
func early() before { return before{} }
