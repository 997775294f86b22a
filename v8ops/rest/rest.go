// Package rest answers the ops whose rows in the table say everything: it
// reads the arguments, proves the ids, and makes the request. Nothing of the
// request comes from anywhere but the row and the arguments.
package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/body"
	"github.com/flora-runtime/flora-runtime/v8ops/endpoint"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// Op makes the op of a row.
func Op(d *outbound.Discord, e endpoint.Endpoint) (op.Op, error) {
	r := &row{Discord: d, Endpoint: e}
	for _, p := range places {
		if rest, ok := strings.CutPrefix(e.Path, p.prefix); ok {
			r.begin = p.begin
			r.rest = endpoint.Endpoint{Name: e.Name, Path: rest}.Parts()
			return op.Op{Name: e.Op(), Rule: e.Confinement(), Params: e.Params(), Handler: r.handle}, nil
		}
	}
	return op.Op{}, fmt.Errorf("%s: no place begins with %s", e.Op(), e.Path)
}

type row struct {
	*outbound.Discord
	endpoint.Endpoint
	begin func(ctx context.Context, r *row, guild snowflake.GuildID, args arguments) (outbound.Target, error)
	rest  []endpoint.Part // What follows the place's prefix.
}

// arguments are those of a call, checked: ids and texts by their names.
type arguments struct {
	text   map[string]string
	given  op.Rest
	reason string
}

func (r *row) handle(ctx context.Context, c op.Call) (any, error) {
	given, err := op.Members(c.Args)
	if err != nil {
		return nil, err
	}
	args := arguments{text: map[string]string{}, given: given}
	if err := r.read(&args); err != nil {
		return nil, err
	}
	content, err := r.fields(args)
	if err != nil {
		return nil, err
	}
	t, err := r.begin(ctx, r, c.Guild, args)
	if err != nil {
		return nil, err
	}
	if err := r.prove(ctx, c.Guild, args); err != nil {
		return nil, err
	}
	if err := r.body(ctx, c.Guild, args, &content); err != nil {
		return nil, err
	}
	t = r.below(t, args)
	if r.Gives == "" {
		return r.Tell(ctx, r.Method, t, content)
	}
	return r.Do(ctx, r.Method, t, content)
}

// read checks that all arguments are there and what the path takes.
func (r *row) read(args *arguments) error {
	for _, p := range r.Params() {
		if _, ok := args.given[p.Name]; !ok && p.Required {
			return op.Invalid(p.Name, "it is missing")
		}
	}
	for _, p := range r.Parts() {
		if p.Arg == nil || p.Arg.Name == "" {
			continue
		}
		raw, ok := args.given[p.Arg.Name]
		if !ok {
			continue
		}
		text, err := readArg(*p.Arg, raw)
		if err != nil {
			return err
		}
		args.text[p.Arg.Name] = text
	}
	if raw, ok := args.given["reason"]; ok && r.Reason {
		return op.DecodeValue("reason", raw, &args.reason)
	}
	return nil
}

// readArg is an argument as it stands in a path.
func readArg(a endpoint.Arg, raw json.RawMessage) (string, error) {
	if a.Kind == op.ID {
		return readID(a.Name, raw)
	}
	switch a.Check {
	case endpoint.Emoji:
		var e body.Emoji
		err := op.DecodeValue(a.Name, raw, &e)
		return string(e), err
	case endpoint.Number:
		n, err := readInteger(endpoint.Field{Name: a.Name, Kind: op.Integer, Min: 1, Max: 1000}, raw)
		return fmt.Sprint(n), err
	}
	var s string
	if err := op.DecodeValue(a.Name, raw, &s); err != nil {
		return "", err
	}
	if a.Check == endpoint.Code {
		return s, outbound.Code(a.Name, s)
	}
	return s, nil
}

// readID is an id of any kind; that of a guild stands for them all.
func readID(name string, raw json.RawMessage) (string, error) {
	var id snowflake.GuildID
	err := op.DecodeValue(name, raw, &id)
	return id.String(), err
}

// below adds what follows the proven place.
func (r *row) below(t outbound.Target, args arguments) outbound.Target {
	var template strings.Builder
	var values []string
	for i, p := range r.rest {
		if p.Arg == nil {
			fixed := p.Fixed
			if i+1 < len(r.rest) {
				if next := r.rest[i+1].Arg; next != nil && next.Else == "" && args.text[next.Name] == "" {
					fixed = strings.TrimSuffix(fixed, "/") // The optional part goes with its slash.
				}
			}
			template.WriteString(fixed)
			continue
		}
		text := args.text[p.Arg.Name]
		switch {
		case text != "":
			template.WriteString("{" + p.Arg.Route + "}")
			values = append(values, text)
		default:
			template.WriteString(p.Arg.Else)
		}
	}
	return t.Sub(template.String(), values...)
}

// prove is for the ids beside those of the path.
func (r *row) prove(ctx context.Context, guild snowflake.GuildID, args arguments) error {
	for _, list := range [][]endpoint.Field{r.Query, r.Fields} {
		for _, f := range list {
			raw, ok := args.given[f.Name]
			if !ok || f.Kind != op.ID || f.Rule == op.Within {
				continue
			}
			if err := body.Prove(ctx, r.Discord, guild, f.Name, f.Rule, raw); err != nil {
				return err
			}
		}
	}
	return nil
}

// body adds the argument that is the body, or the file.
func (r *row) body(ctx context.Context, guild snowflake.GuildID, args arguments, c *outbound.Content) error {
	var err error
	switch {
	case r.File != "":
		c.Form, err = body.Upload(ctx, r.Discord, guild, r.File, args.given[r.File], c.Body)
		c.Body = nil
	case r.Body == nil:
	case r.Body.Kind == op.Objects:
		var list []json.RawMessage
		if err = op.DecodeValue(r.Body.Arg, args.given[r.Body.Arg], &list); err == nil {
			c.Body, err = body.List(ctx, r.Discord, guild, list, r.Body)
		}
	default:
		in := map[string]json.RawMessage{}
		if raw, ok := args.given[r.Body.Arg]; ok {
			err = op.DecodeValue(r.Body.Arg, raw, &in)
		}
		if err == nil {
			c.Body, err = body.Payload(ctx, r.Discord, guild, in, r.Body)
		}
	}
	return err
}

// queries is what goes behind the path, and fields what goes into the body of
// arguments that have no shape of their own.
func (r *row) fields(args arguments) (outbound.Content, error) {
	c := outbound.Content{Reason: args.reason}
	for _, f := range r.Query {
		raw, ok := args.given[f.Name]
		if !ok {
			continue
		}
		text, err := queryText(f, raw)
		if err != nil {
			return c, err
		}
		if text != "" {
			if c.Query == nil {
				c.Query = url.Values{}
			}
			c.Query.Set(endpoint.Snake(f.Name), text)
		}
	}
	if len(r.Fields) == 0 {
		return c, nil
	}
	members := map[string]any{}
	for _, f := range r.Fields {
		raw, ok := args.given[f.Name]
		if !ok {
			if f.Default != nil {
				members[endpoint.Snake(f.Name)] = f.Default
			}
			continue
		}
		v, err := fieldValue(f, raw)
		if err != nil {
			return c, err
		}
		members[endpoint.Snake(f.Name)] = v
	}
	c.Body = members
	return c, nil
}
