package project

import (
	_ "embed"
	"slices"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema of flora.json, for editors.
func Schema() []byte { return slices.Clone(schema) }
