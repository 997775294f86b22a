// Package sdkbundle holds the TypeScript SDK and bundles it into the one
// script that isolates start from. The functions and types of rest are made
// from the table of endpoints. The bundle is made at boot and never committed.
package sdkbundle

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed src/*.ts types/*.ts
var files embed.FS

// Types is the ambient declaration file for authors: one text, made of the
// files in types and of the endpoint table.
func Types() (string, error) {
	names, err := fs.Glob(files, "types/*.d.ts")
	if err != nil {
		return "", fmt.Errorf("list the SDK's types: %w", err)
	}
	// The introduction comes first.
	const first = "types/global.d.ts"
	names = append([]string{first}, slices.DeleteFunc(names, func(n string) bool { return n == first })...)
	var out strings.Builder
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read the SDK's types: %w", err)
		}
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		out.Write(b)
	}
	out.WriteString("\n" + RestTypes())
	return out.String(), nil
}

// Declarations are the Types with the version that they belong to in the first
// line, as servers and the command line tool give them.
func Declarations(version string) (string, error) {
	types, err := Types()
	return "// The declarations of Flora " + version + ".\n" + types, err
}

// Bundle gives the SDK as one classic script.
func Bundle() (string, error) { return link(files) }
