package deploy

import "github.com/flora-runtime/flora-runtime/pkg/snowflake"

// Request asks for a new script. Bundle wins over Files, which are then only
// stored beside it.
type Request struct {
	Guild     snowflake.GuildID
	Entry     string
	Files     []File
	Bundle    *string
	SourceMap *SourceMap
	Source    string // Where from: "cli", "api" ...
	Actor     Actor
	BuildID   string
	// RollbackOf is the revision that this is again, if it is.
	RollbackOf string
	// Key, if any, is of a request that is carried out once.
	Key RequestKey
}
