// Package starter holds the sources of the bot that a guild runs before
// anything was deployed to it.
package starter

import (
	"embed"
	"io/fs"
)

// Entry is the file that the bundle starts from.
const Entry = "src/main.ts"

//go:embed src/main.ts
var files embed.FS

// Files is the bot's source tree; paths are relative to the project.
func Files() fs.FS { return files }
