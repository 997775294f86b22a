package project

import (
	"bytes"
	"fmt"
	"os"
)

// A parser that runs out of stack ends the process, and nothing can be said any
// more. Brackets that are open at once are counted without a look at what they
// are in: no source has a hundredth of these.
const (
	maxOpen   = 20_000
	deepBytes = maxOpen // A smaller file cannot have as many.
)

// nesting refuses a file that no parser should be given. What cannot be read is
// esbuild's to tell.
func nesting(file string) error {
	info, err := os.Stat(file)
	if err != nil || info.Size() <= deepBytes {
		return nil //nolint:nilerr // See above.
	}
	b, err := os.ReadFile(file) //nolint:gosec // It is part of the author's project.
	if err != nil {
		return nil //nolint:nilerr // See above.
	}
	return shallow(b)
}

// shallow refuses a text that no parser should be given.
func shallow(b []byte) error {
	open := 0
	for {
		i := bytes.IndexAny(b, "([{)]}")
		if i < 0 {
			return nil
		}
		if c := b[i]; c == '(' || c == '[' || c == '{' {
			open++
		} else {
			open = max(open-1, 0)
		}
		if open > maxOpen {
			return fmt.Errorf("it nests too deeply: more than %d brackets are open at once", maxOpen)
		}
		b = b[i+1:]
	}
}
