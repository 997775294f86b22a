// Command pack writes the npm package @flora/sdk into a folder, ready for
// npm pack.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	sdkpackage "github.com/flora-runtime/flora-runtime/sdk-bundle/testing"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: pack FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(dir string) error {
	files, err := sdkpackage.Files()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // What is in it is for everybody.
		return fmt.Errorf("make the package's folder: %w", err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil { //nolint:gosec // For everybody, too.
			return fmt.Errorf("write the package: %w", err)
		}
	}
	return nil
}
