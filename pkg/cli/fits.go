package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/project"
)

// limits are those of the server that a deploy meets. A member that the server
// does not tell is 0 and bounds nothing.
type limits struct {
	known   bool
	Scripts struct {
		BundleBytes int  `json:"bundle_bytes"`
		WebAssembly *int `json:"webassembly"`
	} `json:"scripts"`
	Deployments struct {
		BodyBytes   int `json:"body_bytes"`
		StoredFiles int `json:"stored_files"`
		StoredBytes int `json:"stored_files_bytes"`
	} `json:"deployments"`
}

// limitsOf asks for them. A server without that route has its own say later.
func limitsOf(ctx context.Context, api *client.Client) (limits, error) {
	var l limits
	groups, err := api.Limits(ctx)
	if e, ok := errors.AsType[*client.Error](err); ok && e.Status == http.StatusNotFound {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	for name, into := range map[string]any{"scripts": &l.Scripts, "deployments": &l.Deployments} {
		if raw, ok := groups[name]; ok {
			if err := json.Unmarshal(raw, into); err != nil {
				return l, fmt.Errorf("the server's limits cannot be read: %w", err)
			}
			l.known = true
		}
	}
	return l, nil
}

// webAssembly reports whether scripts have it, as far as the server tells.
func (l limits) webAssembly() bool {
	return l.Scripts.WebAssembly == nil || *l.Scripts.WebAssembly != 0
}

// check says what is over a limit, and what would help.
func (l limits) check(m script) error {
	over := func(n, most int) bool { return most > 0 && n > most }
	bundle := len(*m.request.Bundle)
	if over(bundle, l.Scripts.BundleBytes) {
		hint := ""
		if len(m.sizes) > 0 {
			hint = "; the largest parts are:\n" + parts(m.sizes) + "\nImport less of them, or smaller packages"
		}
		return coded(Limit, "the bundle has %s, the server takes %s%s", bytesText(bundle), bytesText(l.Scripts.BundleBytes), hint)
	}
	files, stored := len(m.request.Files), 0
	for _, f := range m.request.Files {
		stored += len(f.Contents)
	}
	const less = "name a smaller --root, or list what is no source in .gitignore"
	if over(files, l.Deployments.StoredFiles) {
		return coded(Limit, "there are %d sources to keep beside the bundle, the server takes %d; %s", files, l.Deployments.StoredFiles, less)
	}
	if over(stored, l.Deployments.StoredBytes) {
		return coded(Limit, "the sources to keep beside the bundle have %s, the server takes %s; %s", bytesText(stored), bytesText(l.Deployments.StoredBytes), less)
	}
	if l.Deployments.BodyBytes > 0 {
		doc, err := json.Marshal(m.request)
		if err != nil {
			return fmt.Errorf("encode the request: %w", err)
		}
		if over(len(doc), l.Deployments.BodyBytes) {
			return coded(Limit, "bundle, source map and sources have %s together, the server takes %s; %s", bytesText(len(doc)), bytesText(l.Deployments.BodyBytes), less)
		}
	}
	return nil
}

// report is the size of the bundle and of its largest parts.
func (m script) report(l limits) string {
	n := len(*m.request.Bundle)
	text := fmt.Sprintf("Bundled %s: %s", m.request.Entry, bytesText(n))
	if most := l.Scripts.BundleBytes; most > 0 {
		text += fmt.Sprintf(" of the %s that the server takes", bytesText(most))
	}
	if len(m.sizes) > 0 {
		text += "\n" + parts(m.sizes)
	}
	return text
}

// shownParts is how many parts of a bundle are listed by name.
const shownParts = 10

func parts(sizes []project.Size) string {
	var lines []string
	rest := 0
	for i, s := range sizes {
		if i >= shownParts {
			rest += s.Bytes
			continue
		}
		lines = append(lines, fmt.Sprintf("  %10s  %s", bytesText(s.Bytes), cmp.Or(s.Package, "your own code")))
	}
	if n := len(sizes) - shownParts; n > 0 {
		lines = append(lines, fmt.Sprintf("  %10s  %d more", bytesText(rest), n))
	}
	return strings.Join(lines, "\n")
}

// bytesText is a size as people read it.
func bytesText(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}
