package sdkbundle

import (
	"fmt"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/v8ops/endpoint"
)

// endpointsModule is src/endpoints.ts, which exists only in the bundle: the
// names of the ops that rest has functions for.
func endpointsModule() string {
	var b strings.Builder
	b.WriteString("export const ops: readonly string[] = [")
	for _, e := range endpoint.All() {
		fmt.Fprintf(&b, "%q,", e.Name)
	}
	b.WriteString("];\n")
	return b.String()
}

// RestTypes declares the functions of rest, made from the endpoint table.
func RestTypes() string {
	var b strings.Builder
	b.WriteString("declare namespace flora {\n  interface Rest {\n")
	for _, s := range endpoint.Sections() {
		fmt.Fprintf(&b, "    // %s.\n\n", s.Title)
		for _, e := range s.Rows {
			fmt.Fprintf(&b, "    /** %s */\n    %s(%s): Promise<%s>;\n", e.Doc, e.Function(), takes(e), gives(e))
		}
	}
	b.WriteString("  }\n}\n")
	return b.String()
}

func gives(e endpoint.Endpoint) string {
	if e.Gives == "" {
		return "void"
	}
	return e.Gives
}

// takes is the parameter of a function.
func takes(e endpoint.Endpoint) string {
	if e.Own {
		return "args: " + e.Takes
	}
	optional := "?"
	var members []string
	for _, p := range e.Params() {
		mark := "?"
		if p.Required {
			mark, optional = "", ""
		}
		members = append(members, p.Name+mark+": "+typeOf(e, p))
	}
	if len(members) == 0 {
		return "args?: {}"
	}
	return "args" + optional + ": { " + strings.Join(members, "; ") + " }"
}

func typeOf(e endpoint.Endpoint, p op.Param) string {
	switch p.Name {
	case "emoji":
		return "string | Emoji"
	case e.File:
		return "Attachment"
	}
	switch p.Kind {
	case op.ID:
		return "Id"
	case op.IDs:
		return "Id[]"
	case op.Integer:
		return "number | bigint"
	case op.Flag:
		return "boolean"
	case op.Bits:
		return "string | bigint"
	case op.Object:
		return "Record<string, any>"
	case op.Objects:
		return "Record<string, any>[]"
	default:
		return "string"
	}
}
