// Command container reads the project's container files with the parsers of
// those who run them, so that tests see what BuildKit and Compose would see. It
// prints what the last stage of a Dockerfile says, as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "container:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one argument, the path of a Dockerfile")
	}
	image, err := Read(args[0])
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(image)
}
