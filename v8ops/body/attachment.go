package body

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Bounds of a message's files.
const (
	MaxFiles       = 10
	MaxFileBytes   = 8 << 20 // All of a message together.
	maxFileName    = 260     // Characters.
	maxDescription = 1024    // Characters.
)

// attach decodes the files. What an edit keeps of the old ones stays in the
// body as given; the request names the new ones there itself.
func (m *Message) attach(edit bool) error {
	raw, ok := m.fields["attachments"]
	if !ok {
		return nil
	}
	var list []map[string]json.RawMessage
	if err := decode("attachments", raw, &list); err != nil {
		return err
	}
	if len(list) > MaxFiles {
		return op.Invalid("attachments", "there are %d; the limit is %d", len(list), MaxFiles)
	}
	kept := []map[string]json.RawMessage{}
	total := 0
	for i, in := range list {
		name := fmt.Sprintf("attachments[%d]", i)
		if _, old := in["id"]; old && edit {
			if err := checkKept(name, in); err != nil {
				return err
			}
			kept = append(kept, in)
			continue
		}
		f, err := readFile(name, in)
		if err != nil {
			return err
		}
		if total += len(f.Data); total > MaxFileBytes {
			return fault.New(fault.TooLarge, "Invalid input for attachments: together they are larger than %d bytes", MaxFileBytes)
		}
		m.files = append(m.files, f)
	}
	delete(m.fields, "attachments")
	if edit { // Those that are not listed go.
		m.fields["attachments"] = encode(kept)
	}
	return nil
}

// named is the list of files as a body names them.
func named(files []discord.File) []map[string]any {
	out := make([]map[string]any, len(files))
	for i, f := range files {
		out[i] = map[string]any{"id": i, "filename": f.Name}
		if f.Description != "" {
			out[i]["description"] = f.Description
		}
	}
	return out
}

func checkKept(name string, in map[string]json.RawMessage) error {
	var id snowflake.AttachmentID
	if err := json.Unmarshal(in["id"], &id); err != nil {
		return op.Invalid(name+".id", "expected the id of an attachment of the message, as a string")
	}
	return nil
}

// readFile reads {Base64: {data, filename, description}}, with either
// spelling, or the inner object alone.
func readFile(name string, in map[string]json.RawMessage) (discord.File, error) {
	for _, key := range []string{"Url", "url", "URL"} {
		if _, ok := in[key]; ok {
			return discord.File{}, fault.New(fault.NotSupported,
				"Invalid input for %s: an attachment by URL is not available in this version of Flora (it comes with fetch); give {data, filename} with data in base64", name)
		}
	}
	for _, key := range []string{"Base64", "base64"} {
		raw, ok := in[key]
		if !ok {
			continue
		}
		var inner map[string]json.RawMessage
		if err := decode(name+"."+key, raw, &inner); err != nil {
			return discord.File{}, err
		}
		return readData(name+"."+key, inner)
	}
	return readData(name, in)
}

func readData(name string, in map[string]json.RawMessage) (discord.File, error) {
	var f discord.File
	var data string
	for _, part := range []struct {
		key  string
		into *string
	}{{"data", &data}, {"filename", &f.Name}, {"description", &f.Description}} {
		if raw, ok := in[part.key]; ok && string(raw) != "null" {
			if err := decode(name+"."+part.key, raw, part.into); err != nil {
				return f, err
			}
		}
	}
	if data == "" {
		return f, op.Invalid(name, "it has no data; give {data, filename} with data in base64")
	}
	var err error
	if f.Data, err = unbase64(data); err != nil {
		return f, op.Invalid(name+".data", "it is not base64")
	}
	if f.Name == "" {
		f.Name = "attachment"
	}
	return f, checkFile(name, f)
}

// checkFile keeps names out of multipart headers and paths that would break
// them.
func checkFile(name string, f discord.File) error {
	bad := func(r rune) bool {
		return r == '/' || r == '\\' || r == '"' || r == utf8.RuneError || unicode.IsControl(r)
	}
	switch {
	case strings.ContainsFunc(f.Name, bad):
		return op.Invalid(name+".filename", "it may have no slash, quote or control character")
	case utf8.RuneCountInString(f.Name) > maxFileName:
		return op.Invalid(name+".filename", "the limit is %d characters", maxFileName)
	case utf8.RuneCountInString(f.Description) > maxDescription:
		return op.Invalid(name+".description", "the limit is %d characters", maxDescription)
	}
	return nil
}

// unbase64 takes both alphabets, padded or not.
func unbase64(s string) ([]byte, error) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "=\r\n "))
	return base64.RawStdEncoding.DecodeString(s)
}
