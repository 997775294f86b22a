package cli

import (
	"io"

	"github.com/cli/browser"
)

// OpenBrowser opens an address in the browser of whoever runs the process.
func OpenBrowser(address string) error {
	// What browsers print is nothing of ours.
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	return browser.OpenURL(address)
}
